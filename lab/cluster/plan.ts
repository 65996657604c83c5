import { type Addresses, drawAddresses, prefixLengths } from "./addresses.ts";
import type { LabContainer, LabDaemonSet, LabDeployment, LabNode, LabPod, LabService, PodOrder } from "./model.ts";
import { allWishes, type PodWish, type Workload } from "./pod-wishes.ts";
import { type Random, seededRandom } from "./random.ts";
import type { Serves, Topology } from "./topology.ts";

export type PlannedNode = {
  readonly node: LabNode;
  readonly index: number;
  /** Its port on the switch, the other end of its NIC. */
  readonly port: string;
  /** How its pods' addresses begin; the number of a pod is all that is missing. */
  readonly podPrefix: string;
};

export type PlannedPod = {
  readonly pod: LabPod;
  readonly serves: readonly Serves[];
  readonly workload: Workload;
  readonly sandboxId: string;
  /** The end of its cable in the node; absent for pods in the node's own network. */
  readonly veth?: string;
};

/** Everything about a lab that is decided before anything exists. */
export type ClusterPlan = {
  readonly addresses: Addresses;
  readonly overlay: Topology["overlay"];
  readonly serviceProxy: Topology["serviceProxy"];
  readonly icmpRateLimit: Topology["icmpRateLimit"];
  /** The tunnel device; undefined with host-gw, where there is none. */
  readonly tunnel: string | undefined;
  readonly nodes: readonly PlannedNode[];
  readonly pods: readonly PlannedPod[];
  readonly services: readonly LabService[];
  readonly deployments: readonly LabDeployment[];
  readonly daemonSets: readonly LabDaemonSet[];
  readonly random: Random;
};

const VXLAN_OVERHEAD_BYTES = { ipv4: 50, ipv6: 70 } as const;

/** What the pod network's tunnel puts around a packet; 0 where there is none. */
export const tunnelBytes = ({ overlay, addresses }: Pick<ClusterPlan, "overlay" | "addresses">): number =>
  overlay === "vxlan" ? VXLAN_OVERHEAD_BYTES[addresses.family] : 0;
export const podMtu = (plan: Pick<ClusterPlan, "overlay" | "addresses">): number => 1500 - tunnelBytes(plan);

/** Turns a topology into objects with addresses and ids. Deterministic: the same seed and time give the same plan. */
export function planCluster(topology: Topology, { seed, nowMs }: { seed: number; nowMs: number }): ClusterPlan {
  const random = seededRandom(seed);
  const addresses = drawAddresses(topology.nodes.length, topology.ipFamily, random);
  const nodes = topology.nodes.map((name, index) => planNode(name, index, { addresses, random, nowMs }));
  const deployments = topology.deployments.map(({ name, namespace, replicas, labels }) => ({
    namespace,
    name,
    uid: random.uuid(),
    replicas,
    selector: labels ?? { app: name },
  }));
  const daemonSets = [
    {
      namespace: "netcheck",
      name: "netcheck-agent",
      uid: random.uuid(),
      selector: { "app.kubernetes.io/name": "netcheck-agent" },
    },
    { namespace: "kube-system", name: "kube-proxy", uid: random.uuid(), selector: { "k8s-app": "kube-proxy" } },
  ];
  const wishes = allWishes(topology, random);
  const dns = {
    namespace: "kube-system",
    name: "coredns",
    uid: random.uuid(),
    replicas: wishes.filter(({ workload }) => workload === "dns").length,
    selector: { "k8s-app": "kube-dns" },
  };
  const nextHost = new Map(nodes.map(({ node }) => [node.name, random.between(2, 30)]));
  const pods = wishes.map((wish) => planPod(wish, { nodes, nextHost, random, nowMs }));
  return {
    addresses,
    overlay: topology.overlay,
    serviceProxy: topology.serviceProxy,
    icmpRateLimit: topology.icmpRateLimit,
    tunnel:
      topology.overlay === "vxlan" ? `flannel${addresses.family === "ipv4" ? "" : "-v6"}.${addresses.vni}` : undefined,
    nodes,
    pods,
    services: planServices(topology, pods, { addresses, random }),
    deployments: [...deployments, dns],
    daemonSets,
    random,
  };
}

