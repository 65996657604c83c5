import { isPod } from "./elements.ts";
import { sameFamily } from "./ip-family.ts";
import type { Leg, Plan, Vantage } from "./plan.ts";

/** A leg along which packet sizes are tried: by echoes, by TCP to our own listener at its end, or by both. */
export type SizedWay = { readonly leg: Leg; readonly everyMs: number; readonly kind: "echo" | "tcp" | "both" };

/** How often a way is looked at again: what was asked about, and the rest. */
const ASKED_EVERY_MS = 10_000;
const OTHERS_EVERY_MS = 20_000;
/** Most backends of a Service beside the one that stands for it. */
const MAX_BACKENDS = 2;

/**
 * The ways whose largest packet is looked for: the asked path both ways, each end to its own node, node to node, node to the
 * pod beyond, and a pod (or node) of a third node to and from both ends as control. Their directions matter to TCP only: an
 * echo needs both. All ways from one place are of the family of its address.
 */
export function sizedWays({ legs, vantages }: Pick<Plan, "legs" | "vantages">): readonly SizedWay[] {
  const at = (role: Vantage["role"]): Vantage | undefined => vantages.find((vantage) => vantage.role === role);
  const [from, to] = [at("from"), at("to")];
  const fromNode = nodeOf(from, vantages);
  const toNode = nodeOf(to, vantages);
  const third = thirdOf([from, to], vantages);
  const ways: SizedWay[] = [];
  const add = (
    one: Vantage | undefined,
    other: Vantage | undefined,
    kind: SizedWay["kind"],
    everyMs = OTHERS_EVERY_MS,
  ): void => {
    if (!one || !other || one.id === other.id || one.ip === other.ip || ways.some(({ leg }) => same(leg, one, other)))
      return;
    const leg = legs.find((candidate) => same(candidate, one, other)) ?? legBetween(one, other);
    if (sameFamily(one.ip, leg.toIp)) ways.push({ leg, everyMs, kind });
  };
  add(from, to, "both", ASKED_EVERY_MS);
  add(to, from, "both", ASKED_EVERY_MS);
  if (fromNode && toNode && fromNode.node !== toNode.node) {
    add(fromNode, toNode, "both");
    add(toNode, fromNode, "tcp");
    add(fromNode, to, "both");
    add(toNode, from, "tcp");
  }
  add(from, fromNode, "echo");
  add(to, toNode, "echo");
  for (const { via, backend } of backendsOf({ legs, vantages })) {
    add(via, backend, "both", ASKED_EVERY_MS);
    add(backend, via, "tcp");
  }
  add(from, third, "both");
  add(third, to, "both");
  add(third, from, "tcp");
  add(to, third, "tcp");
  for (const leg of legs) {
    const start = vantages.find(({ id }) => id === leg.from);
    const outside = leg.scope === "external" && leg.port === undefined && leg.part !== "control";
    if (outside && start && sameFamily(start.ip, leg.toIp)) ways.push({ leg, everyMs: ASKED_EVERY_MS, kind: "echo" });
  }
  return ways;
}

/** Pods behind a Service or NodePort, and the end from which they are reached: the asking one, or the node with the port. */
function backendsOf({ legs, vantages }: Pick<Plan, "legs" | "vantages">) {
  return legs
    .flatMap(({ from, to, part, port }) => {
      const via = vantages.find(({ id, role }) => id === from && (role === "from" || role === "to"));
      const backend = vantages.find(({ id, role }) => id === to && role === "control");
      return via && backend && isPod(backend) && part === "segment" && port === undefined ? [{ via, backend }] : [];
    })
    .slice(0, MAX_BACKENDS);
}

function same(leg: Leg, one: Vantage, other: Vantage): boolean {
  return leg.from === one.id && leg.to === other.id && leg.port === undefined;
}

function nodeOf(end: Vantage | undefined, vantages: readonly Vantage[]): Vantage | undefined {
  return end && vantages.find(({ id }) => id === `node/${end.node}`);
}

/** A pod of a node that is no part of the path; else that node. */
function thirdOf(ends: readonly (Vantage | undefined)[], vantages: readonly Vantage[]): Vantage | undefined {
  const others = vantages.filter(
    ({ node, role, ip }) => role === "control" && ip !== "" && !ends.some((end) => end?.node === node),
  );
  const pods = ends.some((end) => end && isPod(end));
  return others.find((vantage) => isPod(vantage) === pods) ?? others[0];
}

/** A leg of its own: nothing but sizes is measured on it. */
function legBetween(one: Vantage, other: Vantage): Leg {
  const pods = [one, other].filter(isPod).length;
  const inside = pods === 2 ? "same-node" : "local";
  const scope = one.node === other.node ? inside : pods === 0 ? "underlay" : "overlay";
  return { id: `${one.id}>${other.id}`, from: one.id, to: other.id, toIp: other.ip, scope, part: "control" };
}
