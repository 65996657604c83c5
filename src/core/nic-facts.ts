import type { LegResult } from "./compare.ts";
import { crosses } from "./elements.ts";
import { gainedDuring } from "./gains.ts";
import { type Link, speedText } from "./link-text.ts";
import { type Nic, nicsEvidence } from "./nic-evidence.ts";
import { asked, askedNodes, legsTouching } from "./path-facts.ts";
import type { Place } from "./place.ts";
import type { Leg } from "./plan.ts";
import type { Case } from "./rule.ts";
import { listed, type Sentence, say } from "./sentence.ts";

/** A node of the asked path whose NICs the asked packets cross, with all legs that leave or enter it. */
export type NodeOnPath = { readonly node: string; readonly legs: readonly Leg[]; readonly nics: readonly Nic[] };

/** Nodes whose links carry what was asked about; a path within one node crosses none. */
export function nodesOnPath({ plan, evidence }: Case): readonly NodeOnPath[] {
  return askedNodes(plan).flatMap((node) => {
    const legs = legsTouching(node, plan).filter((leg) => crosses(leg) || ["service", "external"].includes(leg.scope));
    if (!legs.some(asked)) return [];
    return [{ node, legs, nics: evidence.get(nicsEvidence, `node/${node}`)?.nics ?? [] }];
  });
}

/** The devices that make the link: those below the one with the address, or that one itself when nothing lies below. */
export function wires(nics: readonly Nic[]): readonly Nic[] {
  const lower = nics.filter(({ role, physical }) => role === "lower" && physical);
  return lower.length > 0 ? lower : nics.filter(({ role }) => role === "path");
}

/** How a link ran last. */
export function newest({ links }: Nic): Link | undefined {
  return links.at(-1)?.value;
}

export type PeerLink = { readonly node: string; readonly device: string; readonly link: Link };

/** Links of the other nodes of the check that tell their speed. */
export function peerLinks(node: string, { evidence }: Case): readonly PeerLink[] {
  return evidence.all(nicsEvidence).flatMap(({ subject, data }) => {
    const other = subject.replace(/^node\//, "");
    if (other === node) return [];
    return wires(data.nics).flatMap((nic) => {
      const link = newest(nic);
      return link?.speedMbit === undefined || link.up === false ? [] : [{ node: other, device: nic.device, link }];
    });
  });
}

/** Legs among these that lost packets or had late ones. */
export function suffering(legs: readonly Leg[], { comparison }: Case): readonly LegResult[] {
  return legs.flatMap(({ id }) => {
    const result = comparison.legs.get(id);
    return result && ["lossy", "late", "dead"].includes(result.state) ? [result] : [];
  });
}

/** What counters of a NIC whose names match gained in all, and in intervals with bad seconds. */
export function gained(
  { gains }: Nic,
  matches: (name: string) => boolean,
  { comparison }: Case,
): { readonly total: number; readonly inside: number; readonly names: readonly string[] } {
  if (!gains) return { total: 0, inside: 0, names: [] };
  const names = Object.keys(gains.gained).filter(matches);
  // Kernel and driver count the same frames under several names: the largest counts, not the sum.
  const most = (amount: (name: string) => number): number => Math.max(0, ...names.map(amount));
  return {
    total: most((name) => gains.gained[name] ?? 0),
    inside: most((name) => gainedDuring(gains, name, comparison.badSeconds).inside),
    names: names.toSorted((a, b) => (gains.gained[b] ?? 0) - (gains.gained[a] ?? 0)),
  };
}

/** The most that a NIC carried one way between two readings, in Mbit/s. */
export function busiestMbit({ gains }: Nic): number {
  const rates = (gains?.steps ?? []).map(({ fromMs, toMs, gained: moved }) => {
    const bytes = Math.max(moved["rx_bytes"] ?? 0, moved["tx_bytes"] ?? 0);
    return toMs > fromMs ? (bytes * 8) / 1_000 / (toMs - fromMs) : 0;
  });
  return Math.max(0, ...rates);
}

export function placeOf(node: string, device: string): Place {
  return { kind: "node", name: node, device };
}

/** `10 Mb/s half duplex`. */
export function linkText({ speedMbit, duplex }: Link): Sentence {
  const speed = speedMbit === undefined ? say("unknown speed") : speedText(speedMbit);
  if (duplex === "half") return say("{speed} half duplex", { speed });
  if (duplex === "full") return say("{speed} full duplex", { speed });
  return say("{speed}, duplex unknown", { speed });
}

/** What the links of the other nodes run at. */
export function peersText(peers: readonly PeerLink[]): Sentence {
  return say("links of the other nodes of the check: {links}", {
    links: listed(
      peers.map(({ node, device, link }) =>
        say("{place} {link}", { place: `${node}/${device}`, link: linkText(link) }),
      ),
    ),
  });
}

/** How much the legs through a node suffer. */
export function sufferingText(node: string, legs: readonly Leg[], seen: Case): Sentence {
  const bad = suffering(legs, seen);
  const measured = legs.filter(({ id }) => (seen.comparison.legs.get(id)?.sent ?? 0) > 0);
  return say("{bad} of {all} legs through {node} lost packets or had late ones", {
    bad: bad.length,
    all: measured.length,
    node,
  });
}

/** Why nothing is known about the links of these nodes; undefined when something is. */
export function unreadText(nodes: readonly NodeOnPath[]): Sentence | undefined {
  const silent = nodes.filter(({ nics }) => nics.length === 0).map(({ node }) => node);
  return silent.length === 0 ? undefined : say("the links of {nodes} could not be read", { nodes: listed(silent) });
}

/** Ids of these legs, for a suspicion; the node's own end is on each. */
export function idsOf(legs: readonly Leg[]): readonly string[] {
  return legs.map(({ id }) => id);
}
