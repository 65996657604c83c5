import { crosses, endsOf } from "./elements.ts";
import type { EvidenceSet } from "./evidence.ts";
import { arrivalEvidence, pingEvidence } from "./leg-evidence.ts";
import { absences, isDuring } from "./outage.ts";
import { decodeTimes, LOST, msAt } from "./packet-series.ts";
import type { Leg, Plan } from "./plan.ts";
import { ascending, quantile } from "./stats.ts";

/** Every echo of a leg, unpacked for comparison. Arrays are by sequence number - 1. */
export type LegPackets = {
  readonly leg: Leg;
  /** When it left, Unix milliseconds of the sender's clock. */
  readonly leftMs: readonly number[];
  /** Round trip; undefined when it was lost or is still awaited. */
  readonly rttMs: readonly (number | undefined)[];
  /** Not while a pod at its end did not run, unless that one was asked about. */
  readonly lost: readonly boolean[];
  /** The leg's own floor: the 10th percentile of its round trips. */
  readonly floorMs: number | undefined;
  /** When requests arrived at the far end, by the far end's clock; absent when no tap can be trusted for it. */
  readonly arrivedMs?: readonly (number | undefined)[];
  /** Up to which packet the tap was there to hear. */
  readonly heardUpTo: number;
};

/** Share of answered packets that a tap must have seen arrive before its silence means anything. */
const TRUSTED = 0.95;

/** All ping legs of the plan that sent something. */
export function packetsOf(plan: Plan, evidence: EvidenceSet): readonly LegPackets[] {
  return plan.legs.flatMap((leg) => {
    const data = leg.port === undefined ? evidence.get(pingEvidence, leg.id) : undefined;
    if (!data) return [];
    const pace = { startMs: data.startMs, stepMs: data.intervalMs };
    const leftMs = decodeTimes(data.times, pace).map((time, index) => time ?? data.startMs + index * data.intervalMs);
    const rttMs = leftMs.map((_, index) => msAt(data.series, index));
    const absent = absences(leg, plan, evidence);
    const lost = leftMs.map((atMs, index) => data.series[index] === LOST && !isDuring(absent, atMs));
    const floorMs = quantile(ascending(rttMs.filter((ms) => ms !== undefined)), 0.1);
    return [{ leg, leftMs, rttMs, lost, floorMs, ...arrivalsOf(leg, evidence, leftMs, rttMs) }];
  });
}

function arrivalsOf(
  leg: Leg,
  evidence: EvidenceSet,
  leftMs: readonly number[],
  rttMs: readonly (number | undefined)[],
): { readonly arrivedMs?: readonly (number | undefined)[]; readonly heardUpTo: number } {
  const data = evidence.get(arrivalEvidence, leg.id);
  if (!data) return { heardUpTo: 0 };
  const arrivedMs = decodeTimes(data.times, { startMs: data.startMs, stepMs: data.intervalMs });
  // Both clocks may be off; how long the tap and the ping have been going can be compared all the same.
  const heardForMs = data.tapToMs - data.tapFromMs;
  const first = leftMs[0] ?? 0;
  const end = leftMs.findIndex((left) => left - first > heardForMs + data.intervalMs / 2);
  const heardUpTo = end === -1 ? leftMs.length : end;
  let answered = 0;
  let seen = 0;
  for (let index = 0; index < heardUpTo; index++) {
    if (rttMs[index] === undefined) continue;
    answered++;
    if (arrivedMs[index] !== undefined) seen++;
  }
  if (answered > 0 && seen < TRUSTED * answered) return { heardUpTo: 0 };
  return { arrivedMs, heardUpTo };
}

/** How far above its floor a quiet node's own round trips go: the 99th percentile over legs that stay on the node. */
export function observerNoiseMs(all: readonly LegPackets[], plan: Plan): ReadonlyMap<string, number> {
  const byNode = new Map<string, number[]>();
  for (const { leg, rttMs, floorMs } of all) {
    const { from } = endsOf(leg, plan);
    if (!from || floorMs === undefined || crosses(leg) || leg.scope === "external") continue;
    const excess = ascending(rttMs.filter((ms) => ms !== undefined).map((ms) => ms - floorMs));
    const p99 = quantile(excess, 0.99);
    if (p99 !== undefined) byNode.set(from.node, [...(byNode.get(from.node) ?? []), p99]);
  }
  // The median over legs: one pod that is slow by itself is a finding, not the node's noise.
  return new Map([...byNode].map(([node, values]) => [node, quantile(ascending(values), 0.5) ?? 0]));
}
