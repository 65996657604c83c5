import { z } from "zod";

/** One reading of what the Kubernetes API says about the objects a check may touch. Plain data; made by `cluster/`. */
export const podViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  node: z.string().optional(),
  ip: z.string().optional(),
  hostNetwork: z.boolean(),
  phase: z.string(),
  ready: z.boolean(),
  /** Set when the pod is being deleted, Unix milliseconds. */
  deletedAtMs: z.number().optional(),
  labels: z.record(z.string(), z.string()),
  containers: z.array(
    z.object({
      name: z.string(),
      /** The id that the runtime gave it, without the runtime's name; its cgroup carries it. */
      id: z.string().optional(),
      /** Declared ports; documentation, not truth (the listener is). */
      ports: z.array(z.object({ port: z.number(), protocol: z.string(), name: z.string().optional() })),
      restarts: z.number().int(),
      state: z.enum(["running", "waiting", "terminated", "unknown"]),
      /** Reason and exit code of the current or last end: "CrashLoopBackOff", "OOMKilled (137)". */
      reason: z.string().optional(),
    }),
  ),
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
});
export type NodeView = z.infer<typeof nodeViewSchema>;

export const serviceViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  clusterIp: z.string().optional(),
  selector: z.record(z.string(), z.string()),
  ports: z.array(z.object({ port: z.number(), targetPort: z.union([z.number(), z.string()]), protocol: z.string() })),
  endpoints: z.array(
    z.object({
      ip: z.string(),
      pod: z.string().optional(),
      node: z.string().optional(),
      ready: z.boolean(),
      ports: z.array(z.number()),
    }),
  ),
});
export type ServiceView = z.infer<typeof serviceViewSchema>;

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
  /** What could not be read, or not all of it: one sentence each. */
  unread: z.array(z.string()).optional(),
});
export type ClusterView = z.infer<typeof clusterViewSchema>;
