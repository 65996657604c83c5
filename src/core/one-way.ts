import { endsOf } from "./elements.ts";
import type { LegLateness } from "./lateness.ts";
import type { LegPackets } from "./leg-packets.ts";
import type { Plan, Vantage } from "./plan.ts";
import { ascending, quantile } from "./stats.ts";

/** One packet on its way from one node to another: a request or a reply. Times are Unix milliseconds. */
export type OneWay = {
  readonly fromNode: string;
  readonly toNode: string;
  readonly atMs: number;
  readonly bad: boolean;
};

/** One-way counts from one node to another. */
export type Direction = { readonly from: string; readonly to: string; readonly bad: number; readonly of: number };

/**
 * Splits lost round trips into requests that never arrived and replies that never came back. Only legs whose far end
 * was tapped say anything; a packet that the tap could not have heard is left out.
 */
export function lostOneWay(packets: LegPackets, plan: Plan): readonly OneWay[] {
  const { from, to } = endsOf(packets.leg, plan);
  const { arrivedMs, leftMs, lost, rttMs, heardUpTo } = packets;
  if (!from || !to || !arrivedMs) return [];
  const there = { fromNode: from.node, toNode: to.node };
  const back = { fromNode: to.node, toNode: from.node };
  const ways: OneWay[] = [];
  for (let index = 0; index < heardUpTo; index++) {
    const atMs = leftMs[index] ?? 0;
    const arrived = arrivedMs[index] !== undefined || rttMs[index] !== undefined;
    if (!lost[index] && rttMs[index] === undefined) continue;
    ways.push({ ...there, atMs, bad: !arrived });
    if (arrived) ways.push({ ...back, atMs: arrivedMs[index] ?? atMs, bad: lost[index] === true });
  }
  return ways;
}

/** Least part of a packet's delay for which one of its two ways is blamed. */
const OWN_PART = 0.2;

/** Splits late round trips the same way. The offset of the two clocks cancels: only what exceeds the usual counts. */
export function lateOneWay(judged: LegLateness, plan: Plan): readonly OneWay[] {
  const { from, to } = endsOf(judged.packets.leg, plan);
  const { arrivedMs, leftMs, rttMs, heardUpTo } = judged.packets;
  if (!from || !to || !arrivedMs) return [];
  const transit = arrivedMs.map((at, index) => (at === undefined ? undefined : at - (leftMs[index] ?? 0)));
  const usual = quantile(ascending(transit.filter((ms) => ms !== undefined)), 0.1);
  if (usual === undefined) return [];
  if (judged.shifted) return shiftedOneWay(judged, { from, to }, transit);
  const ways: OneWay[] = [];
  for (let index = 0; index < heardUpTo; index++) {
    const took = transit[index];
    const rtt = rttMs[index];
    if (took === undefined || rtt === undefined || judged.late[index] === undefined) continue;
    const there = Math.max(0, took - usual);
    const back = rtt - judged.normalMs - there;
    // A way has to carry its part of the delay; round trips are only known to about 2 %.
    const part = Math.max(judged.lateFromMs / 2, OWN_PART * (rtt - judged.normalMs));
    const share = judged.late[index] ? part : Number.POSITIVE_INFINITY;
    ways.push({ fromNode: from.node, toNode: to.node, atMs: leftMs[index] ?? 0, bad: there > share });
    ways.push({ fromNode: to.node, toNode: from.node, atMs: arrivedMs[index] ?? 0, bad: back > share });
  }
  return ways;
}

/** Spread of a way's times, ms, from which it says anything, and the part of both ways' spread that one has to carry. */
const MIN_SPREAD_MS = 5;
const OWN_SPREAD = 0.85;

/**
 * A delay on every packet looks like distance one way, and clocks are not compared: only when it varies does the way
 * whose times vary show where it is. A constant one says nothing.
 */
