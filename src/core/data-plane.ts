import { z } from "zod";
import type { Device as Addressed } from "./addresses.ts";
import { hostEnd } from "./capture-points.ts";
import type { Device } from "./devices.ts";
import { ofClouds, podNetwork, withEbpf } from "./pod-networks.ts";
import { ipBits, lookUp, type Route } from "./routes.ts";
import type { Tunnel } from "./tunnels.ts";

/**
 * What a node's data plane is: which pod network, how it carries packets, who does Services. Nothing here is a fault, and nothing is
 * guessed: what was not read, or does not go together, is not recognised.
 */

const ways = [
  "VXLAN",
  "Geneve",
  "IPIP",
  "GRE",
  "WireGuard",
  /** Routes to the other nodes' pods lead to those nodes; a BGP daemon made them, or somebody else. */
  "bgp",
  "host-routes",
  /** The cloud's network knows where each pod is: nothing on the node says so. */
  "cloud",
  /** Pods have addresses on the network of the nodes. */
  "nodes-network",
] as const;
const cables = ["bridge", "routed", "netkit", "open-vswitch", "macvlan", "ipvlan"] as const;

export const dataPlaneSchema = z.object({
  /** Names, the one that gives addresses first; several where one is chained behind another. Empty = not recognised. */
  network: z.array(z.string()),
  /** Why it was not: these all left signs of themselves. */
  contradicting: z.array(z.string()).optional(),
  /** How packets go to pods of other nodes; empty = not recognised, absent = no such pod was looked at. */
  between: z.array(z.enum(ways)).optional(),
  encrypted: z.enum(["WireGuard", "IPsec"]).optional(),
  /** How pods are joined to their node. */
  cable: z.enum(cables).optional(),
  /** Who sends connections to Service addresses on; absent = not recognised. */
  services: z.enum(["iptables", "nft", "IPVS", "eBPF", "nobody"]).optional(),
  /** The address of the DNS cache on the node is there, and whether anything listens at it. */
  nodeLocalDns: z.enum(["listens", "silent"]).optional(),
  /** IP families of its pods. */
  families: z.array(z.enum(["IPv4", "IPv6"])),
  /** NICs with addresses, where it has more than one. */
  nics: z.array(z.string()).optional(),
  /** A pod that was looked at has further interfaces with addresses (Multus). */
  furtherInterfaces: z.boolean().optional(),
});
export type DataPlane = z.infer<typeof dataPlaneSchema>;

/** The data planes of a report: nodes whose state is the same share one. */
export const dataPlanesSchema = z.array(dataPlaneSchema.extend({ nodes: z.array(z.string()), text: z.string() }));

/** A node and what it was recognised as. */
export type NodePlane = { readonly node: string; readonly plane: DataPlane };

/** What was read of one node, newest readings; undefined = not read. */
export type NodeFacts = {
  readonly ip: string;
  readonly devices: readonly Device[] | undefined;
  readonly tunnels: readonly Tunnel[];
  readonly addresses: readonly Addressed[] | undefined;
  readonly routes: readonly Route[] | undefined;
  /** Policy routing rules as JSON, without those that every system has. */
  readonly rules: readonly string[];
  readonly programs: readonly { readonly device: string; readonly name: string }[];
  /** Addresses at which port 53 listens; undefined = not read. */
  readonly listens53: readonly string[] | undefined;
  /** Service tables: frames of kube-proxy and how many Services hang in each. */
  readonly services: {
    readonly iptables: { readonly frame: boolean; readonly ipvs: boolean; readonly count: number } | undefined;
    readonly nft: { readonly frame: boolean; readonly count: number } | undefined;
    /** Virtual servers of the kernel. */
    readonly ipvs: number;
    /** kube-proxy pods run in the cluster, one of them on this node. */
    readonly proxyRuns: boolean;
  };
  readonly chains: readonly string[];
  readonly agents: readonly { readonly pod: string; readonly network: string }[];
  /** Its pods as far as they were looked at. */
  readonly pods: readonly {
    readonly ip: string;
    readonly devices: readonly Device[] | undefined;
    readonly addresses: readonly Addressed[] | undefined;
  }[];
  /** Addresses of pods on other nodes. */
  readonly elsewhere: readonly string[];
};

