import type { CaptureWish } from "#src/core/capture.ts";
import { type CheckRequest, limits } from "#src/core/check.ts";
import type { Inventory } from "#src/core/inventory.ts";
import { type Language, type Sentence, say, type Text } from "#src/core/sentence.ts";
import { type Target, targetText } from "#src/core/target.ts";
import { durationText } from "#src/core/units.ts";
import { drawQueued } from "#src/report/answers.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { refuseStrangeCharacters } from "./grammar/characters.ts";
import { noSuchCluster, noWorker } from "./grammar/cluster.ts";
import { type Answer, type Asked, type ClusterSeen, defineCommand } from "./grammar/command.ts";
import { looksLikeDuration, parseDuration } from "./grammar/duration.ts";
import { kindWord } from "./grammar/kinds.ts";
import { parseLanguage } from "./grammar/language.ts";
import { checkNames, checkNamesAcross } from "./grammar/names.ts";
import { OPTIONS, takeOptions } from "./grammar/options.ts";
import { parseTarget } from "./grammar/target.ts";
import type { Word, Words } from "./grammar/words.ts";

/** A command line that could be read; names are not compared with any cluster yet. */
export type CheckWords = {
  readonly from: Target;
  readonly to: Target;
  readonly durationMs: number;
  /** Absent when the line names none: the channel's own is meant, or the usual one. */
  readonly cluster: string | undefined;
  /** The cluster of each end, when the line names two; `cluster` is absent then. */
  readonly across?: { readonly from: string; readonly to: string };
  /** Absent when the line names none. */
  readonly language: Language | undefined;
  /** Where the two ends stand in the line, for errors that show only later. */
  readonly at: { readonly from: Word; readonly to: Word; readonly cluster?: Word | undefined };
  readonly understood: readonly Text[];
  /** What is to be recorded; absent for a plain check. */
  readonly capture?: CaptureWish;
};

/** Reads `<from> <to> [duration] [options]`; the duration and the options may stand anywhere. */
export function parseCheck(words: Words, { maxDurationMs }: { readonly maxDurationMs: number }): CheckWords {
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
  const option = options.get("cluster");
  const [one, other] = [from.cluster, second.cluster];
  const across = option === undefined && one !== undefined && other !== undefined && one !== other;
  const named = across ? undefined : oneCluster(words, [...ends, optionCluster(option)], understood);
  return {
    language: language && parseLanguage(words, language.at, language.value),
    from: from.target,
    to: to.target,
    durationMs: duration?.ms ?? limits.defaultDurationMs,
    cluster: named?.cluster,
    ...(across && { across: { from: one, to: other } }),
    at: { from: from.at, to: to.at, cluster: named?.at },
    understood,
  };
}

/**
 * The request that a read command line makes within one cluster; `made.cluster` is where it runs when the line names no cluster. `inventory` is undefined
 * when no worker has published all names.
 */
export function toRequest(
  parsed: CheckWords,
  words: Words,
  inventory: Inventory | undefined,
  made: Made,
): CheckRequest {
  const { across, at, understood, cluster = made.cluster } = parsed;
  if (across !== undefined)
    throw badCommand(
      say("A check between two clusters is measured by the workers of both; a terminal has the credential of one."),
      { words, at: at.to, understood, hint: say("Ask for it in Slack.") },
    );
  const ends = inventory === undefined ? parsed : checkNames({ ...parsed, cluster }, words, inventory);
  return requestFor(parsed, words, { ...made, cluster, from: ends.from, to: ends.to });
}

type Made = Pick<CheckRequest, "id" | "requestedAtMs" | "cluster"> & Pick<Partial<CheckRequest>, "slack" | "language">;

function requestFor(
  { durationMs, capture, language }: CheckWords,
  { line }: Words,
  made: Made & Pick<CheckRequest, "from" | "to" | "toCluster">,
): CheckRequest {
  return { ...made, command: line, durationMs, ...(capture && { capture }), ...(language && { language }) };
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
      examples: "web-0 db-0 10m · shop/web-0 svc/shop/db:5432 · node/node-1 node/node-2 2h · web-0@edge-1 db-0@edge-2",
    }),
  ],
  parse: parseCheck,
  request: async (words, asked) => requestOf(parseCheck(words, asked), words, asked),
  run: startCheck,
});

