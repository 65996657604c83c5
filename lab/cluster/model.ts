import type { ChildProcess } from "node:child_process";
import type { EventEmitter } from "node:events";

/** One container of a lab pod, as the kubelet would know it. Times are Unix milliseconds. */
export type LabContainer = {
  readonly name: string;
  readonly image: string;
  /** 64 hex digits; the cgroup and the API status carry it. */
  containerId: string;
  readonly ports: readonly { port: number; protocol: "TCP" | "UDP"; name?: string }[];
  state: "running" | "waiting" | "terminated";
  reason?: string;
  exitCode?: number;
  restarts: number;
  startedAtMs: number;
  /** What its cgroup may use at most; absent = no limit. */
  limits?: { readonly cpuMilli?: number; readonly memoryBytes?: number };
  /** Started before the others and kept running: an init container with restartPolicy Always. */
  readonly sidecar?: boolean;
  /** What it runs as its first process, of containers made through the API. */
  readonly command?: readonly string[];
  /** The user of its processes, which then have no capabilities; root when absent. */
  readonly runAsUser?: number;
  /** A TCP port that has to take connections before the pod is ready. */
  readonly readyPort?: number;
  /** Newest lines of its output, bounded; `kubectl logs` reads them. */
  readonly log: { atMs: number; line: string }[];
};

export type LabPod = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ip: string;
  readonly hostNetwork: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** What owns it: a DaemonSet for agents and kube-proxy, a ReplicaSet for deployments, nothing for bare pods. */
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly annotations?: Readonly<Record<string, string>>;
  priorityClassName?: string;
  /** Why it is in its phase as a whole: an eviction. */
  reason?: string;
  message?: string;
  /** The scheduler's words while no node has room for it: the API shows it without a node then. */
  unscheduled?: string;
  phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  ready: boolean;
  readonly createdAtMs: number;
  readonly containers: LabContainer[];
  /** Its spec as somebody sent it to the API. */
  readonly written?: Readonly<Record<string, unknown>>;
};

export type LabNode = {
  readonly name: string;
  readonly ip: string;
  readonly podCidr: string;
  readonly bootId: string;
  readonly zone?: string;
  ready: "True" | "False" | "Unknown";
  readyReason: string;
  /** The kubelet's lease is renewed every 10 s while the node lives. */
  leaseRenewedAtMs: number;
  readonly createdAtMs: number;
};

export type LabService = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** "None": headless, its name leads to its pods. */
  readonly clusterIp: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly type: "ClusterIP" | "NodePort";
  readonly ports: readonly LabServicePort[];
  readonly internalTrafficPolicy?: "Cluster" | "Local";
};

export type LabServicePort = {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: "TCP" | "UDP";
  /** Open on every address of every node, when its service is of that type. */
  readonly nodePort?: number;
};

/** A NetworkPolicy; `spec` is served as it was written. */
export type LabPolicy = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly createdAtMs: number;
  readonly spec: Readonly<Record<string, unknown>>;
};

/** A namespace that was made through the API. */
export type LabNamespace = {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  /** Deleted, and not gone yet. */
  terminating: boolean;
};

export type LabDeployment = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly replicas: number;
  readonly selector: Readonly<Record<string, string>>;
};

export type LabDaemonSet = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly selector: Readonly<Record<string, string>>;
};

export type LabEvent = {
  readonly namespace: string;
  readonly object: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
};

/** What happened to one object; the API stand-in turns it into watch events and resource versions. */
export type LabChange = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: "node" | "pod" | "service" | "deployment" | "daemonset" | "event" | "namespace" | "networkpolicy";
  readonly object:
    | LabNode
    | LabPod
    | LabService
    | LabDeployment
    | LabDaemonSet
    | LabEvent
    | LabPolicy
    | { readonly name: string };
};

/** A pod that somebody wants, before the scheduler has found a node for it. */
export type PodOrder = Pick<LabPod, "namespace" | "name" | "labels"> & {
  readonly written: Readonly<Record<string, unknown>>;
  /** Labels that its node must have. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly container: Pick<LabContainer, "name" | "image" | "command" | "ports" | "limits" | "runAsUser" | "readyPort">;
};

/** What users of the API may make and take away. Names are free, and namespaces there, when one of these is called. */
export type LabWrites = {
  readonly createNamespace: (name: string, labels: LabNamespace["labels"]) => void;
  /** Its pods, services and policies go, and then itself; with `stays` it stays Terminating when they are gone. */
  readonly deleteNamespace: (name: string, options: { readonly stays: boolean }) => void;
  /** Returns when the pod is known; a node then makes it, or events say why not. */
  readonly createPod: (order: PodOrder) => void;
  readonly deletePod: (pod: LabPod) => Promise<void>;
  readonly createService: (service: Omit<LabService, "uid" | "clusterIp"> & { readonly headless: boolean }) => void;
  readonly deleteService: (service: LabService) => void;
  readonly createPolicy: (policy: Pick<LabPolicy, "namespace" | "name" | "spec">) => void;
  readonly deletePolicy: (policy: LabPolicy) => void;
};

/**
 * A running lab cluster as the API stand-in sees it: live objects plus a way to run a process in a container.
 * Endpoints are derived: the ready pods that a service's selector matches.
 * Emits "change" with a LabChange after the object was changed.
 */
export type LabModel = EventEmitter<{ change: [LabChange] }> & {
  readonly namespaces: ReadonlySet<string>;
  readonly nodes: ReadonlyMap<string, LabNode>;
  /** Key `<namespace>/<name>`. */
  readonly pods: ReadonlyMap<string, LabPod>;
  readonly services: ReadonlyMap<string, LabService>;
  readonly deployments: ReadonlyMap<string, LabDeployment>;
  readonly daemonSets: ReadonlyMap<string, LabDaemonSet>;
  readonly policies: ReadonlyMap<string, LabPolicy>;
  readonly events: readonly LabEvent[];
  /** Namespaces that were made through the API. */
  readonly made?: ReadonlyMap<string, LabNamespace>;
  /** Absent where nothing can be made. */
  readonly writes?: LabWrites;
  /**
   * Starts `argv` in a container's namespaces and cgroup, with pipes for stdin, stdout and stderr.
   * Throws when the pod's node is down (message as a real API server words it: dialing the kubelet failed).
   */
  readonly exec: (pod: LabPod, container: string, argv: readonly string[]) => ChildProcess;
};
