import { z } from "zod";
import { say, type Text } from "#src/core/sentence.ts";
import { type Target, targetText } from "#src/core/target.ts";
import { badCommand } from "./bad-command.ts";
import type { Word, Words } from "./words.ts";

/** The kinds that are written in front, with kubectl's other names for them. */
const KINDS: Readonly<Record<string, "pod" | "deployment" | "service" | "node">> = {
  pod: "pod",
  pods: "pod",
  po: "pod",
  deploy: "deployment",
  deployment: "deployment",
  deployments: "deployment",
  svc: "service",
  service: "service",
  services: "service",
  node: "node",
  nodes: "node",
  no: "node",
};

/** DNS-1123 subdomain and label, as Kubernetes checks names (RFC 1123 §2.1). */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const MAX_NAME = 253;
const MAX_LABEL = 63;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

/** One end of a check as it was written; `cluster` is what stood behind `@`. */
export type WrittenTarget = { readonly target: Target; readonly cluster?: string };

/** Reads one word as a target. `understood` is what the words before it meant. */
export function parseTarget(words: Words, at: Word, understood: readonly Text[]): WrittenTarget {
  const refuse: Refuse = (problem, more = {}) => badCommand(problem, { words, at, understood, ...more });
  const { text } = at;
  if (text.startsWith("@"))
    throw refuse(say("{word} is a person or a group in Slack, not a target.", { word: text }), {
      hint: say("Write the name of a pod, service or node."),
    });
  if (text.startsWith("#"))
    throw refuse(say("{word} is a channel in Slack, not a target.", { word: text }), {
      hint: say("Write the name of a pod, service or node."),
    });
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)/.exec(text);
  if (url) {
    const [, scheme = "", host = ""] = url;
    const port = /:\d+$/.test(host) ? "" : (DEFAULT_PORTS[scheme] ?? "");
    throw refuse(say("{word} is a URL; a target is a host and a port.", { word: shorten(text) }), {
      instead: host === "" ? [] : [host + port],
    });
  }
  const split = text.lastIndexOf("@");
  const cluster = split < 0 ? undefined : text.slice(split + 1);
  if (cluster === "") throw refuse(say("The cluster's name is missing behind @."), { instead: [text.slice(0, split)] });
  const written = split < 0 ? text : text.slice(0, split);
  if (written.includes("@"))
    throw refuse(say("{word} holds more than one @.", { word: shorten(text) }), {
      instead: [written.replaceAll("@", "")],
    });
  const target = parseAddress(written, refuse) ?? parseNamed(written, refuse);
  return cluster === undefined ? { target } : { target, cluster };
}

type Refuse = (problem: Text, more?: { instead?: readonly string[]; hint?: Text }) => Error;

function parseAddress(text: string, refuse: Refuse): Target | undefined {
  if (text.startsWith("[")) {
    const [, ip = "", rest = ""] = /^\[([^\]]*)\](.*)$/.exec(text) ?? [];
    if (!z.ipv6().safeParse(ip).success || (rest !== "" && !rest.startsWith(":")))
      throw refuse(say("{word} is not an IPv6 address in brackets.", { word: shorten(text) }), {
        hint: say("Write {one} or {other}.", { one: "[fd00::12]", other: "[fd00::12]:443" }),
      });
    return withPort({ kind: "address", ip }, rest === "" ? undefined : rest.slice(1), refuse);
  }
  if (z.ipv6().safeParse(text).success)
    throw refuse(say("An IPv6 address needs brackets, because of the port behind it."), { instead: [`[${text}]`] });
  const [, digits = "", rest = ""] = /^([\d.]+)(.*)$/.exec(text) ?? [];
  if (!digits.includes(".") || (rest !== "" && !/^[:/]/.test(rest))) return undefined;
  if (rest.startsWith("/"))
    throw refuse(say("{word} is a network; a check needs one address.", { word: text }), { instead: [digits] });
  if (!z.ipv4().safeParse(digits).success)
    throw refuse(say("{word} is not an IPv4 address.", { word: shorten(digits) }), {
      hint: say("Write four numbers from 0 to 255, such as {example}.", { example: "10.0.0.7" }),
    });
  return withPort({ kind: "address", ip: digits }, rest === "" ? undefined : rest.slice(1), refuse);
}

