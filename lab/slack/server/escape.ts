import type { Block, Json } from "../protocol.ts";
import type { World } from "./world.ts";

/** Top-level domains by which Slack takes a bare name for a link; `shop` and `app` are namespaces of many clusters. */
const LINKED_TLDS = "com|net|org|io|dev|app|cloud|shop|info|co|me";
const HOST = `(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+(?:${LINKED_TLDS})`;
const IPV4 = "\\d{1,3}(?:\\.\\d{1,3}){3}";
const TOKENS = new RegExp(
  [
    "(?<url>https?://[^\\s<>|]*[^\\s<>|.,;:!?)'\"])",
    `(?<bare>(?<![\\w@/.:-])(?:${HOST}|${IPV4})(?::\\d+)?(?:/[^\\s<>|]*)?(?![\\w.-]))`,
    "(?<at>(?<![\\w.])@[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)",
    "(?<hash>(?<!\\w)#[a-z0-9_-]+)",
  ].join("|"),
  "gi",
);

const escapeControl = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function mention(world: World, name: string, withName: boolean): string | undefined {
  if (["here", "channel", "everyone"].includes(name)) return `<!${name}>`;
  const user = [...world.users.values()].find((one) => one.name === name);
  if (user) return withName ? `<@${user.id}|${user.name}>` : `<@${user.id}>`;
  const group = [...world.userGroups.values()].find(({ handle }) => handle === name);
  return group && `<!subteam^${group.id}|@${group.handle}>`;
}

/**
 * What the Slack client makes of typed text: people, groups, channels and links in angle brackets, and & < > escaped.
 * `withName` adds the readable name to a mention, as commands with should_escape get it.
 * Text that is written in brackets already, such as `<@U0BOB>`, is kept.
 */
export function escapeTyped(world: World, text: string, { withName }: { withName: boolean }): string {
  return text
    .split(/(<[@#!][^<>\s]+>|<https?:[^<>\s]+>)/)
    .map((part, index) => (index % 2 === 1 ? part : escapePlain(world, part, withName)))
    .join("");
}

function escapePlain(world: World, text: string, withName: boolean): string {
  let done = 0;
  let out = "";
  for (const match of text.matchAll(TOKENS)) {
    const [whole] = match;
    const { url, bare, at, hash } = match.groups ?? {};
    const channel = hash && [...world.channels.values()].find(({ name, is_im }) => !is_im && name === hash.slice(1));
    const token = url
      ? `<${escapeControl(url)}>`
      : bare
        ? `<http://${escapeControl(bare)}|${escapeControl(bare)}>`
        : at
          ? mention(world, at.slice(1).toLowerCase(), withName)
          : channel && `<#${channel.id}|${channel.name}>`;
    out += escapeControl(text.slice(done, match.index)) + (token || escapeControl(whole));
    done = match.index + whole.length;
  }
  return out + escapeControl(text.slice(done));
}

const unescaped = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function inlineOf(token: string): Json {
  const [head = "", label] = token.slice(1, -1).split("|");
  if (head.startsWith("@")) return { type: "user", user_id: head.slice(1) };
  if (head.startsWith("#")) return { type: "channel", channel_id: head.slice(1) };
  if (head.startsWith("!subteam^")) return { type: "usergroup", usergroup_id: head.slice(9) };
  if (head.startsWith("!")) return { type: "broadcast", range: head.slice(1) };
  return { type: "link", url: unescaped(head), ...(label && { text: unescaped(label) }) };
}

/** The rich_text block that the Slack client sends along with typed text. */
export function richTextOf(escaped: string): Block {
  const elements = escaped
    .split(/(<[^<>]+>)/)
    .filter((part) => part !== "")
    .map((part) => (/^<[^<>]+>$/.test(part) ? inlineOf(part) : { type: "text", text: unescaped(part) }));
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements }] };
}
