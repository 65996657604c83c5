import { crosses, endsOf } from "./elements.ts";
import { type LegPackets, observerNoiseMs } from "./leg-packets.ts";
import type { Plan } from "./plan.ts";
import { ascending } from "./stats.ts";

/** Least extra delay that is called late at all, and how it grows with the normal round trip and with noise. */
const LEAST_EXTRA_MS = 5;
const OF_FLOOR = 2;
const OF_NOISE = 1.5;
/** A floor this much above that of like legs is a delay, not distance. Crossing zones costs 0.5 to 3 ms. */
const SHIFT_MS = 4;
const SHIFT_TIMES = 3;
const FASTEST = 0.15;
/** When more than this share of the seconds is noisy, leaving them out would leave nothing. */
const MOST_NOISY_SECONDS = 0.5;

/** One leg judged packet by packet. */
export type LegLateness = {
  readonly packets: LegPackets;
  /** The round trip that this leg should have, and the extra above it from which a packet counts as late. */
  readonly normalMs: number;
  readonly lateFromMs: number;
  /** Per packet; undefined when it was not answered or left in a second in which the observer itself stalled. */
  readonly late: readonly (boolean | undefined)[];
  readonly bad: number;
  readonly of: number;
  /** Set when even the fastest round trips are far above those of like legs. */
  readonly shifted: boolean;
};

/**
 * Which packets were late. What is normal comes from the leg's own floor and from its like (legs between nodes of the
 * same zones); what is noise comes from legs that never leave a node: when those are late in the same second, the
 * machine that measures was busy, and the network is not blamed for it.
 */
export function judgeLateness(all: readonly LegPackets[], plan: Plan): readonly LegLateness[] {
  const noise = observerNoiseMs(all, plan);
  const likes = floorsOfLikes(all, plan);
  const judged = all.flatMap((packets): LegLateness[] => {
    const { leg, floorMs, rttMs } = packets;
    if (floorMs === undefined) return [];
    const { from, to } = endsOf(leg, plan);
    const like = likes.get(likeness(leg, plan)) ?? floorMs;
    const shifted = floorMs - like > Math.max(SHIFT_MS, SHIFT_TIMES * like);
    const normalMs = shifted ? like : floorMs;
    const noiseMs = Math.max(noise.get(from?.node ?? "") ?? 0, noise.get(to?.node ?? "") ?? 0);
    const lateFromMs = shifted
      ? Math.max(SHIFT_MS, SHIFT_TIMES * like)
      : Math.max(LEAST_EXTRA_MS, OF_FLOOR * normalMs, OF_NOISE * noiseMs);
    const late = rttMs.map((ms) => (ms === undefined ? undefined : ms - normalMs > lateFromMs));
    return [{ packets, normalMs, lateFromMs, late, bad: 0, of: 0, shifted }];
  });
  const stalled = stalledSeconds(judged, plan);
  return judged.map((leg) => {
    const node = endsOf(leg.packets.leg, plan).from?.node ?? "";
    const late = leg.late.map((isLate, index) => {
      const second = Math.floor((leg.packets.leftMs[index] ?? 0) / 1_000);
      return crosses(leg.packets.leg) && stalled.has(`${node} ${second}`) ? undefined : isLate;
    });
    return { ...leg, late, bad: count(late, true), of: count(late, true) + count(late, false) };
  });
}

/** Legs that should take the same time: both kinds of node traffic, by the zones they connect. */
function likeness({ from, to, scope }: LegPackets["leg"], plan: Plan): string {
  const zone = (id: string): string => plan.vantages.find((vantage) => vantage.id === id)?.zone ?? "";
  if (scope !== "underlay" && scope !== "overlay") return scope === "external" ? `external ${to}` : "on the node";
  return [zone(from), zone(to)].toSorted().join(" ");
}

/**
 * The floor of the fastest 15 % of like legs: most of them cross the asked nodes, and one bad node must not make slowness
 * look normal. One that was measured, not something between the fast and the slow.
 */
function floorsOfLikes(all: readonly LegPackets[], plan: Plan): ReadonlyMap<string, number> {
  const groups = Map.groupBy(
    all.filter(({ floorMs }) => floorMs !== undefined),
    ({ leg }) => likeness(leg, plan),
  );
  return new Map(
    [...groups].map(([key, legs]) => [
      key,
      ascending(legs.map(({ floorMs }) => floorMs ?? 0))[Math.floor(FASTEST * (legs.length - 1))] ?? 0,
    ]),
  );
}

/** `node second` of every second in which a leg that stays on the node was late: there the observer stood still. */
function stalledSeconds(judged: readonly LegLateness[], plan: Plan): ReadonlySet<string> {
  const hits = new Map<string, number>();
  const seconds = new Map<string, Set<number>>();
  const legsOn = new Map<string, number>();
  for (const { packets, late } of judged) {
    if (crosses(packets.leg) || packets.leg.scope === "external") continue;
    const node = endsOf(packets.leg, plan).from?.node ?? "";
    legsOn.set(node, (legsOn.get(node) ?? 0) + 1);
    const known = seconds.get(node) ?? new Set();
    const bad = new Set<number>();
    for (const [index, isLate] of late.entries()) {
      const second = Math.floor((packets.leftMs[index] ?? 0) / 1_000);
      known.add(second);
      if (isLate) bad.add(second);
    }
    for (const second of bad) hits.set(`${node} ${second}`, (hits.get(`${node} ${second}`) ?? 0) + 1);
    seconds.set(node, known);
  }
  // One slow pod is not a slow node: half of the legs that stay on it have to agree.
  const stalled = new Set(
    [...hits].filter(([key, legs]) => legs * 2 >= (legsOn.get(key.split(" ")[0] ?? "") ?? 1)).map(([key]) => key),
  );
  for (const [node, known] of seconds) {
    const noisy = [...known].filter((second) => stalled.has(`${node} ${second}`));
    if (noisy.length > MOST_NOISY_SECONDS * known.size) for (const second of noisy) stalled.delete(`${node} ${second}`);
  }
  return stalled;
}

function count(marks: readonly (boolean | undefined)[], wanted: boolean): number {
  let total = 0;
  for (const mark of marks) if (mark === wanted) total++;
  return total;
}
