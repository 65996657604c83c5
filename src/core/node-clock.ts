import type { Evidence } from "./evidence.ts";
import type { Gap } from "./plan.ts";
import { say } from "./sentence.ts";
import { durationText } from "./units.ts";

/** Clocks that differ by less are taken for one: readings and packets of one node are compared to within 2 s anyway. */
const ONE_CLOCK_MS = 1_000;
/** Unix milliseconds since 1973 are above this, and no duration is. */
const UNIX_MS = 1e11;

/** What an answer of a node says about its clock, milliseconds; the truth lies within the error of the estimate. */
export type ClockEstimate = { readonly offsetEstimateMs: number; readonly offsetErrorMs: number };

/** How far ahead a clock is when it is certainly not as far as was thought; undefined while it may well be. */
export function otherThan(thoughtMs: number, { offsetEstimateMs, offsetErrorMs }: ClockEstimate): number | undefined {
  const apart = Math.abs(offsetEstimateMs - thoughtMs) - offsetErrorMs;
  return apart > ONE_CLOCK_MS ? Math.round(offsetEstimateMs) : undefined;
}

/**
 * Evidence of a node whose clock is ahead, with its times as the workers' clock shows them. Unix times in evidence have
 * names that end in `Ms`; what else has such a name is a duration, and never as large.
 */
export function byOurClock<T extends Evidence>(evidence: T, aheadMs: number): T {
  return aheadMs === 0 ? evidence : (shifted(evidence, aheadMs) as T);
}

function shifted(value: unknown, aheadMs: number): unknown {
  if (Array.isArray(value)) return value.map((one) => shifted(one, aheadMs));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      typeof one === "number" && name.endsWith("Ms") && one > UNIX_MS ? one - aheadMs : shifted(one, aheadMs),
    ]),
  );
}

/** Whoever compares the report with the node's own logs has to know. */
export function clockGap(node: string, aheadMs: number): Gap {
  const values = { node, time: durationText(Math.abs(aheadMs)) };
  return {
    probe: "clock",
    subject: `node/${node}`,
    reason:
      aheadMs > 0
        ? say("the clock of {node} is {time} ahead of ours: its times were corrected by that estimate", values)
        : say("the clock of {node} is {time} behind ours: its times were corrected by that estimate", values),
  };
}
