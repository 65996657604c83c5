import { z } from "zod";

/**
 * What a user typed as one end of a check, already parsed but not yet looked up.
 * `port` is the number behind `:`; `namespace` is absent when the user did not name one.
 */
export const targetSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("pod"),
    namespace: z.string().optional(),
    name: z.string(),
    port: z.number().int().optional(),
  }),
  z.object({
    kind: z.literal("deployment"),
    namespace: z.string().optional(),
    name: z.string(),
    port: z.number().int().optional(),
  }),
  z.object({
    kind: z.literal("service"),
    namespace: z.string().optional(),
    name: z.string(),
    port: z.number().int().optional(),
  }),
  z.object({ kind: z.literal("node"), name: z.string(), port: z.number().int().optional() }),
  z.object({ kind: z.literal("address"), ip: z.string(), port: z.number().int().optional() }),
  z.object({ kind: z.literal("host"), name: z.string(), port: z.number().int().optional() }),
]);
export type Target = z.infer<typeof targetSchema>;

/** The target as a user would type it. */
export function targetText(target: Target): string {
  const port = target.port === undefined ? "" : `:${target.port}`;
  switch (target.kind) {
    case "pod":
      return `${target.namespace === undefined ? "" : `${target.namespace}/`}${target.name}${port}`;
    case "deployment":
      return `deploy/${target.namespace === undefined ? "" : `${target.namespace}/`}${target.name}${port}`;
    case "service":
      return `svc/${target.namespace === undefined ? "" : `${target.namespace}/`}${target.name}${port}`;
    case "node":
      return `node/${target.name}${port}`;
    case "address":
      return `${target.ip.includes(":") ? `[${target.ip}]` : target.ip}${port}`;
    case "host":
      return `${target.name}${port}`;
  }
}
