import { z } from "zod";

const labels = z.record(z.string(), z.string());

/** A label selector. Without any requirement it selects everything; where it is absent, nothing is said about labels. */
export const selectorSchema = z.object({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
});
export type Selector = z.infer<typeof selectorSchema>;

const peer = z.object({
  podSelector: selectorSchema.optional(),
  namespaceSelector: selectorSchema.optional(),
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).optional() }).optional(),
});
export type PolicyPeer = z.infer<typeof peer>;

const port = z.object({
  protocol: z.string().optional(),
  port: z.union([z.number(), z.string()]).optional(),
  endPort: z.number().optional(),
});
export type PolicyPort = z.infer<typeof port>;

/** One allowance. Absent or empty `peers` mean everybody, absent or empty `ports` every port. */
const policyRule = z.object({ peers: z.array(peer).optional(), ports: z.array(port).optional() });
export type PolicyRule = z.infer<typeof policyRule>;

/** A NetworkPolicy as it was written. */
export const policyViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  createdAtMs: z.number().optional(),
  podSelector: selectorSchema,
  types: z.array(z.string()),
  ingress: z.array(policyRule),
  egress: z.array(policyRule),
  /** It is larger than what is kept of it: what it allows is not known whole. */
  cut: z.boolean().optional(),
});
export type PolicyView = z.infer<typeof policyViewSchema>;