/** Undefined where next to nothing of the node was read. */
export function recogniseDataPlane(facts: NodeFacts): DataPlane | undefined {
  const { devices = [], addresses, routes, pods } = facts;
  if (!facts.devices && !routes) return undefined;
  const lines = cableEnds(facts);
  const { networks, contradicting } = podNetwork({
    cables: lines.map(({ name }) => name),
    ways: facts.elsewhere.flatMap((ip) => lookUp(routes ?? [], ip).route?.dev ?? []),
    programs: facts.programs.filter(({ device }) => lines.some(({ name }) => name === device)).map(({ name }) => name),
    devices: devices.map(({ name }) => name),
    chains: facts.chains,
    agents: facts.agents,
  });
  const between = waysBetween(facts, networks);
  const encrypted = encryption(facts, between);
  const cable = cableKind(facts, lines);
  const families = familiesOf(facts);
  const services = translator(facts, networks, families);
  const nodeLocalDns = dnsOnNode(facts);
  const nics = nicsOf(addresses, devices, facts.ip);
  const further = pods.some((pod) => interfacesOf(pod).length > 1);
  return {
    network: [...networks],
    ...(contradicting.length > 0 ? { contradicting: [...contradicting] } : {}),
    ...(between ? { between: [...between] } : {}),
    ...(encrypted ? { encrypted } : {}),
    ...(cable ? { cable } : {}),
    ...(services ? { services } : {}),
    ...(nodeLocalDns ? { nodeLocalDns } : {}),
    families: [...families],
    ...(nics.length > 1 ? { nics: [...nics] } : {}),
    ...(further ? { furtherInterfaces: true } : {}),
  };
}

/** Devices that are a pod's cable to its node. */
const CABLES = new Set(["veth", "netkit"]);

/** The node's ends of cables: those of the pods that were looked at, else of all pods. */
function cableEnds({ devices = [], pods, ip, addresses, routes }: NodeFacts): readonly Device[] {
  const looked = pods.flatMap((pod) => hostEnd(ownDevice(pod), devices) ?? []);
  if (looked.length > 0) return looked;
  // A node that is itself a container has a cable as its NIC.
  const nics = nicsOf(addresses, devices, ip);
  const uplink = lookUp(routes ?? [], "0.0.0.0").route?.dev;
  return devices.filter(
    ({ name, kind, elsewhere }) =>
      CABLES.has(kind ?? "") && elsewhere === true && !nics.includes(name) && name !== uplink,
  );
}

/** The device of a pod that has its address. */
function ownDevice({ ip, devices, addresses }: NodeFacts["pods"][number]): Device | undefined {
  const name = addresses?.find((one) => one.addresses.some((address) => address.ip === ip))?.name;
  return devices?.find((device) => device.name === name);
}

function cableKind(facts: NodeFacts, ends: readonly Device[]): DataPlane["cable"] {
  const inside = facts.pods.flatMap((pod) => ownDevice(pod)?.kind ?? []);
  const onNic = inside.find((kind) => kind === "macvlan" || kind === "ipvlan");
  const kinds = new Set(
    onNic !== undefined && ends.length === 0 ? [onNic] : ends.map((end) => endKind(end, facts.devices ?? [])),
  );
  const [kind] = kinds;
  return kinds.size === 1 ? kind : undefined;
}

function endKind({ kind, master }: Device, devices: readonly Device[]): DataPlane["cable"] {
  if (kind === "netkit") return "netkit";
  if (master === undefined) return "routed";
  const joined = devices.find(({ name }) => name === master)?.kind;
  return joined === "bridge" ? "bridge" : joined === "openvswitch" ? "open-vswitch" : undefined;
}

type Way = (typeof ways)[number];

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

function waysBetween(facts: NodeFacts, networks: readonly string[]): readonly Way[] | undefined {
  const { routes, elsewhere } = facts;
  if (!routes || elsewhere.length === 0) return undefined;
  const cloud = networks.some((name) => ofClouds.includes(name));
  const found = elsewhere.map((ip) => wayTo(ip, facts, cloud));
  // One way that cannot be told leaves the whole open.
  return found.includes(undefined) ? [] : ways.filter((way) => found.includes(way));
}