/** Queues the check that a read command line asks for. */
export async function startCheck(parsed: CheckWords, asked: Asked, words: Words): Promise<Answer> {
  const { checks, once, wording } = asked;
  const { request, namesChecked } = await makeRequest(parsed, words, asked, { needsWorker: true });
  const { position, duplicate } = await checks.submit(request, { once });
  return {
    message: drawQueued({ request, position, duplicate, namesChecked, wording }),
    started: duplicate ?? request.id,
  };
}

/** The check that a read command line asks for, to be run later: its cluster must exist, and may be without a worker now. */
export const requestOf = (parsed: CheckWords, words: Words, asked: Asked) =>
  makeRequest(parsed, words, asked, { needsWorker: false });

/** The check that a read command line asks for, its names compared with those of its cluster where they are known. */
async function makeRequest(
  parsed: CheckWords,
  words: Words,
  asked: Asked,
  { needsWorker }: { readonly needsWorker: boolean },
) {
  const { checks, slack, newId, nowMs, language } = asked;
  const { across, at } = parsed;
  const seen = await checks.clusters();
  const refuse = (named: { readonly cluster: string; readonly at?: Word | undefined }): void =>
    refuseCluster({ ...named, parsed, words, asked, seen, needsWorker });
  // Of a cluster with more names than are published, only its worker can say that there is none of a name.
  const namesOf = async (cluster: string): Promise<Inventory | undefined> => {
    const published = await checks.readInventory(cluster);
    return published?.cut === undefined ? published : undefined;
  };
  const made = { id: newId(), requestedAtMs: nowMs, language, slack };
  if (across) {
    refuse({ cluster: across.from, at: at.from });
    refuse({ cluster: across.to, at: at.to });
    const [from, to] = await Promise.all([namesOf(across.from), namesOf(across.to)]);
    const ends = checkNamesAcross({ ...parsed, across }, words, { from, to });
    const request = requestFor(parsed, words, { ...made, ...ends, cluster: across.from, toCluster: across.to });
    return { request, namesChecked: from !== undefined && to !== undefined };
  }
  const cluster = parsed.cluster ?? (await asked.usualCluster());
  refuse({ cluster, at: at.cluster });
  const inventory = await namesOf(cluster);
  const request = toRequest(parsed, words, inventory, { ...made, cluster });
  return { request, namesChecked: inventory !== undefined };
}

/** A cluster that nobody has heard of is a misspelling, unless it is the configured one, whose first worker may still come. */
function refuseCluster({
  parsed: { understood },
  cluster,
  at,
  words,
  asked,
  seen,
  needsWorker,
}: {
  readonly parsed: CheckWords;
  readonly cluster: string;
  readonly at?: Word | undefined;
  readonly words: Words;
  readonly asked: Asked;
  readonly seen: readonly ClusterSeen[];
  readonly needsWorker: boolean;
}): void {
  const named = { cluster, words, at, understood };
  const own = seen.find(({ name }) => name === cluster);
  if (own === undefined && cluster !== asked.cluster)
    throw noSuchCluster(named, [...new Set([...seen.map(({ name }) => name), asked.cluster])]);
  if (needsWorker && (own === undefined || own.workers === 0)) throw noWorker(named, seen, asked);
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

/** The cluster that a line names, and where; every place that names one must name the same. */
function oneCluster(
  words: Words,
  named: readonly { readonly cluster?: string; readonly at?: Word }[],
  understood: readonly Text[],
): { readonly cluster: string; readonly at: Word | undefined } | undefined {
  const [first, ...others] = named.flatMap(({ cluster, at }) => (cluster === undefined ? [] : [{ cluster, at }]));
  const other = others.find(({ cluster }) => cluster !== first?.cluster);
  if (first === undefined || other === undefined) return first;
  throw badCommand(
    say("The line names two clusters, {first} and {second}.", { first: first.cluster, second: other.cluster }),
    {
      ...{ words, at: other.at, understood },
      hint: say("Write the cluster of each end behind it: {example}", { example: "web-0@edge-1 db-0@edge-2 10m" }),
    },
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
