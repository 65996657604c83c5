import type { Figures, Rate } from "./figures.ts";
import type { Played } from "./played.ts";

export type Source = {
  /** "2026-11-26" */
  readonly day: string;
  /** Of netcheck, in the order of the plays; more than one where it was changed in between. */
  readonly versions: readonly string[];
  /** How many of the plays were judged again later, and by the rules of which versions. */
  readonly judged: { readonly plays: number; readonly versions: readonly string[] };
  readonly seed: number;
  readonly runs: number;
  /** Scenarios that were asked for, and plays that could not be made, with the reason of each. */
  readonly wanted: number;
  readonly unplayed: readonly string[];
  /** What the machine was that played: "2 cores, load 9". Absent where known plays were judged and nothing was played. */
  readonly machine?: string;
};

export type Others = {
  /** The same of an earlier version, for what a change did to the confidence words. */
  readonly before?: Figures | undefined;
  /** Scenarios that were written when the rules were done, each played once. */
  readonly first?: readonly Played[];
};

/** docs/accuracy.md. */
export function accuracyPage(figures: Figures, source: Source, { before, first = [] }: Others = {}): string {
  const plays = `${figures.plays} plays of ${figures.scenarios} scenarios, seed ${source.seed}`;
  return [
    "# Accuracy",
    "",
    "How often netcheck is right, and how often it cries wolf. Made by `npm run accuracy`, which anybody can repeat: it plays the scenario",
    "files of this repository on the lab (real packets through network namespaces, real kernels, stand-ins of the Kubernetes API and of",
    "Slack), each in clusters of its own making: names of nodes, pods and namespaces, the order of the nodes, the data plane and the",
    "strengths of the faults are drawn from a seed. It has not been measured on a production cluster.",
    "",
    source.machine === undefined
      ? `Judged on ${source.day}: ${plays},`
      : `Played until ${source.day}: ${plays}, ${source.machine},`,
    `${source.versions.length === 1 ? "version" : "versions"} ${source.versions.join(", ")}.`,
    ...(source.judged.plays > 0
      ? [
          `What was measured in ${source.judged.plays} of them was judged again by the rules of version ${source.judged.versions.join(", ")}, from the checks that were kept.`,
        ]
      : []),
    ...(figures.plays < source.wanted * source.runs
      ? [
          `${source.runs} plays of each of ${source.wanted} scenarios were asked for: this is a part of it${source.unplayed.length > 0 ? `, and ${source.unplayed.length} could not be played` : ""}.`,
        ]
      : []),
    "",
    "## In short",
    "",
    "| what | share | of | 95 % interval |",
    "|---|---:|---:|---:|",
    row("a right cause stands first", figures.first),
    row("… among the first three", figures.firstThree),
    row("… at the right place", figures.placed),
    row("all of several causes are named, each at its place", figures.all),
    row("another cause is named beside the right one", figures.beside),
    row("a cause is named on a healthy cluster", figures.alarms.healthy),
    row("… on one whose CPUs others keep busy", figures.alarms.busy),
    row("… where something is odd but harmless, or beside the path", figures.alarms.twin),
    row("false alarms in all", figures.alarms.total),
    "",
    ...(figures.firstFindingS && figures.reportS
      ? [
          `The first finding stands in the thread ${seconds(figures.firstFindingS.p50)} after the command (median; nine in ten within ${seconds(figures.firstFindingS.p90)}), the whole`,
          `thread ${seconds(figures.reportS.p50)} after the end of the asked time (${seconds(figures.reportS.p90)}), on a machine that plays several at once.`,
          "",
        ]
      : []),
    "## What the words are worth",
    "",
    "Of the causes that were named with a word: how many were the right cause at the right place.",
    "",
    `| word | right | of | 95 % interval |${before ? " before |" : ""}`,
    `|---|---:|---:|---:|${before ? "---:|" : ""}`,
    ...(["certain", "likely", "possible"] as const).map(
      (word) =>
        row(word, figures.words[word]) +
        (before ? ` ${percent(before.words[word])} of ${before.words[word].of} |` : ""),
    ),
    "",
    ...firstTries(first),
    "## Cause by cause",
    "",
    "| cause | plays | first | first three | place | instead |",
    "|---|---:|---:|---:|---:|---|",
    ...figures.causes.map(
      ({ cause, plays, first, firstThree, placed, instead }) =>
        `| \`${cause}\` | ${plays} | ${first} | ${firstThree} | ${placed} | ${instead.map(([name, count]) => `${name} (${count})`).join(", ")} |`,
    ),
    "",
    "A play with two causes counts for both; only the one that should lead can stand first.",
    "",
    "## Misses",
    "",
    ...(figures.misses.length === 0 ? ["None."] : figures.misses.map(missLine)),
    ...(source.unplayed.length > 0
      ? ["", "Could not be played:", "", ...source.unplayed.map((line) => `* ${line}`)]
      : []),
    "",
  ].join("\n");
}

/** Files that no rule was ever tried on. What missed stays here, whatever the rules have learnt from it. */
function firstTries(plays: readonly Played[]): readonly string[] {
  if (plays.length === 0) return [];
  const right = plays.filter(({ pass }) => pass).length;
  const versions = [...new Set(plays.map(({ version }) => version))].join(", ");
  return [
    "## At the first try",
    "",
    `${plays.length} scenarios of free invention were written when the rules of version ${versions} were done, and each was played once, as written:`,
    `${right} of ${plays.length} came out as expected. What did not stays here, whatever later rules make of it.`,
    "",
    "| scenario | expected | named | as expected |",
    "|---|---|---|---|",
    ...plays.map(
      ({ scenario, expected, named, pass, wrong }) =>
        `| \`${scenario}\` | ${causesText(expected)} | ${causesText(named)} | ${pass ? "yes" : `no: ${wrong.join("; ")}`} |`,
    ),
    "",
  ];
}

const causesText = (causes: readonly { readonly cause: string; readonly where?: string | undefined }[]): string =>
  causes.length === 0
    ? "no cause"
    : causes.map(({ cause, where }) => (where === undefined ? cause : `${cause} at ${where}`)).join(", ");

function row(what: string, rate: Rate): string {
  return `| ${what} | ${percent(rate)} | ${rate.of} | ${rate.of === 0 ? "" : `${share(rate.low)}–${share(rate.high)}`} |`;
}

const percent = ({ hits, of }: Rate): string => (of === 0 ? "–" : share(hits / of));
const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
const seconds = (value: number): string => `${value.toFixed(1)} s`;

function missLine({ scenario, seed, wrong, verdict }: Played): string {
  return `* \`${scenario}\`, seed ${seed}: ${wrong.join("; ")}. It said: ${verdict.replaceAll("\n", " ")}`;
}

/** One line for people in a hurry, and for the README. */
export function summaryOf({ first, placed, all, alarms, words }: Figures): string {
  const part = (what: string, rate: Rate): string => `${what} ${percent(rate)} of ${rate.of}`;
  return [
    part("right cause first", first),
    part("right place", placed),
    part("all of several", all),
    part("false alarms", alarms.total),
    part('"certain" is right', words.certain),
  ].join(", ");
}
