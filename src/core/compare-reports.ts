import { type Place, placeText } from "./place.ts";
import type { Cause, Report } from "./report.ts";
import { wilson } from "./stats.ts";

type Measurement = Report["measurements"][number];

/** How one leg did before and after. Only what changed beyond chance is set. */
export type LegChange = {
  readonly probe: string;
  readonly from: string;
  readonly to: string;
  readonly before: Measurement;
  readonly after: Measurement;
  readonly loss?: Change;
  readonly p50?: Change;
  readonly p99?: Change;
  readonly largest?: Change;
};
export type Change = "worse" | "better";

export type Comparison = {
  readonly before: Report;
  readonly after: Report;
  /** False when the two are about different paths: then only what both have is compared. */
  readonly samePath: boolean;
  /** Legs that changed, the greatest change first. */
  readonly worse: readonly LegChange[];
  readonly better: readonly LegChange[];
  /** Legs that both have and that did not change. */
  readonly same: number;
  /** Legs that only one of them has. */
  readonly onlyBefore: number;
  readonly onlyAfter: number;
  readonly causes: {
    readonly came: readonly Cause[];
    readonly went: readonly Cause[];
    readonly stayed: readonly Cause[];
  };
  readonly gaps: { readonly came: readonly Gap[]; readonly went: readonly Gap[] };
};
type Gap = Report["gaps"][number];

/**
 * Two intervals of 99 % that do not meet happen by chance to one leg in several thousand, which leaves the thirty legs of a check
 * below one false alarm in a hundred comparisons.
 */
const Z99 = 2.575829;
/** Shares of loss that differ by less are the same to whoever uses the path, however many packets prove them. */
const LOSS_STEP = 0.000_5;
/** Round trips differ from hour to hour; these factors and differences do not come by themselves between two hours of one path. */
const P50 = { factor: 2, stepMs: 0.5, least: 20 } as const;
const P99 = { factor: 2, stepMs: 2, least: 200 } as const;

type Counted = { readonly sent: number; readonly lost: number };

/** Whether loss changed beyond chance and by enough to matter. */
export function lossChange(before: Counted, after: Counted): Change | undefined {
  if (before.sent === 0 || after.sent === 0) return undefined;
  const [a, b] = [wilson(before.lost, before.sent, Z99), wilson(after.lost, after.sent, Z99)];
  if (Math.abs(a.share - b.share) < LOSS_STEP) return undefined;
  if (b.low > a.high) return "worse";
  return b.high < a.low ? "better" : undefined;
}

/** Whether the usual or the slow round trips changed, milliseconds; `of` is how many there were, on the side that has fewer. */
export function lateChange(
  quantile: "p50" | "p99",
  beforeMs: number | undefined,
  afterMs: number | undefined,
  of: number,
): Change | undefined {
  if (beforeMs === undefined || afterMs === undefined) return undefined;
  const { factor, stepMs, least } = quantile === "p50" ? P50 : P99;
  if (of < least) return undefined;
  const differs = (low: number, high: number): boolean => high >= factor * low && high - low >= stepMs;
  if (differs(beforeMs, afterMs)) return "worse";
  return differs(afterMs, beforeMs) ? "better" : undefined;
}

/** What changed from an earlier report to a later one. */
export function compareReports(before: Report, after: Report): Comparison {
  const earlier = new Map(before.measurements.map((one) => [legKey(one), one]));
  const pairs = after.measurements.flatMap((one) => {
    const other = earlier.get(legKey(one));
    return other === undefined ? [] : [legChange(other, one)];
  });
  const worse = pairs.filter((one) => changes(one).includes("worse"));
  const better = pairs.filter((one) => !worse.includes(one) && changes(one).includes("better"));
  return {
    before,
    after,
    samePath: before.from === after.from && before.to === after.to && before.cluster === after.cluster,
    worse: worse.toSorted((a, b) => weight(b) - weight(a)),
    better: better.toSorted((a, b) => weight(b) - weight(a)),
    same: pairs.length - worse.length - better.length,
    onlyBefore: before.measurements.length - pairs.length,
    onlyAfter: after.measurements.length - pairs.length,
    causes: comings(before.causes, after.causes, causeKey),
    gaps: comings(before.gaps, after.gaps, ({ probe, subject }) => `${probe} ${subject}`),
  };
}

const legKey = ({ probe, from, to, part }: Measurement): string => `${probe} ${part} ${from}>${to}`;
const causeKey = ({ cause, where }: { readonly cause: string; readonly where: Place }): string =>
  `${cause} ${placeText(where)}`;
const changes = ({ loss, p50, p99, largest }: LegChange): readonly (Change | undefined)[] => [loss, p50, p99, largest];

function legChange(before: Measurement, after: Measurement): LegChange {
  const answered = Math.min(before.sent - before.lost, after.sent - after.lost);
  // What is lost of a sweep over packet sizes tells the size that passes, not loss; routers need not answer a trace.
  const counted = before.path === undefined && before.largestBytes === undefined;
  const loss = counted ? lossChange(before, after) : undefined;
  const p50 = counted ? lateChange("p50", before.rttMs?.p50, after.rttMs?.p50, answered) : undefined;
  const p99 = counted ? lateChange("p99", before.rttMs?.p99, after.rttMs?.p99, answered) : undefined;
  const largest = sizeChange(before.largestBytes, after.largestBytes);
  return {
    ...{ probe: after.probe, from: after.from, to: after.to, before, after },
    ...(loss && { loss }),
    ...(p50 && { p50 }),
    ...(p99 && { p99 }),
    ...(largest && { largest }),
  };
}

function sizeChange(before: number | undefined, after: number | undefined): Change | undefined {
  if (before === undefined || after === undefined || before === after) return undefined;
  return after < before ? "worse" : "better";
}

/** Loss counts before lateness; the asked path before what it is made of. */
function weight({ before, after, loss, p99 }: LegChange): number {
  const share = (one: Measurement): number => (one.sent === 0 ? 0 : one.lost / one.sent);
  const lossPart = loss === undefined ? 0 : 1_000 + 1_000 * Math.abs(share(after) - share(before));
  const latePart = p99 === undefined ? 0 : Math.min(500, Math.abs((after.rttMs?.p99 ?? 0) - (before.rttMs?.p99 ?? 0)));
  return (after.part === "end-to-end" ? 5_000 : 0) + lossPart + latePart;
}

function comings<T>(before: readonly T[], after: readonly T[], keyOf: (one: T) => string) {
  const [earlier, later] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  return {
    came: after.filter((one) => !earlier.has(keyOf(one))),
    went: before.filter((one) => !later.has(keyOf(one))),
    stayed: after.filter((one) => earlier.has(keyOf(one))),
  };
}
