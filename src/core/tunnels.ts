import { z } from "zod";
import { defineEvidence, type EvidenceSet } from "./evidence.ts";
import type { Plan, Vantage } from "./plan.ts";
import { lookUp, type Route, routesEvidence } from "./routes.ts";

const tunnel = z.object({
  name: z.string(),
  /** As the kernel names it: vxlan, geneve, ipip, wireguard … */
  kind: z.string(),
  mac: z.string().optional(),
  /** Network identifier; devices of one pod network share it. */
  id: z.number().optional(),
  port: z.number().optional(),
  /** Outer source address; absent when the kernel picks one for every packet. */
  local: z.string().optional(),
  /** Device below it, as far as it is bound to one. */
  link: z.string().optional(),
  /** A program (eBPF, Open vSwitch) gives the far end for every packet: there are no entries to read. */
  external: z.boolean(),
});
export type Tunnel = z.infer<typeof tunnel>;

/** Tunnel devices of a network namespace, newest reading. Subject: vantage id. */
export const tunnelsEvidence = defineEvidence("tunnels", z.object({ devices: z.array(tunnel) }));

/** The tunnel device through which a node sends to a pod of another node, by its routes. */
export function tunnelTowards(
  at: Vantage,
  podIp: string,
  evidence: EvidenceSet,
): { readonly tunnel: Tunnel; readonly route: Route } | undefined {
  const routes = evidence.get(routesEvidence, at.id)?.versions.at(-1)?.value ?? [];
  const { kind, route } = lookUp(routes, podIp);
  if (kind === "nothing" || kind === "refused" || !route) return undefined;
  const device = evidence.get(tunnelsEvidence, at.id)?.devices.find(({ name }) => name === route.dev);
  return device && { tunnel: device, route };
}

/**
 * Where a route leads to a program (eBPF, Open vSwitch): the tunnel device to which that gives the far end of every packet. Of
 * several it is not known which; undefined then, and where there is none.
 */
export function steeredTunnel(tunnels: readonly Tunnel[]): Tunnel | undefined {
  const steered = tunnels.filter(({ external, kind }) => external && (kind === "vxlan" || kind === "geneve"));
  return steered.length === 1 ? steered[0] : undefined;
}

/** The other end of a tunnel on another node: the device of the same kind and identifier. */
export function farTunnel(near: Tunnel, far: Vantage, evidence: EvidenceSet): Tunnel | undefined {
  const devices = evidence.get(tunnelsEvidence, far.id)?.devices ?? [];
  return devices.find(({ kind, id, port }) => kind === near.kind && id === near.id && port === near.port);
}

/**
 * The outer source address of what a tunnel sends to a node: the one it is bound to, else the one that the route to
 * there prefers. Undefined when neither says.
 */
export function outerSource({ local }: Tunnel, at: Vantage, peerIp: string, evidence: EvidenceSet): string | undefined {
  if (local !== undefined) return local;
  const routes = evidence.get(routesEvidence, at.id)?.versions.at(-1)?.value ?? [];
  return lookUp(routes, peerIp).route?.source;
}

export function nodeVantage(plan: Plan, node: string): Vantage | undefined {
  return plan.vantages.find(({ id }) => id === `node/${node}`);
}