function parseNamed(text: string, refuse: Refuse): Target {
  const [, typed = "", after = ""] = /^([a-z]+):(.*)$/.exec(text) ?? [];
  if (Object.hasOwn(KINDS, typed) && !/^\d*$/.test(after))
    throw refuse(say("A kind is followed by {right}, not by {wrong}.", { right: "“/”", wrong: "“:”" }), {
      instead: [`${typed}/${after}`],
    });
  const colon = text.indexOf(":");
  const path = colon < 0 ? text : text.slice(0, colon);
  const port = colon < 0 ? undefined : text.slice(colon + 1);
  const parts = path.split("/");
  const first = parts[0] ?? "";
  const kind = parts.length > 1 && Object.hasOwn(KINDS, first) ? KINDS[first] : undefined;
  const rest = kind === undefined ? parts : parts.slice(1);
  const max = kind === "node" ? 1 : 2;
  if (parts.length === 3 && kind === undefined && parts[1] !== undefined && Object.hasOwn(KINDS, parts[1]))
    throw refuse(say("The kind comes first."), {
      instead: [`${parts[1]}/${first}/${parts[2]}${port === undefined ? "" : `:${port}`}`],
    });
  if (rest.includes("") || rest.length > max)
    throw refuse(say("{word} is not a target.", { word: shorten(text) }), {
      instead: [[...(kind ? [first] : []), ...rest.filter((part) => part !== "").slice(-max)].join("/")],
      hint: say("Targets: {forms}, each with {port}.", {
        port: ":port",
        forms: "pod, ns/pod, deploy/ns/x, svc/ns/x, node/x, 10.0.0.7, host.example",
      }),
    });
  const name = rest.at(-1) ?? "";
  const namespace = rest.length === 2 ? rest[0] : undefined;
  if (namespace !== undefined) checkName(namespace, "namespace", refuse);
  checkName(name, "name", refuse);
  const inside = namespace === undefined ? { name } : { namespace, name };
  if (kind === undefined && namespace === undefined && name.includes("."))
    return withPort({ kind: "host", name }, port, refuse);
  if (kind === "node") return withPort({ kind, name }, port, refuse);
  return withPort({ kind: kind ?? "pod", ...inside }, port, refuse);
}

function checkName(name: string, what: "namespace" | "name", refuse: Refuse): void {
  const [pattern, max] = what === "namespace" ? [LABEL, MAX_LABEL] : [NAME, MAX_NAME];
  if (name.length > max) {
    const sizes = { length: name.length, most: max };
    throw refuse(
      what === "namespace"
        ? say("This namespace has {length} characters; the longest has {most}.", sizes)
        : say("This name has {length} characters; the longest has {most}.", sizes),
    );
  }
  if (pattern.test(name)) return;
  const repaired = name.replace(/[^a-z0-9.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  throw refuse(say("{word} cannot be the name of anything in Kubernetes.", { word: shorten(name) }), {
    instead: pattern.test(repaired) ? [repaired] : [],
    hint: say("Names hold a–z, 0–9, “-” and “.”, and begin and end with a letter or digit."),
  });
}

function withPort(target: Target, port: string | undefined, refuse: Refuse): Target {
  if (port === undefined) return target;
  const number = Number(port);
  if (/^\d{1,5}$/.test(port) && number >= 1 && number <= 65_535) return { ...target, port: number };
  throw refuse(
    port === ""
      ? say("The port is missing behind {colon}.", { colon: "“:”" })
      : say("{word} is not a port; ports are numbers from 1 to 65535.", { word: shorten(port) }),
    { instead: [targetText(target)] },
  );
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
