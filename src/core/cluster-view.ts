import { z } from "zod";
import { policyViewSchema } from "./policy-view.ts";

/** One reading of what the Kubernetes API says about the objects a check may touch. Plain data; made by `cluster/`. */
const containerViewSchema = z.object({
  name: z.string(),
  /** The id that the runtime gave it, without the runtime's name; its cgroup carries it. */
  id: z.string().optional(),
  /** Declared ports; documentation, not truth (the listener is). */
  ports: z.array(z.object({ port: z.number(), protocol: z.string(), name: z.string().optional() })),
  restarts: z.number().int(),
  state: z.enum(["running", "waiting", "terminated", "unknown"]),
  /** Reason and exit code of the current or last end: "CrashLoopBackOff", "OOMKilled (137)". */
  reason: z.string().optional(),
  ready: z.boolean().optional(),
  /** When the running one was started, Unix milliseconds. */
  startedAtMs: z.number().optional(),
  /** How the run before this one ended. */
  lastEnd: z
    .object({ reason: z.string().optional(), exitCode: z.number().int(), finishedAtMs: z.number().optional() })
    .optional(),
  /** CPU in thousandths of a core, memory in bytes. */
  limits: z.object({ cpuMilli: z.number().optional(), memoryBytes: z.number().optional() }).optional(),
  /** An init container that stays (restartPolicy Always): a native sidecar. */
  sidecar: z.boolean().optional(),
});
export type ContainerView = z.infer<typeof containerViewSchema>;

export const podViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  node: z.string().optional(),
  ip: z.string().optional(),
  /** All its addresses, of both IP families, where it has more than one. */
  ips: z.array(z.string()).optional(),
  hostNetwork: z.boolean(),
  phase: z.string(),
  ready: z.boolean(),
  /** Set when the pod is being deleted, Unix milliseconds. */
  deletedAtMs: z.number().optional(),
  labels: z.record(z.string(), z.string()),
  /** Ordinary containers first, then native sidecars. */
  containers: z.array(containerViewSchema),
  /** Those that run to their end before the others start. */
  initContainers: z.array(containerViewSchema).optional(),
  createdAtMs: z.number().optional(),
  /** Its controller: a ReplicaSet, DaemonSet, StatefulSet, Job … */
  owner: z.object({ kind: z.string(), name: z.string() }).optional(),
  priorityClassName: z.string().optional(),
  dnsPolicy: z.string().optional(),
  dnsConfig: z
    .object({
      nameservers: z.array(z.string()),
      searches: z.array(z.string()),
      options: z.array(z.object({ name: z.string(), value: z.string().optional() })),
    })
    .optional(),
  /** Only those by which a service mesh is recognised, cut to 500 characters each. */
  annotations: z.record(z.string(), z.string()).optional(),
  /** Why the pod as a whole is in its phase: "Evicted" and the kubelet's sentence. */
  reason: z.string().optional(),
  message: z.string().optional(),
  /** Why it has no node yet, by the scheduler. */
  unscheduled: z
    .object({ reason: z.string().optional(), message: z.string().optional(), sinceMs: z.number().optional() })
    .optional(),
  /** The one node that it may run on, as a DaemonSet's pods say before they are scheduled. */
  wantsNode: z.string().optional(),
  /** Since when it is ready, or not. */
  readySinceMs: z.number().optional(),
});
export type PodView = z.infer<typeof podViewSchema>;

export const nodeViewSchema = z.object({
  name: z.string(),
  ip: z.string(),
  /** Condition Ready; "Unknown" when the node stopped reporting. */
  ready: z.enum(["True", "False", "Unknown"]),
  readyReason: z.string().optional(),
  /** Age of the node's lease when it was read, milliseconds; absent when there is none. */
  leaseAgeMs: z.number().optional(),
  bootId: z.string().optional(),
  zone: z.string().optional(),
  podCidrs: z.array(z.string()),
  /** Of every kind: InternalIP, ExternalIP, Hostname … */
  addresses: z.array(z.object({ type: z.string(), address: z.string() })).optional(),
  /** All but Ready: MemoryPressure, NetworkUnavailable … */
  conditions: z
    .array(
      z.object({
        type: z.string(),
        status: z.string(),
        reason: z.string().optional(),
        message: z.string().optional(),
        sinceMs: z.number().optional(),
      }),
    )
    .optional(),
  createdAtMs: z.number().optional(),
  unschedulable: z.boolean().optional(),
});
export type NodeView = z.infer<typeof nodeViewSchema>;

export const serviceViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  clusterIp: z.string().optional(),
  selector: z.record(z.string(), z.string()),
  ports: z.array(
    z.object({
      port: z.number(),
      targetPort: z.union([z.number(), z.string()]),
      protocol: z.string(),
      name: z.string().optional(),
      nodePort: z.number().optional(),
      /** What the port speaks, when somebody wrote it down: "http", "kubernetes.io/h2c". */
      appProtocol: z.string().optional(),
    }),
  ),
  endpoints: z.array(
    z.object({
      ip: z.string(),
      pod: z.string().optional(),
      node: z.string().optional(),
      ready: z.boolean(),
      ports: z.array(z.number()),
      /** The same ports with the names by which they belong to ports of the Service; unnamed is "". */
      named: z.array(z.object({ name: z.string(), port: z.number(), protocol: z.string() })).optional(),
      /** Serving although it is being ended; kube-proxy falls back on these when nothing else is ready. */
      serving: z.boolean().optional(),
      terminating: z.boolean().optional(),
    }),
  ),
  type: z.string().optional(),
  clusterIps: z.array(z.string()).optional(),
  externalIps: z.array(z.string()).optional(),
  /** Addresses that a load balancer gave it, and who may use them. */
  loadBalancerIps: z.array(z.string()).optional(),
  sourceRanges: z.array(z.string()).optional(),
  publishNotReadyAddresses: z.boolean().optional(),
  internalTrafficPolicy: z.string().optional(),
  externalTrafficPolicy: z.string().optional(),
  sessionAffinity: z.string().optional(),
  createdAtMs: z.number().optional(),
});
export type ServiceView = z.infer<typeof serviceViewSchema>;

const ingressViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  className: z.string().optional(),
  hosts: z.array(z.string()),
  backends: z.array(z.object({ service: z.string(), port: z.union([z.number(), z.string()]) })),
});
export type IngressView = z.infer<typeof ingressViewSchema>;

/** The state of the netcheck agent on a node. */
export const agentViewSchema = z.object({
  node: z.string(),
  pod: z.string(),
  namespace: z.string(),
  ready: z.boolean(),
});
export type AgentView = z.infer<typeof agentViewSchema>;

export const clusterViewSchema = z.object({
  atMs: z.number(),
  pods: z.array(podViewSchema),
  nodes: z.array(nodeViewSchema),
  services: z.array(serviceViewSchema),
  agents: z.array(agentViewSchema),
  events: z.array(
    z.object({ atMs: z.number(), object: z.string(), reason: z.string(), message: z.string(), count: z.number() }),
  ),
  /** Absent when they may not be read; `unread` says so. Likewise ingresses and namespaces. */
  policies: z.array(policyViewSchema).optional(),
  ingresses: z.array(ingressViewSchema).optional(),
  namespaces: z.array(z.object({ name: z.string(), labels: z.record(z.string(), z.string()) })).optional(),
  /** The cluster is too large to be read whole: only what is about the check is here. */
  partial: z.boolean().optional(),
  /** What could not be read, or not all of it: one sentence each. */
  unread: z.array(z.string()).optional(),
});
export type ClusterView = z.infer<typeof clusterViewSchema>;
