import { dnsNodes } from "./dns.ts";
import type { Random } from "./random.ts";
import type { Serves, Topology } from "./topology.ts";

/** What a pod's container runs: the lab's server, the DNS server, nothing that listens (agents, kube-proxy), or its own command. */
export type Workload = "server" | "dns" | "idle" | "command";

/** A pod that a topology asks for, before it has an address and ids. */
export type PodWish = {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner?: { kind: string; name: string };
  readonly workload: Workload;
  readonly serves: readonly Serves[];
  readonly container: string;
  readonly image: string;
  readonly hostNetwork?: boolean;
  readonly priorityClassName?: string;
};

/** Every pod of a lab: those of the topology, the DNS servers, and the DaemonSets' pods. */
export function allWishes(topology: Topology, random: Random): PodWish[] {
  return [
    ...podWishes(topology),
    ...deploymentWishes(topology, random),
    ...dnsWishes(topology, random),
    ...hostWishes(topology, random),
  ];
}

const imageOf = (serves: readonly Serves[]): string =>
  serves.some(({ protocol }) => protocol === "http")
    ? "docker.io/library/nginx:1.29.1"
    : "docker.io/library/busybox:1.37.0";

function podWishes(topology: Topology): PodWish[] {
  return topology.pods.map(({ name, namespace, node, serves, labels }, index) => {
    const app = name.replace(/-\d+$/, "");
    return {
      namespace,
      name,
      node: node ?? topology.nodes[index % topology.nodes.length] ?? "",
      labels: labels ?? { app },
      workload: serves.length === 0 ? "idle" : "server",
      serves,
      container: app,
      image: imageOf(serves),
    };
  });
}

function deploymentWishes(topology: Topology, random: Random): PodWish[] {
  return topology.deployments.flatMap(({ name, namespace, replicas, nodes = topology.nodes, serves, labels }) => {
    const hash = random.suffix(10);
    return Array.from({ length: replicas }, (_, index) => ({
      namespace,
      name: `${name}-${hash}-${random.suffix(5)}`,
      node: nodes[index % nodes.length] ?? "",
      labels: { ...(labels ?? { app: name }), "pod-template-hash": hash },
      owner: { kind: "ReplicaSet", name: `${name}-${hash}` },
      workload: serves.length === 0 ? ("idle" as const) : ("server" as const),
      serves,
      container: name,
      image: imageOf(serves),
    }));
  });
}

function dnsWishes(topology: Topology, random: Random): PodWish[] {
  const hash = random.suffix(10);
  return dnsNodes(topology.nodes).map((node) => ({
    namespace: "kube-system",
    name: `coredns-${hash}-${random.suffix(5)}`,
    node,
    labels: { "k8s-app": "kube-dns", "pod-template-hash": hash },
    owner: { kind: "ReplicaSet", name: `coredns-${hash}` },
    workload: "dns",
    serves: [],
    container: "coredns",
    image: "registry.k8s.io/coredns/coredns:v1.12.1",
    priorityClassName: "system-cluster-critical",
  }));
}

/** The DaemonSets: netcheck's agent and kube-proxy, both in the node's own network. */
function hostWishes(topology: Topology, random: Random): PodWish[] {
  return topology.nodes.flatMap((node) => [
    {
      namespace: "netcheck",
      name: `netcheck-agent-${random.suffix(5)}`,
      node,
      labels: { "app.kubernetes.io/name": "netcheck-agent" },
      owner: { kind: "DaemonSet", name: "netcheck-agent" },
      workload: "idle" as const,
      serves: [],
      container: "agent",
      image: "ghcr.io/netcheck/agent:0.1.0",
      hostNetwork: true,
    },
    {
      namespace: "kube-system",
      name: `kube-proxy-${random.suffix(5)}`,
      node,
      labels: { "k8s-app": "kube-proxy" },
      owner: { kind: "DaemonSet", name: "kube-proxy" },
      workload: "idle" as const,
      serves: [],
      container: "kube-proxy",
      image: "registry.k8s.io/kube-proxy:v1.34.1",
      hostNetwork: true,
      priorityClassName: "system-node-critical",
    },
  ]);
}
