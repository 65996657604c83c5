import type { z } from "zod";
import type { pointKindSchema } from "./capture.ts";
import { CABLES, type Device } from "./devices.ts";

/**
 * Where on the way of a packet a tap can be put, found from what the node itself says about its devices and routes, so that
 * every data plane is treated alike: bridged, routed, tunnelled, or redirected past the host's end of the pod's cable.
 */

/** One end of the path: its network namespace, and its node. */
export type EndState = {
  readonly node: string;
  /** "node", or the UID of the pod. */
  readonly netns: string;
  /** Device by which the end sends to the other one; its own network namespace. */
  readonly device: string;
  readonly links: readonly Device[];
  /** The same of its node; `links` again where the end is the node. */
  readonly nodeLinks: readonly Device[];
  /** Devices of the node by which it sends to the other end, and to the other end's node (`ip route get`). */
  readonly towardsEnd: string;
  readonly towardsNode: string;
  /** Tunnel device into which a program puts what leaves by neither a tunnel nor the NIC. */
  readonly steered?: string | undefined;
};

export type CapturePoint = {
  readonly node: string;
  /** "node", or the UID of the pod whose network namespace it lies in. */
  readonly netns: string;
  readonly device: string;
  readonly kind: z.infer<typeof pointKindSchema>;
  /** Largest IP packet without what tunnels put around it, bytes. */
  readonly mtu: number;
  /** Programs of the data plane may pass packets by this device: that one was not seen here proves nothing. */
  readonly mayBeSkipped: boolean;
};

const TUNNELS = new Set(["vxlan", "geneve", "ipip", "sit", "ip6tnl", "gre", "gretap", "wireguard"]);
/** Devices of a pod that send by a NIC of the node themselves. */
const ON_NIC = new Set(["macvlan", "ipvlan", "macvtap"]);

/**
 * All points between two ends in the order in which packets of the first one cross them; of one end only where nothing is known
 * of the other.
 */
export function capturePoints(from: EndState | undefined, to: EndState | undefined): readonly CapturePoint[] {
  if (!from || !to) return from ? pointsOf(from) : to ? pointsOf(to).toReversed() : [];
  if (from.node !== to.node) return [...pointsOf(from), ...pointsOf(to).toReversed()];
  // What leaves by one cable comes in by the other; a bridge lies between the two once.
  const [near, far] = [from, to].map((end) =>
    pointsOf(end).filter(({ kind }) => kind === "pod" || kind === "host-end"),
  );
  const bridges = bridgeOf(from) === bridgeOf(to) ? pointsOf(from).filter(({ kind }) => kind === "bridge") : [];
  const nodeItself = from.netns === "node" || to.netns === "node";
  return [...(near ?? []), ...(nodeItself ? [] : bridges), ...(far ?? []).toReversed()];
}

/** From the end outwards. */
function pointsOf(end: EndState): readonly CapturePoint[] {
  const { node, netns, device, links, nodeLinks, towardsEnd, towardsNode, steered } = end;
  const own = links.find(({ name }) => name === device);
  const at = (link: Device | undefined, kind: CapturePoint["kind"], mayBeSkipped = false): readonly CapturePoint[] =>
    link
      ? [{ node, netns: kind === "pod" ? netns : "node", device: link.name, kind, mtu: link.mtu, mayBeSkipped }]
      : [];
  const named = (name: string): Device | undefined => nodeLinks.find((link) => link.name === name);

  const tunnel = named(towardsEnd);
  const isTunnel = tunnel !== undefined && TUNNELS.has(tunnel.kind ?? "");
  const nic = named(towardsNode);
  const outside = [
    ...(isTunnel
      ? at(tunnel, "tunnel")
      : steered !== undefined && towardsEnd !== towardsNode
        ? at(named(steered), "tunnel", true)
        : []),
    ...at(nic, "nic"),
    ...nodeLinks
      .filter(({ master }) => nic?.kind === "bond" && master === nic.name)
      .flatMap((one) => at(one, "bond-member", true)),
  ];
  if (netns === "node") return outside;
  const host = hostEnd(own, nodeLinks);
  // Programs (eBPF) may hand a packet to the pod from the NIC, and to the NIC from the pod.
  return [...at(own, "pod"), ...at(host, "host-end", true), ...at(bridgeOf(end), "bridge", true), ...outside];
}

/** The node's end of a pod's cable. */
export function hostEnd(own: Device | undefined, nodeLinks: readonly Device[]): Device | undefined {
  if (!own || ON_NIC.has(own.kind ?? "") || own.peer === undefined || !own.elsewhere) return undefined;
  const found = nodeLinks.find(({ index }) => index === own.peer);
  // Indices count anew in every namespace: its end must point back.
  return found && CABLES.has(found.kind ?? "") && found.peer === own.index ? found : undefined;
}

function bridgeOf({ device, links, nodeLinks }: EndState): Device | undefined {
  const own = links.find(({ name }) => name === device);
  const master = hostEnd(own, nodeLinks)?.master;
  return nodeLinks.find(({ name, kind }) => name === master && kind === "bridge");
}
