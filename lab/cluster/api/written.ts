import { z } from "zod";

/** What the lab understands of objects that are sent to it. Strict where it would otherwise do something else than was asked. */
const port = z.int().min(1).max(65_535);
const protocol = z.enum(["TCP", "UDP"]).default("TCP");

export const contextSchema = z.object({
  runAsUser: z.int().optional(),
  runAsNonRoot: z.boolean().optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  seccompProfile: z.object({ type: z.string() }).optional(),
  capabilities: z.object({ drop: z.array(z.string()).default([]), add: z.array(z.string()).default([]) }).optional(),
});

const containerSchema = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string(), "the lab has no images, only their programs: say which one"),
  args: z.array(z.string()).optional(),
  ports: z.array(z.object({ containerPort: port, protocol, name: z.string().optional() })).default([]),
  resources: z
    .object({ limits: z.object({ cpu: z.union([z.string(), z.number()]).optional() }).optional() })
    .optional(),
  readinessProbe: z.object({ tcpSocket: z.object({ port }) }, "the lab knows tcpSocket only").optional(),
  securityContext: contextSchema.optional(),
});

export const specSchema = z.object({
  containers: z.tuple([containerSchema], "the lab makes pods of one container"),
  initContainers: z.undefined("the lab makes none").optional(),
  hostNetwork: z.literal(false, "the lab makes no such pods").optional(),
  nodeName: z.undefined("the lab's pods pass its scheduler: use nodeSelector").optional(),
  nodeSelector: z.record(z.string(), z.string()).default({}),
  securityContext: contextSchema.optional(),
});
export const podSchema = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  spec: specSchema,
});

export const serviceSchema = z.object({
  spec: z.object({
    type: z.literal("ClusterIP", "the lab makes ClusterIP only").default("ClusterIP"),
    clusterIP: z.literal("None", "the lab draws addresses itself").optional(),
    selector: z.record(z.string(), z.string()).default({}),
    ports: z.array(z.object({ name: z.string().optional(), port, targetPort: port.optional(), protocol })).min(1),
  }),
});

export const policySchema = z.object({
  spec: z.looseObject({
    podSelector: z.looseObject({}),
    policyTypes: z.array(z.enum(["Ingress", "Egress"])).optional(),
    egress: z.array(z.unknown()).optional(),
  }),
});

/** Thousandths of a core: `250m`, `0.25`, 1. */
export function quantityMilli(quantity: string | number): number {
  const text = String(quantity);
  return text.endsWith("m") ? Number(text.slice(0, -1)) : Number(text) * 1_000;
}