type Drawing = { readonly addresses: Addresses; readonly random: Random; readonly nowMs: number };

function planNode(name: string, index: number, { addresses, random, nowMs }: Drawing): PlannedNode {
  const podPrefix = addresses.podPrefixes[index] ?? "";
  return {
    index,
    port: `p-n${index + 1}`,
    podPrefix,
    node: {
      name,
      ip: addresses.nodeIps[index] ?? "",
      podCidr: `${podPrefix}${addresses.family === "ipv4" ? "0" : ""}/${prefixLengths(addresses.family).net}`,
      bootId: random.uuid(),
      ready: "True",
      readyReason: "KubeletReady",
      leaseRenewedAtMs: nowMs,
      createdAtMs: nowMs,
    },
  };
}

type PodDrawing = {
  readonly nodes: readonly PlannedNode[];
  readonly nextHost: Map<string, number>;
  readonly random: Random;
  readonly nowMs: number;
};

function planPod(wish: PodWish, { nodes, nextHost, random, nowMs }: PodDrawing): PlannedPod {
  const planned = nodes.find(({ node }) => node.name === wish.node);
  if (planned === undefined) throw new Error(`no node ${wish.node} for pod ${wish.name}`);
  const host = nextHost.get(wish.node) ?? 2;
  if (!wish.hostNetwork) nextHost.set(wish.node, host + 1);
  const container: LabContainer = {
    name: wish.container,
    image: wish.image,
    containerId: random.hex(64),
    ports: portsOf(wish),
    state: "waiting",
    reason: "ContainerCreating",
    restarts: 0,
    startedAtMs: nowMs,
    log: [],
  };
  return {
    pod: {
      namespace: wish.namespace,
      name: wish.name,
      uid: random.uuid(),
      node: wish.node,
      ip: wish.hostNetwork ? planned.node.ip : podIp(planned, host),
      hostNetwork: wish.hostNetwork ?? false,
      labels: wish.labels,
      ...(wish.priorityClassName === undefined ? {} : { priorityClassName: wish.priorityClassName }),
      ...(wish.owner === undefined ? {} : { owner: wish.owner }),
      phase: "Pending",
      ready: false,
      createdAtMs: nowMs,
      containers: [container],
    },
    serves: wish.serves,
    workload: wish.workload,
    sandboxId: random.hex(64),
    ...(wish.hostNetwork ? {} : { veth: `veth${random.hex(8)}` }),
  };
}

/** The same pod made anew on another node: with another uid, address, sandbox and container. */
export function replanned(
  { pod, serves, workload }: PlannedPod,
  planned: PlannedNode,
  { taken, random }: { readonly taken: readonly PlannedPod[]; readonly random: Random },
): PlannedPod {
  const hosts = taken.flatMap((one) =>
    one.pod.node === planned.node.name && one.veth ? podNumber(planned, one.pod.ip) : [],
  );
  const nowMs = Date.now();
  return {
    pod: {
      ...pod,
      uid: random.uuid(),
      node: planned.node.name,
      ip: podIp(planned, Math.max(1, ...hosts) + 1),
      phase: "Pending",
      ready: false,
      createdAtMs: nowMs,
      containers: pod.containers.map((container) => ({
        ...container,
        containerId: random.hex(64),
        state: "waiting",
        reason: "ContainerCreating",
        restarts: 0,
        startedAtMs: nowMs,
        log: [],
      })),
    },
    serves,
    workload,
    sandboxId: random.hex(64),
    veth: `veth${random.hex(8)}`,
  };
}

/** A pod that was asked for through the API, with an address of its node; without one when no node has room for it. */
export function planOrdered(
  { namespace, name, labels, written, container }: PodOrder,
  node: PlannedNode | undefined,
  {
    pods,
    given,
    random,
  }: {
    readonly pods: readonly LabPod[];
    /** The last address that each node gave, by its end; it is changed. */
    readonly given: Map<string, number>;
    readonly random: Random;
  },
): PlannedPod {
  const nowMs = Date.now();
  return {
    pod: {
      ...{ namespace, name, labels, written },
      uid: random.uuid(),
      node: node?.node.name ?? "",
      ip: node === undefined ? "" : freeIp(node, { pods, given }),
      hostNetwork: false,
      phase: "Pending",
      ready: false,
      createdAtMs: nowMs,
      containers: [
        {
          ...container,
          containerId: random.hex(64),
          state: "waiting",
          reason: "ContainerCreating",
          restarts: 0,
          startedAtMs: nowMs,
          log: [],
        },
      ],
    },
    serves: [],
    workload: "command",
    sandboxId: random.hex(64),
    veth: `veth${random.hex(8)}`,
  };
}

