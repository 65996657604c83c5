import type { LegResult } from "./compare.ts";
import { crosses, endsOf } from "./elements.ts";
import { packetsOf } from "./leg-packets.ts";
import { badDirection, type Direction, directionsOf, lostOneWay } from "./one-way.ts";
import { measuredLegs, suffers } from "./path-facts.ts";
import type { Case } from "./rule.ts";

/** What was measured between two nodes: legs with a pod at either end, and those between the nodes themselves. */
export type BetweenNodes = {
  readonly peer: string;
  readonly pods: readonly LegResult[];
  readonly nodes: readonly LegResult[];
};

/** The same for every node that one node was measured with. */
export function betweenNodes(node: string, { plan, comparison }: Case): readonly BetweenNodes[] {
  const peers = new Map<string, { pods: LegResult[]; nodes: LegResult[] }>();
  for (const result of measuredLegs(comparison)) {
    const { from, to } = endsOf(result.leg, plan);
    if (!from || !to || !crosses(result.leg) || (from.node !== node && to.node !== node)) continue;
    const peer = from.node === node ? to.node : from.node;
    const known = peers.get(peer) ?? { pods: [], nodes: [] };
    (result.leg.scope === "overlay" ? known.pods : known.nodes).push(result);
    peers.set(peer, known);
  }
  return [...peers].map(([peer, legs]) => ({ peer, ...legs }));
}

/** Losses in a row that are an interruption and no coincidence; echoes come five a second, connects two. */
const IN_A_ROW = 4;
/** Part of a leg's losses that its longest interruption holds at least. */
const ONE_PIECE = 0.6;

/** Whether nothing came through a leg: all the time, at its end, or in one piece of the check. */
export function cutOff(result: LegResult): boolean {
  const { state, deadAtEnd, longestLostRun, lost } = result;
  if (state === "dead" || deadAtEnd) return true;
  return suffers(result) && longestLostRun >= IN_A_ROW && longestLostRun >= ONE_PIECE * lost;
}

/** Share of the legs that have to be cut off, for single ones have reasons of their own. */
const NEARLY_ALL = 0.75;

/** Whether pods of two nodes do not reach each other although the nodes do. */
export function podsCutOff({ pods, nodes }: BetweenNodes): boolean {
  return pods.length > 0 && pods.filter(cutOff).length >= NEARLY_ALL * pods.length && !nodes.some(suffers);
}

/** The way between two nodes on which the packets of pods are lost, when it is only one. */
export function lostWay(one: string, other: string, { plan, evidence }: Case): Direction | undefined {
  const between = packetsOf(plan, evidence).filter(({ leg }) => {
    const { from, to } = endsOf(leg, plan);
    const nodes = [from?.node, to?.node];
    return leg.scope === "overlay" && nodes.includes(one) && nodes.includes(other);
  });
  return badDirection(directionsOf(between.flatMap((packets) => lostOneWay(packets, plan))), one, other);
}

/** Causes that look like this when packets between two places vanish altogether. */
export const silenceLooksLike: readonly string[] = [
  "tunnel-blocked",
  "port-filtered",
  "dns-down",
  "dns-path-loss",
  "dns-upstream-failing",
  "link-delay",
  "path-member-loss",
  "path-loss",
  "high-latency",
];
