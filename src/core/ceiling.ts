import type { Gains } from "./gains.ts";

/** A NIC's throughput one way over the check, as far as it tells of a limit. Mbit/s. */
export type Ceiling = {
  readonly mbit: number;
  readonly way: "in" | "out";
  /** Most of the bad intervals lie close below the highest one, and none of the good ones above it. */
  readonly flat: boolean;
  /** Intervals in which packets waited. */
  readonly intervals: number;
  /** The most that it carried in an interval in which nothing waited, if that was far less. */
  readonly belowMbit?: number;
};

/** Shorter intervals are too coarse a measure of a rate. */
const MIN_STEP_MS = 2_500;
/** How far below the highest interval one still is at the ceiling: windows of senders breathe. */
const CLOSE = 0.85;
/** An interval that is this far below it cannot fill a queue. */
const FAR_BELOW = 0.6;
/** The part of an interval's seconds that have to be bad. */
const MOST_SECONDS = 0.6;

/** Throughput of one way in intervals in which packets waited, against the others. */
export function ceilingOf({ steps }: Gains, way: Ceiling["way"], badSeconds: ReadonlySet<number>): Ceiling | undefined {
  const counter = way === "in" ? "rx_bytes" : "tx_bytes";
  const rates = steps
    .filter(({ fromMs, toMs }) => toMs - fromMs >= MIN_STEP_MS)
    .map(({ fromMs, toMs, gained }) => {
      let bad = 0;
      let all = 0;
      for (let second = Math.floor(fromMs / 1_000); second < Math.floor(toMs / 1_000); second++) {
        all++;
        if (badSeconds.has(second)) bad++;
      }
      return { mbit: ((gained[counter] ?? 0) * 8) / 1_000 / (toMs - fromMs), bad, all };
    });
  const full = rates.filter(({ bad, all }) => bad >= MOST_SECONDS * all).map(({ mbit }) => mbit);
  const free = rates.filter(({ bad }) => bad === 0).map(({ mbit }) => mbit);
  if (full.length === 0) return undefined;
  const mbit = Math.max(...full);
  const close = full.filter((one) => one >= CLOSE * mbit).length;
  const freeMost = free.length > 0 ? Math.max(...free) : undefined;
  const flat = full.length >= 2 && close * 3 >= full.length * 2 && (freeMost === undefined || freeMost * CLOSE <= mbit);
  const relieved = freeMost !== undefined && freeMost <= FAR_BELOW * mbit && Math.min(...full) > freeMost;
  return { mbit, way, flat, intervals: full.length, ...(relieved ? { belowMbit: freeMost } : {}) };
}
