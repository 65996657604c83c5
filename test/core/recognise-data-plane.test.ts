import { expect, test } from "vitest";
import type { DataPlane, NodeFacts } from "#src/core/data-plane.ts";
import { planesInWords } from "#src/core/data-plane-text.ts";
import { chainOwners, podNetwork } from "#src/core/pod-networks.ts";
import { recogniseDataPlane } from "#src/core/recognise-data-plane.ts";

const nothing: NodeFacts = {
  ip: "fd00:20::20",
  devices: undefined,
  tunnels: [],
  addresses: undefined,
  routes: undefined,
  rules: [],
  programs: [],
  listens53: undefined,
  services: { iptables: undefined, nft: undefined, ipvs: 0, proxyRuns: false },
  chains: [],
  agents: [],
  pods: [],
  elsewhere: [],
};
const ens5 = { name: "ens5", index: 2, mtu: 1500 };
const addressOf = (name: string, ...ips: readonly string[]) => ({
  name,
  mtu: 1500,
  up: true,
  addresses: ips.map((ip) => ({ ip, prefix: 64, dynamic: false, secondary: false })),
});
const table = { table: "main", metric: 0, type: "unicast" };

test("a cluster of IPv6 alone: its routes are followed, and tables of IPv4 say nothing about its Services", () => {
  const plane = recogniseDataPlane({
    ...nothing,
    devices: [ens5],
    addresses: [addressOf("ens5", "fd00:20::20")],
    routes: [
      { dst: "default", gateway: "fd00:20::1", dev: "ens5", ...table },
      { dst: "fd00:42:0:1::/64", gateway: "fd00:20::21", dev: "ens5", protocol: "bird", ...table },
    ],
    services: {
      ...nothing.services,
      iptables: { frame: false, ipvs: false, count: 0, whole: true },
      nft: { frame: false, count: 0 },
    },
    agents: [{ pod: "kube-system/calico-node-x", network: "calico" }],
    pods: [{ ip: "fd00:42::5", devices: undefined, addresses: [addressOf("eth0", "fd00:42::5")] }],
    elsewhere: ["fd00:42:0:1::7"],
  });
  expect(plane).toEqual({ network: ["Calico"], between: ["bgp"], families: ["IPv6"] });
});

test("pods on the network of the nodes", () => {
  const pod = { name: "eth0", index: 2, mtu: 1500, kind: "ipvlan" };
  const plane = recogniseDataPlane({
    ...nothing,
    ip: "192.0.2.20",
    devices: [ens5],
    addresses: [addressOf("ens5", "192.0.2.20")],
    routes: [{ dst: "192.0.2.0/24", dev: "ens5", protocol: "kernel", ...table }],
    pods: [{ ip: "192.0.2.70", devices: [pod], addresses: [addressOf("eth0", "192.0.2.70")] }],
    elsewhere: ["192.0.2.90"],
  });
  expect(plane).toEqual({ network: [], between: ["nodes-network"], cable: "ipvlan", families: ["IPv4"] });
});

test("where a program gives the far end, the one tunnel device it has is the way; of two it is not known which", () => {
  const open = (name: string, kind: string) => ({ name, kind, external: true });
  const facts = {
    ...nothing,
    ip: "192.0.2.20",
    devices: [ens5, { name: "antrea-gw0", index: 4, mtu: 1450, kind: "openvswitch" }],
    addresses: [addressOf("ens5", "192.0.2.20"), addressOf("antrea-gw0", "10.42.0.1")],
    routes: [{ dst: "10.42.1.0/24", gateway: "10.42.1.1", dev: "antrea-gw0", ...table }],
    elsewhere: ["10.42.1.5"],
  };
  const between = (...tunnels: NodeFacts["tunnels"]) => recogniseDataPlane({ ...facts, tunnels })?.between;
  expect(between(open("genev_sys_6081", "geneve"))).toEqual(["Geneve"]);
  expect(between(open("genev_sys_6081", "geneve"), open("vxlan_sys_4789", "vxlan"))).toEqual([]);
  expect(between()).toEqual([]);
});

const bare = { cables: [], ways: [], programs: [], devices: [], chains: [], agents: [] };

test.each<{ name: string; signs: Partial<Parameters<typeof podNetwork>[0]>; networks: readonly string[] }>([
  { name: "nothing", signs: {}, networks: [] },
  { name: "a cable's name alone", signs: { cables: ["lxc1"] }, networks: [] },
  {
    name: "a cable's name and the agent",
    signs: { cables: ["azv768e8de"], agents: [agent("azure-cni")] },
    networks: ["Azure CNI"],
  },
  { name: "a device alone", signs: { devices: ["ovn-k8s-mp0"] }, networks: ["OVN-Kubernetes"] },
  { name: "devices of two", signs: { devices: ["weave", "antrea-gw0"] }, networks: [] },
  {
    name: "devices of two and the agent of one",
    signs: { devices: ["weave", "antrea-gw0"], agents: [agent("antrea")] },
    networks: ["Antrea"],
  },
  {
    name: "a cloud's cable, with Cilium's device and agent behind it",
    signs: { cables: ["eni0a"], devices: ["cilium_host"], agents: [agent("aws-vpc-cni"), agent("cilium")] },
    networks: ["AWS VPC CNI", "Cilium"],
  },
  {
    name: "a cloud's cable, and Cilium's device left over",
    signs: { cables: ["eni0a"], devices: ["cilium_host"], agents: [agent("aws-vpc-cni")] },
    networks: ["AWS VPC CNI"],
  },
  { name: "agents of two and nothing else", signs: { agents: [agent("antrea"), agent("weave")] }, networks: [] },
  { name: "an agent that nobody knows more of", signs: { agents: [agent("kube-router")] }, networks: ["kube-router"] },
])("the pod network by $name", ({ signs, networks }) => {
  expect(podNetwork({ ...bare, ...signs }).networks).toEqual(networks);
});

function agent(network: string) {
  return { pod: `kube-system/${network}-x`, network };
}

test("chains tell their owners once each, those of Kubernetes tell nobody", () => {
  const saved =
    "*nat\n:KUBE-SERVICES - [0:0]\n:cali-OUTPUT - [0:0]\n:cali-POSTROUTING - [0:0]\n:AWS-SNAT-CHAIN-0 - [0:0]\n";
  expect(chainOwners(saved)).toEqual(["AWS-", "cali-"]);
});

test("the line reads in Chinese, and nodes of one state share it", () => {
  const plane: DataPlane = {
    network: ["AWS VPC CNI", "Cilium"],
    between: ["cloud"],
    encrypted: "WireGuard",
    cable: "routed",
    services: "nft",
    nodeLocalDns: "silent",
    families: ["IPv4", "IPv6"],
    nics: ["ens5", "ens6"],
  };
  const lines = planesInWords(
    [
      { node: "ulm", plane },
      { node: "graz", plane: { network: [], contradicting: ["Calico", "Cilium"], families: [] } },
      { node: "bern", plane },
    ],
    "zh",
  );
  expect(lines.map(({ text }) => text)).toEqual([
    "ulm 和 bern：AWS VPC CNI 和 Cilium，云平台路由，以 WireGuard 加密，路由式 veth，kube-proxy（nft），NodeLocal DNS 地址无人监听，IPv4 和 IPv6，2 张网卡（ens5 和 ens6）",
    "graz：未识别 pod 网络（有 Calico 和 Cilium 的迹象），未识别 Service 的处理方式",
  ]);
});
