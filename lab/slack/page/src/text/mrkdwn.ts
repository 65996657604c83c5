import { emoji } from "./emoji.ts";
import type { Inline, TextBlock } from "./nodes.ts";
import { safeUrl } from "./nodes.ts";

const styles = { "*": "bold", _: "italic", "~": "strike" } as const;

/** Slack's own markup (`*bold*`, `<@U1>`, `<https://…|label>` …) as nodes. Never fails: what is not markup is text. */
export function parseMrkdwn(source: string): TextBlock[] {
  const blocks: TextBlock[] = [];
  const fences = source.split(/```\n?([\s\S]+?)\n?```\n?/);
  for (const [index, part] of fences.entries()) {
    if (index % 2 === 1) blocks.push({ kind: "pre", text: preText(part) });
    else if (part.trim() !== "") blocks.push(...parseLines(part.replace(/\n$/, "").split("\n")));
  }
  return blocks;
}

/** Gathers lines into quotes, list-like items (which get a hanging indent) and paragraphs. */
function parseLines(lines: readonly string[]): TextBlock[] {
  const blocks: TextBlock[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length > 0) blocks.push({ kind: "paragraph", children: parseInline(paragraph.join("\n")) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const item = /^(\s*)([•◦▪-]|\d{1,2}[.)])\s+(?=\S)/.exec(line);
    if (/^(?:>|&gt;){3}/.test(line)) {
      flush();
      const rest = [line.replace(/^(?:>|&gt;){3}\s?/, ""), ...lines.slice(at + 1)];
      return [...blocks, { kind: "quote", blocks: parseLines(rest) }];
    }
    if (quoted(line)) {
      flush();
      const quote: string[] = [];
      for (; at < lines.length && quoted(lines[at] ?? ""); at++)
        quote.push((lines[at] ?? "").replace(/^(?:>|&gt;)\s?/, ""));
      at--;
      blocks.push({ kind: "quote", blocks: parseLines(quote) });
    } else if (item) {
      flush();
      const [prefix, space = "", marker = "•"] = item;
      blocks.push({
        kind: "item",
        marker,
        indent: space.length >> 1,
        children: parseInline(line.slice(prefix.length)),
      });
    } else paragraph.push(line);
  }
  flush();
  return blocks;
}

const quoted = (line: string) => /^(?:>|&gt;)/.test(line);

/** One run of text; line ends become breaks. */
function parseInline(source: string): Inline[] {
  const nodes: Inline[] = [];
  let text = "";
  let at = 0;
  const push = (node: Inline, length: number) => {
    if (text !== "") nodes.push({ kind: "text", text: unescapeText(text) });
    text = "";
    nodes.push(node);
    at += length;
  };
  while (at < source.length) {
    const found = specialAt(source, at);
    if (found) push(found.node, found.length);
    else text += source[at++];
  }
  if (text !== "") nodes.push({ kind: "text", text: unescapeText(text) });
  return nodes;
}

type Found = { readonly node: Inline; readonly length: number } | undefined;

function specialAt(source: string, at: number): Found {
  switch (source[at]) {
    case "\n":
      return { node: { kind: "break" }, length: 1 };
    case "`":
      return codeAt(source, at);
    case "<":
      return bracketAt(source, at);
    case ":":
      return emojiAt(source, at);
    case "*":
    case "_":
    case "~":
      return styledAt(source, at);
    case "h":
      return bareUrlAt(source, at);
    default:
      return undefined;
  }
}