/**
 * As host-local draws it: after the last one that was given, so that nobody's neighbour table still has the address of a pod
 * that has gone.
 */
function freeIp(
  planned: PlannedNode,
  { pods, given }: { readonly pods: readonly LabPod[]; readonly given: Map<string, number> },
): string {
  const hosts = pods.flatMap((pod) =>
    pod.node === planned.node.name && !pod.hostNetwork ? [podNumber(planned, pod.ip)] : [],
  );
  const last = given.get(planned.node.name) ?? Math.max(1, ...hosts);
  const order = Array.from({ length: 253 }, (_, index) => 2 + ((last - 1 + index) % 253));
  const host = order.find((one) => !hosts.includes(one));
  if (host === undefined) throw new Error(`no addresses are left on ${planned.node.name}`);
  given.set(planned.node.name, host);
  return podIp(planned, host);
}

const radix = (prefix: string): number => (prefix.includes(":") ? 16 : 10);
export const podIp = ({ podPrefix }: PlannedNode, number: number): string =>
  `${podPrefix}${number.toString(radix(podPrefix))}`;
const podNumber = ({ podPrefix }: PlannedNode, ip: string): number =>
  Number.parseInt(ip.slice(podPrefix.length), radix(podPrefix));

function portsOf({ workload, serves }: PodWish): LabContainer["ports"] {
  if (workload === "dns")
    return [
      { port: 53, protocol: "UDP", name: "dns" },
      { port: 53, protocol: "TCP", name: "dns-tcp" },
    ];
  return serves.map(({ port, protocol }) => ({
    port,
    protocol: protocol === "udp" ? "UDP" : "TCP",
    name: protocol === "http" ? "http" : `${protocol}-${port}`,
  }));
}

function planServices(
  topology: Topology,
  pods: readonly PlannedPod[],
  { addresses, random }: { addresses: Addresses; random: Random },
): LabService[] {
  const used = new Set([addresses.dnsIp]);
  const draw = (): string => {
    for (;;) {
      const ip = addresses.serviceIp(random.between(0, 255), random.between(11, 254));
      if (!used.has(ip)) {
        used.add(ip);
        return ip;
      }
    }
  };
  const usedPorts = new Set(topology.services.map(({ nodePort }) => nodePort));
  const drawNodePort = (): number => {
    for (;;) {
      const port = random.between(30_000, 32_767);
      if (usedPorts.has(port)) continue;
      usedPorts.add(port);
      return port;
    }
  };
  const portName = (target: number): string =>
    pods.some(({ serves }) => serves.some(({ port, protocol }) => port === target && protocol === "http"))
      ? "http"
      : "main";
  return [
    ...topology.services.map(
      ({ name, namespace, port, targetPort = port, protocol, selector, type, nodePort, internalTrafficPolicy }) => ({
        ...(internalTrafficPolicy === undefined ? {} : { internalTrafficPolicy }),
        namespace,
        name,
        uid: random.uuid(),
        clusterIp: draw(),
        selector,
        type,
        ports: [
          {
            name: portName(targetPort),
            port,
            targetPort,
            protocol,
            ...(type === "NodePort" ? { nodePort: nodePort ?? drawNodePort() } : {}),
          },
        ],
      }),
    ),
    {
      namespace: "kube-system",
      name: "kube-dns",
      uid: random.uuid(),
      clusterIp: addresses.dnsIp,
      selector: { "k8s-app": "kube-dns" },
      type: "ClusterIP",
      ports: [
        { name: "dns", port: 53, targetPort: 53, protocol: "UDP" as const },
        { name: "dns-tcp", port: 53, targetPort: 53, protocol: "TCP" as const },
      ],
    },
  ];
}
