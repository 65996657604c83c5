/**
 * Which pod network a node has. What is in use decides: the node's end of pods' cables, the device that leads to pods elsewhere,
 * programs on the cables. Devices, chains and labels that are merely there may be left over from another one; they confirm, and
 * decide only where nothing in use has a name.
 */

/** What one node shows of its pod network. */
export type NetworkSigns = {
  /** The node's ends of pods' cables. */
  readonly cables: readonly string[];
  /** Devices by which it sends to pods of other nodes. */
  readonly ways: readonly string[];
  /** BPF programs on the cables, by their names. */
  readonly programs: readonly string[];
  /** All devices of the node. */
  readonly devices: readonly string[];
  /** Chains in its NAT table, by the names with which their owners begin them. */
  readonly chains: readonly string[];
  /** Pods of agents on it, by the network that their labels tell. */
  readonly agents: readonly { readonly pod: string; readonly network: string }[];
};

/** `networks` is empty where none was recognised; `contradicting` are those whose signs do not go together. */
export type PodNetwork = { readonly networks: readonly string[]; readonly contradicting: readonly string[] };

type Known = {
  readonly name: string;
  /** As `network-agents` names it. */
  readonly agent: string;
  readonly cable?: RegExp;
  readonly device?: RegExp;
  readonly program?: RegExp;
  readonly chain?: RegExp;
};

/**
 * Names that are theirs alone. Sources: projectcalico/calico felix/dataplane/linux/dataplanedefs/dataplane_defs.go (devices),
 * felix/bpf-gpl/tc_preamble.c (programs), felix/rules/rule_defs.go (chains, `cali` cables); cilium/cilium pkg/defaults/node.go
 * (devices), bpf/bpf_lxc.c (programs; before 1.12 by section: from-container), pkg/datapath/iptables (chains);
 * aws/amazon-vpc-cni-k8s README (AWS_VPC_K8S_CNI_VETHPREFIX is `eni`) and pkg/networkutils/network.go (chains); flannel-io/flannel
 * pkg/backend (devices), pkg/trafficmngr/iptables (chains); kubernetes-sigs/kind images/kindnetd/cmd/kindnetd/masq.go;
 * Azure/azure-container-networking network/endpoint_linux.go. Those without names here are known by their agents alone.
 */
const KNOWN: readonly Known[] = [
  {
    name: "Calico",
    agent: "calico",
    cable: /^cali/,
    device: /^(vxlan(-v6)?\.calico|wireguard\.cali|wg-v6\.cali|bpfin\.cali)$/,
    program: /^cali_/,
    chain: /^cali-$/,
  },
  {
    name: "Cilium",
    agent: "cilium",
    cable: /^lxc/,
    device: /^cilium_(host|net|vxlan|geneve|wg0)$/,
    program: /^(cil_|(from|to)-container)/,
    chain: /^(OLD_)?CILIUM_$/,
  },
  { name: "AWS VPC CNI", agent: "aws-vpc-cni", cable: /^eni[0-9a-f]/, chain: /^AWS-$/ },
  { name: "Azure CNI", agent: "azure-cni", cable: /^azv[0-9a-f]/ },
  { name: "flannel", agent: "flannel", device: /^flannel[.-]/, chain: /^FLANNEL-$/ },
  { name: "kindnet", agent: "kindnet", chain: /^KIND-$/ },
  { name: "Antrea", agent: "antrea", device: /^antrea-gw0$/, chain: /^ANTREA-$/ },
  { name: "Weave Net", agent: "weave", device: /^weave$/, chain: /^WEAVE$/ },
  { name: "OVN-Kubernetes", agent: "ovn-kubernetes", device: /^ovn-k8s-mp0$/ },
  { name: "Kube-OVN", agent: "kube-ovn", device: /^ovn0$/ },
  { name: "kube-router", agent: "kube-router", device: /^kube-bridge$/ },
];

/** Chains by which `KNOWN` tells owners, as `iptables-save` names them. */
const OWNED = /^:(cali-|(?:OLD_)?CILIUM_|AWS-|FLANNEL-|KIND-|ANTREA-|WEAVE)/gm;

/** Owners of the chains in what `iptables-save` prints, by the begins of their names. */
export function chainOwners(saved: string): readonly string[] {
  return [...new Set([...saved.matchAll(OWNED)].map(([, begin = ""]) => begin))].toSorted();
}

/** The data plane of Google is Cilium under another name: its agents are pods of a DaemonSet `anetd` with Cilium's label. */
const GKE = { pod: /\/anetd-/, name: "GKE Dataplane V2" } as const;

/** Pods have addresses of the cloud's own network, which knows the way to them. */
export const ofClouds: readonly string[] = ["AWS VPC CNI", "Azure CNI", GKE.name];

/** They translate Service addresses in eBPF where nobody else does. */
export const withEbpf: readonly string[] = ["Cilium", GKE.name];

export function podNetwork(signs: NetworkSigns): PodNetwork {
  const { cables, ways, programs, devices, chains, agents } = signs;
  const owners = (what: "cable" | "device" | "program" | "chain", names: readonly string[]): readonly string[] =>
    KNOWN.filter((one) => names.some((name) => one[what]?.test(name))).map(({ name }) => name);
  const labelled = KNOWN.filter(({ agent }) => agents.some(({ network }) => network === agent)).map(({ name }) => name);
  const present = distinct([...owners("device", devices), ...owners("chain", chains)]);
  const programmed = owners("program", programs);
  // Others may begin the names of their cables alike (Terway's with cali, LXC's with lxc): one more sign is wanted.
  const cabled = owners("cable", cables).filter((name) => [...present, ...programmed, ...labelled].includes(name));
  const carried = distinct([...cabled, ...owners("device", ways)]);
  // Behind a cloud's network it may be chained: its programs, which would tell, are not always listed.
  const chained = ["Cilium"].filter(
    (name) => carried.some((one) => ofClouds.includes(one)) && present.includes(name) && labelled.includes(name),
  );
  const isCanal = same(carried, ["Calico", "flannel"]);
  if (carried.length > 1 && !isCanal) return contradiction(carried);
  const used = distinct([...carried, ...programmed, ...chained]);
  const found = used.length > 0 ? used : fallback(present, labelled);
  if (found.length > 0 && labelled.length > 0 && !found.some((name) => labelled.includes(name)))
    return contradiction(distinct([...found, ...labelled]));
  if (used.length === 0 && found.length > 1) return contradiction(found);
  if (isCanal) return { networks: ["Canal", ...found.filter((name) => !carried.includes(name))], contradicting: [] };
  const gke = agents.some(({ pod }) => GKE.pod.test(pod));
  return {
    networks: found.map((name) => (gke && name === "Cilium" ? GKE.name : name)),
    contradicting: [],
  };
}

/** Nothing in use has a name of its own, as with a bridge: what is there, and of several the one whose agent runs. */
function fallback(present: readonly string[], labelled: readonly string[]): readonly string[] {
  if (present.length === 0) return labelled;
  const both = present.filter((name) => labelled.includes(name));
  return both.length === 1 ? both : present;
}

const contradiction = (networks: readonly string[]): PodNetwork => ({ networks: [], contradicting: networks });
const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)];
const same = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one));