function codeAt(source: string, at: number): Found {
  const code = /^`([^`\n]+)`/.exec(source.slice(at))?.[1];
  if (code === undefined) return undefined;
  return { node: { kind: "code", text: preText(code) }, length: code.length + 2 };
}

function emojiAt(source: string, at: number): Found {
  const code = /^:([a-z0-9_+-]+):(?!\w)/.exec(source.slice(at, at + 40))?.[1];
  if (code === undefined || !emoji.has(code) || /[\w:]/.test(source[at - 1] ?? "")) return undefined;
  return { node: { kind: "emoji", name: code }, length: code.length + 2 };
}

/** A marker opens after a space or punctuation and closes before one, on the same line, with text close to both. */
function styledAt(source: string, at: number): Found {
  const marker = source[at] as keyof typeof styles;
  if (/[\p{L}\p{N}*_~]/u.test(source[at - 1] ?? "") && !isOtherMarker(source[at - 1], marker)) return undefined;
  if (/[\s]/.test(source[at + 1] ?? " ") || source[at + 1] === marker) return undefined;
  for (let end = at + 1; end < source.length && source[end] !== "\n"; end++) {
    const skip = source[end] === "`" ? codeAt(source, end) : source[end] === "<" ? bracketAt(source, end) : undefined;
    if (skip) end += skip.length - 1;
    else if (
      source[end] === marker &&
      !/\s/.test(source[end - 1] ?? "") &&
      !/[\p{L}\p{N}]/u.test(source[end + 1] ?? "")
    ) {
      const children = parseInline(source.slice(at + 1, end));
      return { node: { kind: styles[marker], children }, length: end + 1 - at };
    }
  }
  return undefined;
}

const isOtherMarker = (char: string | undefined, marker: string) =>
  char !== undefined && char !== marker && char in styles;

function bareUrlAt(source: string, at: number): Found {
  if (/[\p{L}\p{N}]/u.test(source[at - 1] ?? "")) return undefined;
  const url = /^https?:\/\/[^\s<>|*`]+/.exec(source.slice(at))?.[0]?.replace(/[.,;:!?)\]'"]+$/, "");
  if (url === undefined || url.length < 9) return undefined;
  const plain = unescapeText(url);
  return { node: { kind: "link", url: plain, children: [{ kind: "text", text: plain }] }, length: url.length };
}

/** `<@U1|name>`, `<#C1>`, `<!here>`, `<!date^…>`, `<https://…|label>`. */
function bracketAt(source: string, at: number): Found {
  const match = /^<([^<>\n]+)>/.exec(source.slice(at));
  if (!match?.[1]) return undefined;
  const node = bracket(match[1]);
  return node ? { node, length: match[0].length } : undefined;
}

function bracket(inside: string): Inline | undefined {
  const bar = inside.indexOf("|");
  const target = bar === -1 ? inside : inside.slice(0, bar);
  const label = bar === -1 ? undefined : unescapeText(inside.slice(bar + 1));
  const named = label ? { label } : {};
  if (/^@[UW][A-Z0-9]+$/.test(target)) return { kind: "user", id: target.slice(1), ...named };
  if (/^#[CGD][A-Z0-9]+$/.test(target)) return { kind: "channel", id: target.slice(1), ...named };
  if (target.startsWith("!subteam^")) return { kind: "group", id: target.slice(9), ...named };
  if (/^!(here|channel|everyone)$/.test(target)) return { kind: "broadcast", range: target.slice(1) };
  const date = /^!date\^(\d+)\^([^^]*)(?:\^(.+))?$/.exec(target);
  if (date) {
    const [, timestamp = "0", template = "", url] = date;
    const fallback = label ?? template;
    return { kind: "date", timestamp: Number(timestamp), template, fallback, ...(url ? { url } : {}) };
  }
  const url = safeUrl(unescapeText(target));
  if (!url) return undefined;
  const children: Inline[] = label
    ? parseInline(inside.slice(bar + 1))
    : [{ kind: "text", text: url.replace(/^mailto:/, "") }];
  return { kind: "link", url, children };
}

/** Code keeps everything, but an address that Slack linked by itself is shown as it was typed. */
const preText = (text: string) =>
  unescapeText(
    text.replace(/<((?:https?|mailto):[^<>|\n]+)(?:\|([^<>\n]*))?>/g, (_, url: string, label?: string) => label ?? url),
  );

/** Slack escapes exactly three characters. */
export function unescapeText(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
