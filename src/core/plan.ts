import { z } from "zod";
import { tapSchema } from "./capture.ts";
import { windowSchema } from "./check.ts";
import { dnsPlanSchema } from "./dns-plan.ts";
import { textSchema } from "./sentence.ts";

/**
 * A vantage point at which probes run: a pod's or a node's network namespace.
 * `id` is `pod/<ns>/<name>` or `node/<name>`; `label` is how people see it: `shop/web-0`, `node-1`.
 */
export const vantageSchema = z.object({
  id: z.string(),
  label: z.string(),
  node: z.string(),
  /** "node", or the UID of the pod whose network namespace is meant. */
  netns: z.string(),
  ip: z.string(),
  /** What the point is to the check. Controls are healthy-looking neighbours that the path is compared with. Of name servers ("dns") only what concerns names is measured. */
  role: z.enum(["from", "to", "from-node", "to-node", "control", "dns"]),
  /** Zone of its node, when the cluster says: legs between zones are slower by nature. */
  zone: z.string().optional(),
});
export type Vantage = z.infer<typeof vantageSchema>;

/**
 * One measured relation, always in one direction. `id` is `<from>><to>` by vantage ids, with `:port` for TCP.
 * `scope` says which part of the network it crosses: "local" = pod and its own node, "underlay" = node to node,
 * "overlay" = a pod of another node at either end, "same-node" = two pods of one node, "service" = through a Service
 * address, "external" = an address outside the cluster. `part` says whether it lies on the path that was asked about.
 */
export const legSchema = z.object({
  id: z.string(),
  from: z.string(),
  /** Vantage id, or `address/<ip>` for what has no vantage point. */
  to: z.string(),
  toIp: z.string(),
  port: z.number().int().optional(),
  scope: z.enum(["local", "underlay", "overlay", "same-node", "service", "external"]),
  part: z.enum(["end-to-end", "segment", "control"]),
});
export type Leg = z.infer<typeof legSchema>;

/** A node task to start: which probe, where, what it runs. `id` is unique within the check: `[a-z0-9-]{1,40}`. */
export const taskSpecSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  probe: z.string(),
  /** Leg id for a stream; vantage id or node name for readings. */
  subject: z.string(),
  node: z.string(),
  netns: z.string(),
  argv: z.array(z.string()).min(1),
  maxBytes: z.number().int(),
  /** Of a survey: what it puts on the network. */
  traffic: z.object({ packetsPerSecond: z.number(), bytesPerSecond: z.number() }).optional(),
  /** For the one task per node that repeats short commands: who reads its n-th command, by position. */
  readings: z.array(z.object({ probes: z.array(z.string()), subject: z.string() })).optional(),
});
export type TaskSpec = z.infer<typeof taskSpecSchema>;

export const gapSchema = z.object({ probe: z.string(), subject: z.string(), reason: textSchema });
/** Something that could not be measured, and why. Shown, never hidden. */
export type Gap = z.infer<typeof gapSchema>;

/** A resolved end of the check. `name`: `shop/web-0`, `node-1`, `svc/shop/web`, `10.0.0.7` or a host name. */
export const endSchema = z.object({
  kind: z.enum(["pod", "node", "service", "address"]),
  name: z.string(),
  ip: z.string(),
  node: z.string().optional(),
  port: z.number().int().optional(),
  /** Where it is in another cluster, which knows it by its address alone; `name` is `shop/db-0@edge-1` then. */
  cluster: z.string().optional(),
  /** For a service: the pod that stands for its backends. */
  backend: z.string().optional(),
});
export type End = z.infer<typeof endSchema>;

export const planSchema = z.object({
  check: z.string(),
  window: windowSchema,
  from: endSchema,
  to: endSchema,
  vantages: z.array(vantageSchema),
  legs: z.array(legSchema),
  /** The cluster's name service; absent where none was found, or where no pod asks. */
  dns: dnsPlanSchema.optional(),
  tasks: z.array(taskSpecSchema),
  /** Addresses of Services that stand for either end. */
  aliases: z.object({ from: z.array(z.string()), to: z.array(z.string()) }).optional(),
  /** Where packets are recorded; absent while nothing is. Planned once the nodes have said what devices they have. */
  taps: z.array(tapSchema).optional(),
  /** Packets were asked for; otherwise they are recorded because something was found wrong. */
  recordingAsked: z.boolean().optional(),
  gaps: z.array(gapSchema),
  /** What people should know about the asked path beside what is measured; no fault. */
  notes: z.array(textSchema).optional(),
});
/** What a check will measure, decided once, before anything runs. */
export type Plan = z.infer<typeof planSchema>;
