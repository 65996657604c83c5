import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import type {
  LabChange,
  LabContainer,
  LabDaemonSet,
  LabDeployment,
  LabEvent,
  LabModel,
  LabNode,
  LabPod,
  LabPolicy,
  LabService,
} from "#lab/cluster/model.ts";

/** A lab cluster that exists in memory only; commands run as plain processes of this machine. */
export type MemoryLab = Disposable & {
  readonly model: LabModel;
  readonly node: (name: string, change?: Partial<LabNode>) => LabNode;
  readonly pod: (place: `${string}/${string}`, change?: Partial<LabPod>) => LabPod;
  readonly service: (place: `${string}/${string}`, change?: Partial<LabService>) => LabService;
  readonly event: (pod: LabPod, change?: Partial<LabEvent>) => LabEvent;
  /** Changes a live object and announces it. */
  readonly change: <T extends LabPod | LabNode>(object: T, change: Partial<T>) => void;
  readonly remove: (pod: LabPod) => void;
  /** Commands started by exec that have not ended. */
  readonly running: () => readonly ChildProcess[];
};

/**
 * Two nodes; `shop/web-0` and `shop/db-0` (two containers) behind the services `web` and `db`, `web-0` owned by the
 * deployment `web`; an agent per node in `netcheck`, owned by a DaemonSet. Commands that still run at the end are killed.
 */
export function memoryLab(): MemoryLab {
  const maps = {
    namespaces: new Set(["default", "kube-system", "netcheck", "shop"]),
    nodes: new Map<string, LabNode>(),
    pods: new Map<string, LabPod>(),
    services: new Map<string, LabService>(),
    deployments: new Map<string, LabDeployment>(),
    daemonSets: new Map<string, LabDaemonSet>(),
    policies: new Map<string, LabPolicy>(),
    events: [] as LabEvent[],
  };
  const children = new Set<ChildProcess>();
  const exec: LabModel["exec"] = ({ node: name }, _container, [program = "", ...rest]) => {
    const node = maps.nodes.get(name);
    if (node?.ready !== "True")
      throw new Error(`error dialing backend: dial tcp ${node?.ip}:10250: connect: no route to host`);
    const child = spawn(program, rest, { stdio: "pipe" });
    children.add(child);
    child.once("exit", () => children.delete(child)).once("error", () => children.delete(child));
    return child;
  };
  const model = Object.assign(new EventEmitter<{ change: [LabChange] }>(), { ...maps, exec }) satisfies LabModel;
  const tell = (change: LabChange) => model.emit("change", change);

  const lab: MemoryLab = {
    model,
    node(name, change) {
      const node = { ...blankNode(name, maps.nodes.size + 1), ...change };
      maps.nodes.set(name, node);
      tell({ type: "ADDED", kind: "node", object: node });
      return node;
    },
    pod(place, change) {
      const pod = { ...blankPod(place, maps.pods.size + 2), ...change };
      maps.pods.set(place, pod);
      tell({ type: "ADDED", kind: "pod", object: pod });
      return pod;
    },
    service(place, change) {
      const service = { ...blankService(place, maps.services.size + 10), ...change };
      maps.services.set(place, service);
      tell({ type: "ADDED", kind: "service", object: service });
      return service;
    },
    event({ namespace, name, uid }, change) {
      const object = { kind: "Pod", name, uid };
      const words = { type: "Warning", reason: "Unhealthy", message: "Readiness probe failed" } as const;
      const event = { namespace, object, ...words, atMs: Date.now(), ...change };
      maps.events.push(event);
      tell({ type: "ADDED", kind: "event", object: event });
      return event;
    },
    change(object, change) {
      Object.assign(object, change);
      tell(
        "podCidr" in object ? { type: "MODIFIED", kind: "node", object } : { type: "MODIFIED", kind: "pod", object },
      );
    },
    remove(pod) {
      maps.pods.delete(`${pod.namespace}/${pod.name}`);
      tell({ type: "DELETED", kind: "pod", object: pod });
    },
    running: () => [...children],
    [Symbol.dispose]() {
      for (const child of children) child.kill("SIGKILL");
    },
  };
  fill(lab, maps);
  return lab;
}

type Workloads = { deployments: Map<string, LabDeployment>; daemonSets: Map<string, LabDaemonSet> };

function fill(lab: MemoryLab, { deployments, daemonSets }: Workloads): void {
  const agents = { app: "netcheck-agent" };
  deployments.set("shop/web", {
    namespace: "shop",
    name: "web",
    uid: randomUUID(),
    replicas: 1,
    selector: { app: "web" },
  });
  daemonSets.set("netcheck/netcheck-agent", {
    namespace: "netcheck",
    name: "netcheck-agent",
    uid: randomUUID(),
    selector: agents,
  });
  for (const name of ["node-1", "node-2"]) {
    const { ip } = lab.node(name);
    const owner = { kind: "DaemonSet", name: "netcheck-agent" };
    lab.pod(`netcheck/netcheck-agent-${name}`, { node: name, ip, hostNetwork: true, labels: agents, owner });
  }
  lab.pod("shop/web-0", {
    owner: { kind: "ReplicaSet", name: "web-5d9c7b8f6d" },
    labels: { app: "web", tier: "front" },
  });
  lab.pod("shop/db-0", {
    node: "node-2",
    labels: { app: "db" },
    containers: [blankContainer("db", 5432), blankContainer("metrics", 9187)],
  });
  lab.service("shop/web", { selector: { app: "web" } });
  lab.service("shop/db", {
    selector: { app: "db" },
    ports: [{ name: "sql", port: 5432, targetPort: 5432, protocol: "TCP" }],
  });
}

const HOUR_MS = 3_600_000;

const blankNode = (name: string, number: number): LabNode => ({
  name,
  ip: `10.88.0.${number}`,
  podCidr: `10.244.${number}.0/24`,
  bootId: randomUUID(),
  zone: "lab-a",
  ready: "True",
  readyReason: "KubeletReady",
  leaseRenewedAtMs: Date.now(),
  createdAtMs: Date.now() - HOUR_MS,
});

const blankContainer = (name: string, port: number): LabContainer => ({
  name,
  image: `registry.example/${name}:1`,
  containerId: createHash("sha256").update(name).digest("hex"),
  ports: [{ port, protocol: "TCP", name: "main" }],
  state: "running",
  restarts: 0,
  startedAtMs: Date.now() - HOUR_MS,
  log: [],
});

function blankPod(place: string, number: number): LabPod {
  const [namespace = "", name = ""] = place.split("/");
  return {
    namespace,
    name,
    uid: randomUUID(),
    node: "node-1",
    ip: `10.244.1.${number}`,
    hostNetwork: false,
    labels: {},
    phase: "Running",
    ready: true,
    createdAtMs: Date.now() - HOUR_MS,
    containers: [blankContainer("main", 8080)],
  };
}

function blankService(place: string, number: number): LabService {
  const [namespace = "", name = ""] = place.split("/");
  const ports = [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" as const }];
  return { namespace, name, uid: randomUUID(), clusterIp: `10.96.0.${number}`, selector: {}, type: "ClusterIP", ports };
}
