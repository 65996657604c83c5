import { prefixLengths } from "./addresses.ts";
import { type ClusterPlan, type PlannedNode, podMtu } from "./plan.ts";

/** What `ip -batch`, `bridge -batch` and friends are fed while a node comes up. */
export type NodeBatches = {
  readonly eth: string;
  readonly port: string;
  readonly overlay: string;
  readonly fdb: string;
};

const nicMac = (plan: ClusterPlan, { index }: PlannedNode): string => plan.addresses.nicMacs[index] ?? "";
export const tunnelMac = (plan: ClusterPlan, { index }: PlannedNode): string => plan.addresses.tunnelMacs[index] ?? "";

/** NIC, bridge for pods, and the way to the other nodes' pods: a VXLAN as flannel makes it, or plain routes. */
export function nodeBatches(plan: ClusterPlan, self: PlannedNode): NodeBatches {
  const { gateway, family } = plan.addresses;
  const { net } = prefixLengths(family);
  const others = plan.nodes.filter(({ index }) => index !== self.index);
  return {
    eth: [
      "link set lo up",
      `link add eth0 address ${nicMac(plan, self)} type veth peer name ${self.port} netns /proc/self/fd/8`,
      `addr add ${self.node.ip}/${net} dev eth0`,
      "link set eth0 up",
      `route add default via ${gateway}`,
      "link add cni0 type bridge forward_delay 0",
      `link set cni0 mtu ${podMtu(plan)}`,
      `addr add ${self.podPrefix}1/${net} dev cni0`,
      "link set cni0 up",
    ].join("\n"),
    port: `link set ${self.port} master fab0\nlink set ${self.port} up`,
    overlay:
      plan.tunnel === undefined
        ? others.map((other) => `route add ${other.node.podCidr} via ${other.node.ip} dev eth0`).join("\n")
        : tunnelBatch(plan, self, { device: plan.tunnel, local: self.node.ip }),
    fdb: plan.tunnel === undefined ? "" : fdbBatch(plan, self, plan.tunnel),
  };
}

/** The tunnel device with its routes and neighbours; `local` is the outer source address. */
export function tunnelBatch(
  plan: ClusterPlan,
  self: PlannedNode,
  { device, local }: { device: string; local: string },
): string {
  const { vni, vxlanPort, family } = plan.addresses;
  return [
    `link add ${device} address ${tunnelMac(plan, self)} mtu ${podMtu(plan)} type vxlan id ${vni} local ${local} dev eth0 dstport ${vxlanPort} nolearning`,
    `addr add ${self.podPrefix}0/${prefixLengths(family).one} dev ${device}`,
    `link set ${device} up`,
    ...plan.nodes
      .filter(({ index }) => index !== self.index)
      .flatMap((other) => [
        `route add ${other.node.podCidr} via ${other.podPrefix}0 dev ${device} onlink`,
        `neigh add ${other.podPrefix}0 lladdr ${tunnelMac(plan, other)} dev ${device} nud permanent`,
      ]),
  ].join("\n");
}

export function fdbBatch(plan: ClusterPlan, self: PlannedNode, device: string): string {
  return plan.nodes
    .filter(({ index }) => index !== self.index)
    .map((other) => `fdb add ${tunnelMac(plan, other)} dev ${device} dst ${other.node.ip} self permanent`)
    .join("\n");
}