function wayTo(ip: string, { routes = [], tunnels, devices = [], addresses, ...rest }: NodeFacts, cloud: boolean) {
  const { kind: how, route } = lookUp(routes, ip);
  if (!route?.dev || how === "nothing" || how === "refused") return undefined;
  const tunnel = tunnels.find(({ name }) => name === route.dev);
  if (tunnel) return TUNNELS[tunnel.kind];
  const nic = nicsOf(addresses, devices, rest.ip).includes(route.dev);
  if (!nic) {
    // The route leads to a program (eBPF, Open vSwitch), which has one tunnel device for all nodes.
    const open = tunnels.filter(({ external, kind }) => external && (kind === "vxlan" || kind === "geneve"));
    return open.length === 1 ? TUNNELS[open[0]?.kind ?? ""] : undefined;
  }
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

function encryption({ tunnels, devices = [], rules }: NodeFacts, between: readonly Way[] | undefined) {
  const up = tunnels.some(
    ({ name, kind }) =>
      kind === "wireguard" && WIREGUARD.test(name) && devices.some((device) => device.name === name && !device.down),
  );
  if (up && !between?.includes("WireGuard")) return "WireGuard";
  return rules.some((rule) => IPSEC.every((part) => part.test(rule))) ? "IPsec" : undefined;
}

/** The device on which kube-proxy keeps all Service addresses in IPVS mode. */
const IPVS = "kube-ipvs0";

/** Who sends connections to Services on. */
function translator(
  { services, devices = [], programs }: NodeFacts,
  networks: readonly string[],
  families: DataPlane["families"],
): DataPlane["services"] {
  const { iptables, nft, ipvs, proxyRuns } = services;
  const modes = [
    ...(iptables?.ipvs || (ipvs > 0 && devices.some(({ name }) => name === IPVS)) ? (["IPVS"] as const) : []),
    ...(nft?.frame ? (["nft"] as const) : []),
    ...(iptables?.frame && iptables.count > 0 ? (["iptables"] as const) : []),
  ];
  const ebpf =
    networks.some((name) => withEbpf.includes(name)) ||
    programs.some(({ name }) => name.startsWith("cali_")) ||
    devices.some(({ name }) => name === "bpfin.cali");
  // Rules of two modes: one of them is left over. Beside eBPF they may all be, unless kube-proxy is seen to run.
  if (modes.length > 0) return modes.length === 1 && (!ebpf || proxyRuns) ? modes[0] : undefined;
  // The tables that are read are those of IPv4; somebody else's virtual servers may be Services.
  if (!iptables || !nft || ipvs > 0 || !families.includes("IPv4")) return undefined;
  return ebpf ? "eBPF" : "nobody";
}

/** NodeLocal DNSCache: kubernetes/dns cmd/node-cache (the device), kubernetes.io "Using NodeLocal DNSCache" (the address). */
const DNS = { device: "nodelocaldns", ip: "169.254.20.10" } as const;

function dnsOnNode({ addresses = [], listens53 }: NodeFacts): DataPlane["nodeLocalDns"] {
  const ips = addresses
    .filter(({ name, addresses: all }) => name === DNS.device || all.some(({ ip }) => ip === DNS.ip))
    .flatMap(({ addresses: all }) => all.map(({ ip }) => ip));
  if (ips.length === 0 || !listens53) return undefined;
  return listens53.some((ip) => ips.includes(ip) || ip === "0.0.0.0" || ip === "::" || ip === "*")
    ? "listens"
    : "silent";
}

function familiesOf({ pods }: NodeFacts): DataPlane["families"] {
  const ips = pods.flatMap((pod) => [
    pod.ip,
    ...interfacesOf(pod).flatMap(({ addresses }) => addresses.map((address) => address.ip)),
  ]);
  const has = (bits: number): boolean => ips.some((ip) => ipBits(ip)?.length === bits);
  return [...(has(32) ? (["IPv4"] as const) : []), ...(has(128) ? (["IPv6"] as const) : [])];
}

/** Kinds of devices by which a pod reaches others; of a cable the other end has to lie elsewhere. A NIC of its own has none. */
const INTERFACES = new Set([undefined, "veth", "netkit", "macvlan", "macvtap", "ipvlan", "vlan"]);

/** A pod's devices with addresses by which others reach it; programs in it may have bridges and tunnels of their own. */
export function interfacesOf({ addresses, devices }: Pick<NodeFacts["pods"][number], "addresses" | "devices">) {
  return addressed(addresses).filter(({ name }) => {
    const device = devices?.find((one) => one.name === name);
    return device !== undefined && INTERFACES.has(device.kind) && (!CABLES.has(device.kind ?? "") || device.elsewhere);
  });
}

function addressed(addresses: readonly Addressed[] | undefined): readonly Addressed[] {
  return (addresses ?? []).filter(({ name, addresses: all }) => name !== "lo" && all.length > 0);
}

/** What carries a node's own addresses to the outside: NICs, bonds of them and VLANs on them, and what has the node's address. */
const OUTWARDS = new Set([undefined, "bond", "team", "vlan"]);

function nicsOf(
  addresses: readonly Addressed[] | undefined,
  devices: readonly Device[],
  nodeIp: string,
): readonly string[] {
  return addressed(addresses)
    .filter(({ name, addresses: all }) => {
      const device = devices.find((one) => one.name === name);
      return all.some(({ ip }) => ip === nodeIp) || (device !== undefined && OUTWARDS.has(device.kind));
    })
    .map(({ name }) => name);
}
