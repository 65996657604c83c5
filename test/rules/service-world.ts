import type { ClusterView, PodView } from "#src/core/cluster-view.ts";
import { cluster, type Fault, type Packet, type Scene, type World } from "../core/simulate.ts";

type Services = NonNullable<World["services"]>;

/** Three nodes, the name server's Service, which every pod needs, and one Service of the shop with two backends. */
export const dns = { name: "kube-system/kube-dns", ip: "10.96.0.10", port: 53, targetPort: 53 } as const;
export const shop = { name: "shop/cart", ip: "10.96.7.7", port: 80, targetPort: 7001 } as const;
const three = cluster(3);
const dnsPod = { name: "kube-system/coredns-x", node: "bern", ip: "10.42.2.53", port: 53 };
export const services: Services = [
  { ...dns, backends: [dnsPod.name] },
  { ...shop, backends: ["shop/cart-1", "shop/cart-2"], selector: { app: "cart" } },
];
export const world: World = {
  ...three,
  pods: [...three.pods.map((pod) => (pod.name.includes("cart") ? { ...pod, labels: { app: "cart" } } : pod)), dnsPod],
  services,
};

/** The NAT table of a node on which kube-proxy wrote these Services; `more` are addresses nobody else knows of. */
export function natTable(known: Services, more: readonly string[] = []): string {
  const ips = (backends: readonly string[]) => [
    ...world.pods.filter(({ name }) => backends.includes(name)).map(({ ip }) => ip),
    ...more,
  ];
  const lines = known.flatMap(({ ip, port, targetPort, backends }, n) => [
    `-A KUBE-SERVICES -d ${ip}/32 -p tcp -m tcp --dport ${port} -j KUBE-SVC-${n}`,
    ...ips(backends).flatMap((backend, index) => [
      `-A KUBE-SVC-${n} -j KUBE-SEP-${n}${index}`,
      `-A KUBE-SEP-${n}${index} -p tcp -m tcp -j DNAT --to-destination ${backend}:${targetPort}`,
    ]),
  ]);
  return `*nat\n:KUBE-SERVICES - [0:0]\n${lines.join("\n")}\nCOMMIT\n`;
}

/** What the packet filter of each node holds; all Services where nothing else is said. */
export const tables =
  (of: Readonly<Record<string, string>> = {}): NonNullable<Scene["facts"]> =>
  (at, probe) => {
    if (probe === "service-rules") return of[at.node] ?? natTable(services);
    return probe === "service-rules-nft" ? '{"nftables": []}' : undefined;
  };

/** Connects to Service addresses from a node vanish. */
export const noService =
  (node: string, ip?: string): Fault =>
  ({ leg, fromNode, way }: Packet) =>
    leg.scope === "service" && way === "request" && fromNode === node && (ip === undefined || leg.toIp === ip)
      ? { lost: true }
      : undefined;

/** A view with a kube-proxy pod on each node; `change` alters that of one. */
export function withProxies(
  view: ClusterView,
  changes: Readonly<Record<string, Partial<PodView> | "none">> = {},
): ClusterView {
  const proxies = view.nodes.flatMap(({ name, ip }): PodView[] => {
    const change = changes[name];
    if (change === "none") return [];
    return [
      {
        namespace: "kube-system",
        name: `kube-proxy-${name}`,
        uid: `proxy-${name}`,
        node: name,
        ip,
        hostNetwork: true,
        phase: "Running",
        ready: true,
        labels: { "k8s-app": "kube-proxy" },
        priorityClassName: "system-node-critical",
        containers: [
          { name: "kube-proxy", ports: [], restarts: 0, state: "running", startedAtMs: view.atMs - 86_400_000 },
        ],
        ...change,
      },
    ];
  });
  return { ...view, pods: [...view.pods, ...proxies] };
}

export const pending: Partial<PodView> = {
  node: undefined as unknown as string,
  wantsNode: "ulm",
  phase: "Pending",
  ready: false,
  priorityClassName: undefined as unknown as string,
  unscheduled: {
    reason: "Unschedulable",
    message: "0/3 nodes are available: 1 Insufficient cpu.",
    sinceMs: 1_799_999_000_000,
  },
  containers: [{ name: "kube-proxy", ports: [], restarts: 0, state: "unknown" }],
};
export const crashing: Partial<PodView> = {
  ready: false,
  containers: [{ name: "kube-proxy", ports: [], restarts: 41, state: "waiting", reason: "CrashLoopBackOff" }],
};
export const evicted: Partial<PodView> = {
  phase: "Failed",
  ready: false,
  reason: "Evicted",
  message: "The node was low on resource: memory. ",
  containers: [{ name: "kube-proxy", ports: [], restarts: 0, state: "terminated" }],
};
