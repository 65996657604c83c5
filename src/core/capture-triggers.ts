import { z } from "zod";
import { type Sentence, say } from "./sentence.ts";

/** What makes a stretch of time worth keeping. Kernel events are told of by the node itself, and not by packets. */
export const triggerKindSchema = z.enum([
  "lost",
  "retransmissions",
  "resets",
  "handshakes",
  "dns-failures",
  "kernel-event",
]);
export type TriggerKind = z.infer<typeof triggerKindSchema>;

export const triggerNames: Readonly<Record<TriggerKind, Sentence>> = {
  lost: say("lost packets"),
  retransmissions: say("retransmissions"),
  resets: say("resets"),
  handshakes: say("failed handshakes"),
  "dns-failures": say("failed DNS queries"),
  "kernel-event": say("a kernel event"),
};

const count = z.number().int().nonnegative();

/** Seconds in which something happened much more often than is usual for the capture. */
export const triggerSchema = z.object({
  kind: triggerKindSchema,
  /** Label of the tap that saw it; for `lost` the last one that saw the packets. */
  tap: z.string(),
  /** First and last second, and the worst one: Unix seconds by our clock. */
  fromS: z.number().int(),
  toS: z.number().int(),
  worstS: z.number().int(),
  count,
  /** How often it usually happens in as many seconds. */
  usual: z.number(),
});
export type Trigger = z.infer<typeof triggerSchema>;

/** What was counted at a tap, by second; seconds with nothing are left out. */
export type SecondCounts = {
  readonly kind: TriggerKind;
  readonly tap: string;
  readonly counts: readonly (readonly [second: number, count: number])[];
};

/** Below this a second is nothing special, however quiet the others are. A packet that is known to be lost always is. */
const LEAST: Readonly<Record<TriggerKind, number>> = {
  lost: 1,
  retransmissions: 5,
  resets: 5,
  handshakes: 3,
  "dns-failures": 3,
  "kernel-event": 1,
};
/** The worst seconds do not say what is usual. */
const UNUSUAL_SHARE = 0.05;
/** What comes by chance at a steady rate stays below its mean and six of its deviations (Poisson) for months. */
const DEVIATIONS = 6;
const MOST = 200;

/**
 * Storms in what was counted within `seconds` seconds, by time. A second is one when it has more than the mean of the usual
 * ones and six times the square root of it: a steady trickle is none. Where even the usual is much, the worst second alone is
 * told of. Seconds that follow each other are one trigger; of each kind and tap the 200 worst.
 */
export function triggersOf(counted: readonly SecondCounts[], seconds: number): readonly Trigger[] {
  return counted
    .flatMap(({ kind, tap, counts }) => {
      const usual = usualOf(counts, seconds);
      const most = Math.max(LEAST[kind], usual + DEVIATIONS * Math.sqrt(usual));
      const storms = counts.filter(([, count]) => count >= most);
      const worst = counts.toSorted(([, one], [, other]) => other - one).slice(0, usual >= LEAST[kind] ? 1 : 0);
      return joined(storms.length > 0 ? storms : worst)
        .toSorted((one, other) => other.count - one.count)
        .slice(0, MOST)
        .map((one) => ({ kind, tap, ...one, usual: usual * (one.toS - one.fromS + 1) }));
    })
    .toSorted((one, other) => one.fromS - other.fromS);
}

/** Whether it is more than the worst of what is usual; one packet that is known to be lost is. */
export const standsOut = ({ kind, count, usual }: Trigger): boolean =>
  kind === "lost" || count >= usual + DEVIATIONS * Math.sqrt(usual);

/** Mean of all seconds but the worst ones. */
function usualOf(counts: SecondCounts["counts"], seconds: number): number {
  const unusual = Math.max(1, Math.ceil(seconds * UNUSUAL_SHARE));
  const rest = counts
    .map(([, count]) => count)
    .toSorted((one, other) => other - one)
    .slice(unusual);
  return rest.reduce((sum, count) => sum + count, 0) / Math.max(1, seconds - unusual);
}

function joined(seconds: SecondCounts["counts"]): readonly Omit<Trigger, "kind" | "tap" | "usual">[] {
  const found: { fromS: number; toS: number; worstS: number; worst: number; count: number }[] = [];
  for (const [second, count] of seconds.toSorted(([one], [other]) => one - other)) {
    const before = found.at(-1);
    if (!before || second > before.toS + 1) {
      found.push({ fromS: second, toS: second, worstS: second, worst: count, count });
      continue;
    }
    before.toS = second;
    before.count += count;
    if (count > before.worst) [before.worst, before.worstS] = [count, second];
  }
  return found.map(({ worst: _worst, ...one }) => one);
}
