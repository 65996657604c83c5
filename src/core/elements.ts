import type { Place } from "./place.ts";
import type { Leg, Plan, Vantage } from "./plan.ts";

/**
 * Parts of the network that can be at fault, as sets of legs. Each leg crosses several; the one whose legs are bad
 * while all others are good is the place. In order of preference when the measured legs cannot tell them apart:
 *
 *  port        TCP to one port of one pod or node        flow        exactly these two ends, any protocol
 *  pair        all between two nodes                     entry       a pod, as seen from beyond its own node
 *  pod         a pod, its own node included              host        a node and everything on it
 *  address     an outside address                        nic         all that enters or leaves a node
 *  tunnel-pair pod traffic between two nodes             tunnel      pod traffic that enters or leaves a node
 *  service-at  one Service address, asked from one node  service     one Service address and port
 *  overlay     pod traffic between any nodes
 *  fabric      all traffic between nodes                 icmp-…      echoes only, where TCP is fine: all of them,
 *                                                                    or those that ask one end, or that one end sends
 *  icmp-flow   echoes between exactly these two ends
 */
export const elementKinds = [
  "port",
  "flow",
  "pair",
  "entry",
  "pod",
  "host",
  "address",
  "nic",
  "tunnel-pair",
  "tunnel",
  "service-at",
  "service",
  "overlay",
  "fabric",
  "flow-port",
  "icmp-flow",
  "icmp-to",
  "icmp-from",
  "icmp-end",
  "icmp-fabric",
  "icmp-all",
] as const;

export type ElementKind = (typeof elementKinds)[number];

/** `name` and `peer` are labels as people see them; a pair is sorted, its direction is found later. */
export type Element = {
  readonly kind: ElementKind;
  readonly name: string;
  readonly peer?: string;
  readonly port?: number;
};

export function elementKey({ kind, name, peer, port }: Element): string {
  return `${kind} ${name} ${peer ?? ""} ${port ?? ""}`;
}

/** The vantage points of a leg; `to` is absent for addresses at which nothing of ours runs. */
export function endsOf(leg: Leg, plan: Plan): { readonly from: Vantage | undefined; readonly to: Vantage | undefined } {
  const find = (id: string): Vantage | undefined => plan.vantages.find((vantage) => vantage.id === id);
  return { from: find(leg.from), to: find(leg.to) };
}

/** Whether a leg leaves its node for another one of the cluster. */
export function crosses(leg: Leg): boolean {
  return leg.scope === "underlay" || leg.scope === "overlay";
}

export function isPod(vantage: Pick<Vantage, "id">): boolean {
  return vantage.id.startsWith("pod/");
}

/** Everything a leg crosses, from end to end. */
export function elementsOf(leg: Leg, plan: Plan): readonly Element[] {
  const { from, to } = endsOf(leg, plan);
  if (!from) return [];
  const found: Element[] = [];
  const ends = to ? [from, to] : [from];
  const ping = leg.port === undefined;
  const target = to?.label ?? leg.toIp;

  for (const end of ends) {
    found.push({ kind: "host", name: end.node });
    if (isPod(end)) {
      found.push({ kind: "pod", name: end.label });
      if (leg.scope !== "local") found.push({ kind: "entry", name: end.label });
    }
    if (ping) found.push({ kind: "icmp-end", name: end.label });
  }
  if (ping) {
    found.push({ kind: "icmp-from", name: from.label });
    if (to) found.push({ kind: "icmp-to", name: to.label });
  }
  const [one = "", other = ""] = [from.label, target].toSorted();
  found.push({ kind: "flow", name: one, peer: other });
  if (ping) found.push({ kind: "icmp-flow", name: one, peer: other });
  if (leg.port !== undefined) {
    found.push({ kind: "flow-port", name: from.label, peer: target, port: leg.port });
    if (to) found.push({ kind: "port", name: to.label, port: leg.port });
  } else found.push({ kind: "icmp-all", name: "" });
  if (leg.scope === "service") {
    const port = leg.port === undefined ? {} : { port: leg.port };
    found.push({ kind: "service", name: leg.toIp, ...port });
    found.push({ kind: "service-at", name: from.node, peer: leg.toIp, ...port });
  }
  if (leg.scope === "external") found.push({ kind: "address", name: leg.toIp }, { kind: "nic", name: from.node });

  if (to && crosses(leg)) {
    const [first = "", second = ""] = [from.node, to.node].toSorted();
    found.push({ kind: "nic", name: from.node }, { kind: "nic", name: to.node });
    found.push({ kind: "pair", name: first, peer: second }, { kind: "fabric", name: "" });
    if (ping) found.push({ kind: "icmp-fabric", name: "" });
    if (leg.scope === "overlay") {
      found.push({ kind: "tunnel", name: from.node }, { kind: "tunnel", name: to.node });
      found.push({ kind: "tunnel-pair", name: first, peer: second }, { kind: "overlay", name: "" });
    }
  }
  return found;
}

/** An element as a place of the report. Pairs come in the order in which they are named. */
export function elementPlace({ kind, name, peer }: Element, plan: Plan): Place {
  switch (kind) {
    case "host":
    case "nic":
    case "tunnel":
    case "service-at":
      return { kind: "node", name };
    case "pair":
    case "tunnel-pair":
    case "flow":
    case "icmp-flow":
      return { kind: "pair", name, ...(peer === undefined ? {} : { peer }) };
    case "pod":
    case "entry":
    case "port":
    case "icmp-to":
    case "icmp-from":
    case "icmp-end":
      return endPlace(name, plan);
    case "flow-port":
      return endPlace(peer ?? name, plan);
    case "service":
      return { kind: "service", name: plan.to.kind === "service" && plan.to.ip === name ? plan.to.name : name };
    case "address":
      return { kind: "address", name };
    case "overlay":
    case "fabric":
    case "icmp-fabric":
    case "icmp-all":
      return { kind: "cluster", name: "all nodes" };
  }
}

function endPlace(label: string, plan: Plan): Place {
  const vantage = plan.vantages.find((candidate) => candidate.label === label);
  return vantage ? placeOf(vantage) : { kind: "address", name: label };
}

/** A vantage point as a place. */
export function placeOf(at: Vantage): Place {
  return isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at.node };
}
