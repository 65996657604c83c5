import { type Share, wilson } from "#src/core/stats.ts";
import { type Kind, kinds, type Played } from "./played.ts";

/** `hits` of `of`, with the 95 % interval of the share. */
export type Rate = Share & { readonly hits: number; readonly of: number };

/** How one expected cause fared. */
export type CauseRow = {
  readonly cause: string;
  readonly plays: number;
  readonly first: number;
  readonly firstThree: number;
  readonly placed: number;
  /** What stood first instead, most often first; "no cause" where nothing was named. */
  readonly instead: readonly (readonly [string, number])[];
};

export type Figures = {
  readonly plays: number;
  readonly scenarios: number;
  /** Of the plays with causes to name: one of them stands first; stands among the first three; stands there at its place. */
  readonly first: Rate;
  readonly firstThree: Rate;
  readonly placed: Rate;
  /** Of the plays with several causes: all are named, each at its place. */
  readonly all: Rate;
  /** Plays with causes to name in which another cause was named beside them. */
  readonly beside: Rate;
  /** Plays without anything to name in which a cause was named, by kind and in all. */
  readonly alarms: Readonly<Record<"healthy" | "busy" | "twin" | "total", Rate>>;
  /** Of the causes that were named with a word: right, and at the right place. */
  readonly words: Readonly<Record<Played["named"][number]["confidence"], Rate>>;
  readonly causes: readonly CauseRow[];
  /** Seconds: median and nine in ten. */
  readonly firstFindingS: Quantiles | undefined;
  readonly reportS: Quantiles | undefined;
  readonly misses: readonly Played[];
};
type Quantiles = { readonly p50: number; readonly p90: number };

export function figuresOf(plays: readonly Played[]): Figures {
  const rate = (all: readonly Played[], hit: (one: Played) => boolean): Rate =>
    rateOf(all.filter(hit).length, all.length);
  const of = (...wanted: readonly Kind[]): readonly Played[] => plays.filter(({ kind }) => wanted.includes(kind));
  const faulty = of("one", "several");
  const alarm = (...wanted: readonly Kind[]): Rate => rate(of(...wanted), ({ named }) => named.length > 0);
  const word = (confidence: Played["named"][number]["confidence"]): Rate => {
    const said = plays.flatMap(({ named }) => named).filter((one) => one.confidence === confidence);
    return rateOf(said.filter(({ placed }) => placed).length, said.length);
  };
  return {
    plays: plays.length,
    scenarios: new Set(plays.map(({ scenario }) => scenario)).size,
    first: rate(faulty, firstIsRight),
    firstThree: rate(faulty, ({ named }) => named.slice(0, 3).some(({ right }) => right)),
    placed: rate(faulty, ({ named }) => named.slice(0, 3).some(({ placed }) => placed)),
    all: rate(of("several"), ({ expected, named }) =>
      expected.every(({ cause }) => named.some((one) => one.cause === cause && one.placed)),
    ),
    beside: rate(faulty, ({ named }) => named.some(({ right }) => !right)),
    alarms: {
      healthy: alarm("healthy"),
      busy: alarm("busy"),
      twin: alarm("twin"),
      total: alarm("healthy", "busy", "twin"),
    },
    words: { certain: word("certain"), likely: word("likely"), possible: word("possible") },
    causes: causeRows(faulty),
    firstFindingS: quantiles(faulty.flatMap(({ firstFindingS }) => firstFindingS ?? [])),
    reportS: quantiles(plays.map(({ reportS }) => reportS)),
    misses: plays.filter(({ pass }) => !pass).toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind)),
  };
}

const firstIsRight = ({ named }: Played): boolean => named[0]?.right === true;

function rateOf(hits: number, of: number): Rate {
  return { hits, of, ...wilson(hits, of) };
}

/** A play of several causes counts for each of them as far as that one is named; "first" only for the one that leads. */
function causeRows(faulty: readonly Played[]): readonly CauseRow[] {
  const names = [...new Set(faulty.flatMap(({ expected }) => expected.map(({ cause }) => cause)))].toSorted();
  return names.map((cause) => {
    const led = faulty.filter(({ expected }) => expected[0]?.cause === cause);
    const plays = faulty.filter(({ expected }) => expected.some((one) => one.cause === cause));
    const instead = new Map<string, number>();
    for (const { named } of led.filter((one) => !firstIsRight(one))) {
      const other = named[0]?.cause ?? "no cause";
      instead.set(other, (instead.get(other) ?? 0) + 1);
    }
    const within = plays.filter(({ named }) => named.slice(0, 3).some((one) => one.cause === cause));
    return {
      cause,
      plays: plays.length,
      first: led.filter(firstIsRight).length,
      firstThree: within.length,
      placed: within.filter(({ named }) => named.some((one) => one.cause === cause && one.placed)).length,
      instead: [...instead].toSorted((a, b) => b[1] - a[1]),
    };
  });
}

function quantiles(values: readonly number[]): Quantiles | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number | undefined => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
  const [p50, p90] = [at(0.5), at(0.9)];
  return p50 === undefined || p90 === undefined ? undefined : { p50, p90 };
}
