import type { Redis } from "ioredis";
import { z } from "zod";
import { planSchema } from "../core/plan.ts";
import { reportSchema } from "../core/report.ts";
import { textSchema } from "../core/sentence.ts";
import type { Keys } from "./keys.ts";
import { pack, unpack } from "./packed.ts";

const TTL_S = 7 * 86_400;
const MAX_BYTES = 64 * 1024 * 1024;

const finishedSchema = z.object({
  report: reportSchema,
  /** Of each part that was planned. */
  plans: z.array(planSchema).optional(),
  /** Set when it did not end by itself. */
  ended: z
    .object({ how: z.enum(["cancelled", "failed"]), text: textSchema.optional(), by: z.string().optional() })
    .optional(),
  /** False when nothing was measured, so that there is nothing to show but why. */
  measured: z.boolean(),
});
/** A report on its way to Slack: every bot can deliver it, whichever made it. */
export type Finished = z.infer<typeof finishedSchema>;

export function finishedChecks(redis: Redis, keys: Keys) {
  return {
    async save(finished: Finished): Promise<void> {
      await redis.set(keys.report(finished.report.check), await pack(finished), "EX", TTL_S);
    },
    async load(check: string): Promise<Finished | undefined> {
      const packed = await redis.get(keys.report(check));
      return packed === null ? undefined : finishedSchema.safeParse(await unpack(packed, { maxBytes: MAX_BYTES })).data;
    },
  };
}
