import type { CaptureWish } from "#src/core/capture.ts";
import { type CheckRequest, limits } from "#src/core/check.ts";
import type { Inventory } from "#src/core/inventory.ts";
import { type Language, type Sentence, say, type Text } from "#src/core/sentence.ts";
import { type Target, targetText } from "#src/core/target.ts";
import { durationText } from "#src/core/units.ts";
import { drawQueued } from "#src/report/answers.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { refuseStrangeCharacters } from "./grammar/characters.ts";
import { type Answer, type Asked, defineCommand } from "./grammar/command.ts";
import { looksLikeDuration, parseDuration } from "./grammar/duration.ts";
import { kindWord } from "./grammar/kinds.ts";
import { parseLanguage } from "./grammar/language.ts";
import { checkNames } from "./grammar/names.ts";
import { OPTIONS, takeOptions } from "./grammar/options.ts";
import { parseTarget } from "./grammar/target.ts";
import type { Word, Words } from "./grammar/words.ts";

/** A command line that could be read; names are not compared with any cluster yet. */
export type CheckWords = {
  readonly from: Target;
  readonly to: Target;
  readonly durationMs: number;
  readonly cluster: string;
  /** Absent when the line names none. */
  readonly language: Language | undefined;
  /** Where the two ends stand in the line, for errors that show only later. */
  readonly at: { readonly from: Word; readonly to: Word };
  readonly understood: readonly Text[];
  /** What is to be recorded; absent for a plain check. */
  readonly capture?: CaptureWish;
};

/** Reads `<from> <to> [duration] [options]`; the duration and the options may stand anywhere. */
export function parseCheck(
  words: Words,
  { cluster, maxDurationMs }: { readonly cluster: string; readonly maxDurationMs: number },
): CheckWords {
  refuseStrangeCharacters(words);
  const { options, rest } = takeOptions(words);
  const understood: Text[] = [];
  const ends: { target: Target; at: Word; cluster?: string }[] = [];
  let duration: { ms: number; at: Word } | undefined;
  for (const at of rest) {
    if (looksLikeDuration(at.text)) {
      if (duration !== undefined)
        throw badCommand(
          say("There are two durations: {first} and {second}.", { first: duration.at.text, second: at.text }),
          {
            words,
            at,
            understood,
            nearest: [without(words.line, at), without(words.line, duration.at)],
          },
        );
      duration = { ms: parseDuration(words, at, { maxDurationMs, understood }), at };
      understood.push(say("for {duration}", { duration: durationText(duration.ms) }));
      continue;
    }
    if (ends.length === 2)
      throw badCommand(say("{word} is a third name; a check has two ends.", { word: shorten(at.text) }), {
        words,
        at,
        understood,
        nearest: [without(words.line, at)],
        hint: say("A duration is written 30s, 10m, 2h or 1h30m."),
      });
    const written = parseTarget(words, at, understood);
    ends.push({ ...written, at });
    const target = describe(written.target);
    understood.push(ends.length === 1 ? say("from {target}", { target }) : say("to {target}", { target }));
  }
  const [from, second] = ends;
  if (from === undefined || second === undefined)
    throw badCommand(from === undefined ? say("Both ends are missing.") : say("The second end is missing."), {
      words,
      understood,
      nearest: [
        from === undefined
          ? "<from> <to> 10m"
          : `${without(words.line, duration?.at)} <to> ${duration?.at.text ?? "10m"}`,
      ],
      hint: say("A check needs two ends, such as: {example}.", { example: "web-0 db-0 10m" }),
    });
  const to = { ...second, target: portOption(words, second.target, options.get("port"), understood) };
  const language = options.get("lang");
  return {
    language: language && parseLanguage(words, language.at, language.value),
    from: from.target,
    to: to.target,
    durationMs: duration?.ms ?? limits.defaultDurationMs,
    cluster: oneCluster(words, [...ends, optionCluster(options.get("cluster"))], understood) ?? cluster,
    at: { from: from.at, to: to.at },
    understood,
  };
}

/** The request that a read command line makes. `inventory` is undefined when no worker has published all names. */
export function toRequest(
  parsed: CheckWords,
  words: Words,
  inventory: Inventory | undefined,
  made: Pick<CheckRequest, "id" | "requestedAtMs"> & Pick<Partial<CheckRequest>, "slack" | "language">,
): CheckRequest {
  const { durationMs, cluster, capture, language = made.language } = parsed;
  const { from, to } = inventory === undefined ? parsed : checkNames(parsed, words, inventory);
  const asked = { ...(capture && { capture }), ...(language && { language }) };
  return { ...made, command: words.line, cluster, from, to, durationMs, ...asked };
}