function shiftedOneWay(
  { packets: { leftMs, rttMs, arrivedMs }, late }: LegLateness,
  { from, to }: { readonly from: Vantage; readonly to: Vantage },
  transit: readonly (number | undefined)[],
): readonly OneWay[] {
  const back = transit.map((ms, index) => {
    const rtt = rttMs[index];
    return ms === undefined || rtt === undefined ? undefined : rtt - ms;
  });
  const [out, home] = [spreadOf(transit), spreadOf(back)];
  if (Math.max(out, home) < MIN_SPREAD_MS || Math.max(out, home) < OWN_SPREAD * (out + home)) return [];
  return transit.flatMap((ms, index): readonly OneWay[] => {
    const isLate = late[index];
    if (ms === undefined || isLate === undefined) return [];
    const there = { fromNode: from.node, toNode: to.node, atMs: leftMs[index] ?? 0, bad: isLate && out > home };
    const reply = { fromNode: to.node, toNode: from.node, atMs: arrivedMs?.[index] ?? 0, bad: isLate && home > out };
    return [there, reply];
  });
}

function spreadOf(times: readonly (number | undefined)[]): number {
  const sorted = ascending(times.filter((ms) => ms !== undefined));
  return (quantile(sorted, 0.9) ?? 0) - (quantile(sorted, 0.1) ?? 0);
}

/** Counts per direction between nodes. */
export function directionsOf(ways: readonly OneWay[]): readonly Direction[] {
  const found = new Map<string, Map<string, { from: string; to: string; bad: number; of: number }>>();
  for (const { fromNode, toNode, bad } of ways) {
    const leaving = found.get(fromNode) ?? new Map<string, { from: string; to: string; bad: number; of: number }>();
    const known = leaving.get(toNode) ?? { from: fromNode, to: toNode, bad: 0, of: 0 };
    known.of++;
    if (bad) known.bad++;
    leaving.set(toNode, known);
    found.set(fromNode, leaving);
  }
  return [...found.values()].flatMap((leaving) => [...leaving.values()]);
}

/** Fewest packets per direction, and the share of badness that one direction has to carry to be named alone. */
const MIN_PACKETS = 10;
const ONE_SIDED = 0.85;

/** The one direction that carries the badness between two nodes; undefined when both do or nothing is known. */
export function badDirection(directions: readonly Direction[], one: string, other: string): Direction | undefined {
  const [there, back] = [
    directions.find(({ from, to }) => from === one && to === other),
    directions.find(({ from, to }) => from === other && to === one),
  ];
  return oneSided(there, back);
}

/** The other end of what leaves or enters a node, all other nodes together. */
export const OTHERS = "others";

/** Counts of what leaves a node and what enters it. */
export function throughNode(
  directions: readonly Direction[],
  node: string,
): { readonly out: Direction; readonly in: Direction } {
  const add = (chosen: readonly Direction[], from: string, to: string): Direction => ({
    from,
    to,
    bad: chosen.reduce((sum, { bad }) => sum + bad, 0),
    of: chosen.reduce((sum, { of }) => sum + of, 0),
  });
  const leaving = directions.filter(({ from, to }) => from === node && to !== node);
  const entering = directions.filter(({ from, to }) => to === node && from !== node);
  return { out: add(leaving, node, OTHERS), in: add(entering, OTHERS, node) };
}

/** Which of two opposite directions carries the badness. */
export function oneSided(there: Direction | undefined, back: Direction | undefined): Direction | undefined {
  const bad = (there?.bad ?? 0) + (back?.bad ?? 0);
  const worse = (there?.bad ?? 0) >= (back?.bad ?? 0) ? there : back;
  if (!worse || bad < 3 || worse.of < MIN_PACKETS) return undefined;
  const better = worse === there ? back : there;
  if ((better?.of ?? 0) < MIN_PACKETS) return undefined;
  return worse.bad >= ONE_SIDED * bad ? worse : undefined;
}
