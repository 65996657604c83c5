import { z } from "zod";

/** Names of a cluster that a command may use, published by its workers and read by the bot, which has no credential. */
export const inventorySchema = z.object({
  cluster: z.string(),
  /** When the newest of it was read, Unix milliseconds. */
  atMs: z.number(),
  pods: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      phase: z.string(),
      ip: z.string().optional(),
      node: z.string().optional(),
    }),
  ),
  services: z.array(
    z.object({ namespace: z.string(), name: z.string(), ip: z.string().optional(), ports: z.array(z.number()) }),
  ),
  deployments: z.array(z.object({ namespace: z.string(), name: z.string() })),
  nodes: z.array(z.object({ name: z.string(), ip: z.string().optional() })),
  /** There are more than so many of some kind, which are not listed: a name that is not here may exist all the same. */
  cut: z.number().optional(),
});
export type Inventory = z.infer<typeof inventorySchema>;