export const check = defineCommand({
  name: "check",
  also: [],
  usage: "<from> <to> [duration] [options]",
  about: say("Measures the network between two points; the result comes in a thread. The word may be left out."),
  more: [
    say("Ends: {forms}; each with {port} and {cluster}.", {
      port: ":port",
      cluster: "@cluster",
      forms: "pod, ns/pod, deploy/ns/x, svc/ns/x, node/x, 10.0.0.7, [fd00::7], host.example",
    }),
    say("Duration: 30s, 10m, 2h, 1h30m; {usual} when left out.", { usual: durationText(limits.defaultDurationMs) }),
    ...Object.entries(OPTIONS).map(([name, about]) => say("Option {name}=…: {about}.", { name, about })),
    say("Examples: {examples}", {
      examples: "web-0 db-0 10m · shop/web-0 svc/shop/db:5432 · node/node-1 node/node-2 2h",
    }),
  ],
  parse: parseCheck,
  request: async (words, asked) => requestOf(parseCheck(words, asked), words, asked),
  run: startCheck,
});

/** Queues the check that a read command line asks for. */
export async function startCheck(parsed: CheckWords, asked: Asked, words: Words): Promise<Answer> {
  const { checks, once, wording } = asked;
  const { request, namesChecked } = await requestOf(parsed, words, asked);
  const { position, duplicate } = await checks.submit(request, { once });
  return {
    message: drawQueued({ request, position, duplicate, namesChecked, wording }),
    started: duplicate ?? request.id,
  };
}

/** The check that a read command line asks for, its names compared with those of its cluster where they are known. */
export async function requestOf(parsed: CheckWords, words: Words, asked: Asked) {
  const { checks, slack, newId, nowMs, language } = asked;
  const published = await checks.readInventory(parsed.cluster);
  if (published === undefined) await knownCluster(parsed, words, asked);
  // Of a cluster with more names than are published, only its worker can say that there is none of a name.
  const inventory = published?.cut === undefined ? published : undefined;
  const request = toRequest(parsed, words, inventory, { id: newId(), requestedAtMs: nowMs, language, slack });
  return { request, namesChecked: inventory !== undefined };
}

/** A cluster that never had a worker is a misspelling, unless no cluster has had one yet. */
async function knownCluster(
  { cluster, understood }: CheckWords,
  words: Words,
  {
    checks,
    cluster: usual,
  }: { readonly checks: { readonly clusters: () => Promise<readonly string[]> }; readonly cluster: string },
): Promise<void> {
  const known = await checks.clusters();
  if (cluster === usual || known.includes(cluster)) return;
  const at = words.all.find(
    ({ text }) => text.endsWith(`@${cluster}`) || text.endsWith(`cluster=${cluster}`) || text === cluster,
  );
  const names = [...new Set([...known, usual])];
  throw badCommand(say("There is no cluster {cluster}.", { cluster: shorten(cluster) }), {
    words,
    at,
    understood,
    instead: at === undefined ? [] : names.map((name) => at.text.slice(0, -cluster.length) + name),
    hint: say("Clusters: {names}.", { names: names.join(", ") }),
  });
}

function portOption(
  words: Words,
  to: Target,
  option: { readonly value: string; readonly at: Word } | undefined,
  understood: readonly Text[],
): Target {
  if (option === undefined) return to;
  const port = Number(option.value);
  if (!/^\d{1,5}$/.test(option.value) || port < 1 || port > 65_535)
    throw badCommand(say("{word} is not a port; ports are numbers from 1 to 65535.", { word: shorten(option.value) }), {
      words,
      at: option.at,
      understood,
    });
  if (to.port !== undefined && to.port !== port)
    throw badCommand(
      say("The second end has two ports: {first} and {second}.", { first: `${to.port}`, second: `${port}` }),
      {
        words,
        at: option.at,
        understood,
      },
    );
  return { ...to, port };
}

const optionCluster = (option: { readonly value: string; readonly at: Word } | undefined) =>
  option === undefined ? {} : { cluster: option.value, at: option.at };

function oneCluster(
  words: Words,
  named: readonly { readonly cluster?: string; readonly at?: Word }[],
  understood: readonly Text[],
): string | undefined {
  const [first, ...others] = named.filter(({ cluster }) => cluster !== undefined);
  const other = others.find(({ cluster }) => cluster !== first?.cluster);
  if (other === undefined) return first?.cluster;
  throw badCommand(
    say("The ends are in two clusters, {first} and {second}; a check stays within one.", {
      first: first?.cluster ?? "",
      second: other.cluster ?? "",
    }),
    { words, at: other.at, understood },
  );
}

const describe = (target: Target): Sentence =>
  say("{kind} {name}", {
    kind: kindWord(target.kind),
    name: shorten(targetText(target).replace(/^(deploy|svc|node)\//, "")),
  });

function without(line: string, at: Word | undefined): string {
  if (at === undefined) return line;
  return `${line.slice(0, at.start)}${line.slice(at.end)}`.replace(/ +/g, " ").trim();
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
