import type { z } from "zod";
import type { DataPlane, dataPlanesSchema, NodePlane } from "./data-plane.ts";
import { inWords, type Language, listed, type Sentence, say, type Text, type Value } from "./sentence.ts";

/** One line for each different state: "node-1 and node-2: Calico, IPIP, routed veth, kube-proxy with nft, NodeLocal DNS". */
export function planesInWords(
  all: readonly NodePlane[],
  language: Language | undefined,
): z.infer<typeof dataPlanesSchema> {
  return [...Map.groupBy(all, ({ plane }) => JSON.stringify(plane)).values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const nodes = same.map(({ node }) => node);
    const what = partsOf(first.plane).reduceRight((rest, part) => say("{part}, {rest}", { part, rest }));
    const text = inWords(say("{nodes}: {what}", { nodes: listed(nodes), what }), language);
    return [{ nodes, text, ...first.plane }];
  });
}

const BETWEEN: Readonly<Record<NonNullable<DataPlane["between"]>[number], Text>> = {
  VXLAN: "VXLAN",
  Geneve: "Geneve",
  IPIP: "IPIP",
  GRE: "GRE",
  WireGuard: "WireGuard",
  bgp: say("routes by BGP"),
  "host-routes": say("routes of the nodes"),
  cloud: say("routes of the cloud"),
  "nodes-network": say("on the nodes' own network"),
};

const CABLES: Readonly<Record<NonNullable<DataPlane["cable"]>, Text>> = {
  bridge: say("veth in a bridge"),
  routed: say("routed veth"),
  netkit: "netkit",
  "open-vswitch": say("veth in Open vSwitch"),
  macvlan: "macvlan",
  ipvlan: "ipvlan",
};

const SERVICES: Readonly<Record<NonNullable<DataPlane["services"]>, Sentence>> = {
  iptables: say("kube-proxy with {mode}", { mode: "iptables" }),
  nft: say("kube-proxy with {mode}", { mode: "nft" }),
  IPVS: say("kube-proxy with {mode}", { mode: "IPVS" }),
  eBPF: say("Services by eBPF"),
  nobody: say("no Service rules in the packet filter"),
};

function partsOf(plane: DataPlane): readonly Value[] {
  const { network, contradicting, between, encrypted, cable, services, nodeLocalDns, families, nics } = plane;
  return [
    network.length > 0
      ? listed(network)
      : contradicting
        ? say("pod network not recognised (signs of {networks})", { networks: listed(contradicting) })
        : say("pod network not recognised"),
    ...(between === undefined
      ? []
      : [between.length > 0 ? listed(between.map((way) => BETWEEN[way])) : say("way between nodes not recognised")]),
    ...(encrypted ? [say("encrypted with {what}", { what: encrypted })] : []),
    ...(cable ? [CABLES[cable]] : []),
    services ? SERVICES[services] : say("Services not recognised"),
    ...(nodeLocalDns === "listens" ? ["NodeLocal DNS"] : []),
    ...(nodeLocalDns === "silent" ? [say("NodeLocal DNS without a listener")] : []),
    ...(families.length > 0 ? [listed(families)] : []),
    ...(nics ? [say("{count} NICs ({nics})", { count: nics.length, nics: listed(nics) })] : []),
    ...(plane.furtherInterfaces ? [say("pods with further interfaces")] : []),
  ];
}
