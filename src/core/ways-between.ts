import { type NodeFacts, type Way, ways } from "./data-plane.ts";
import { nicsOf } from "./pod-cables.ts";
import { ofClouds } from "./pod-networks.ts";
import type { Lookup } from "./routes.ts";
import { steeredTunnel } from "./tunnels.ts";

/** As the kernel names tunnels. */
const TUNNELS: Readonly<Record<string, Way>> = {
  vxlan: "VXLAN",
  geneve: "Geneve",
  ipip: "IPIP",
  gre: "GRE",
  gretap: "GRE",
  wireguard: "WireGuard",
};
/** Routes that BGP daemons make (rt_protos of iproute2): BIRD 12, zebra 11, BGP 186; kube-router's GoBGP writes 17. */
const BGP = new Set(["bird", "zebra", "bgp", "17"]);

/** How packets go to pods of other nodes, by what the routes to each of them say. */
export function waysBetween(
  lookups: readonly Lookup[] | undefined,
  facts: NodeFacts,
  networks: readonly string[],
): readonly Way[] | undefined {
  if (!lookups || lookups.length === 0) return undefined;
  const cloud = networks.some((name) => ofClouds.includes(name));
  const found = lookups.map((lookup) => wayBy(lookup, facts, cloud));
  // One way that cannot be told leaves the whole open.
  return found.includes(undefined) ? [] : ways.filter((way) => found.includes(way));
}

function wayBy({ kind: how, route }: Lookup, { tunnels, devices = [], addresses, ip }: NodeFacts, cloud: boolean) {
  if (!route?.dev || how === "nothing" || how === "refused") return undefined;
  const tunnel = tunnels.find(({ name }) => name === route.dev);
  if (tunnel) return TUNNELS[tunnel.kind];
  const nic = nicsOf(addresses, devices, ip).includes(route.dev);
  if (!nic) return TUNNELS[steeredTunnel(tunnels)?.kind ?? ""];
  if (cloud && (how === "default" || route.gateway === undefined)) return "cloud";
  // Where the route to a pod is missing, the default one is found as well: that says nothing.
  if (how === "default") return undefined;
  if (route.gateway === undefined) return "nodes-network";
  return BGP.has(route.protocol ?? "") ? "bgp" : "host-routes";
}

/** WireGuard devices of pod networks (Calico, Cilium, flannel); one of somebody's own carries something else. */
const WIREGUARD = /^(wireguard\.cali|wg-v6\.cali|cilium_wg0|flannel-wg(-v6)?)$/;
/** Cilium marks what IPsec has decrypted or shall encrypt (docs.cilium.io "IPsec Transparent Encryption", troubleshooting). */
const IPSEC = [/"fwmark":"0x[de]00"/, /"table":"200"/] as const;

export function encryption({ tunnels, devices = [], rules }: NodeFacts, between: readonly Way[] | undefined) {
  const up = tunnels.some(
    ({ name, kind }) =>
      kind === "wireguard" && WIREGUARD.test(name) && devices.some((device) => device.name === name && !device.down),
  );
  if (up && !between?.includes("WireGuard")) return "WireGuard";
  return rules.some((rule) => IPSEC.every((part) => part.test(rule))) ? "IPsec" : undefined;
}
