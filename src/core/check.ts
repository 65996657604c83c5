import { z } from "zod";
import { captureWishSchema } from "./capture.ts";
import { languageSchema } from "./sentence.ts";
import { targetSchema } from "./target.ts";

/** Check ids look like `nc-4f2a`; they are used in Redis keys, node paths and URLs. */
export const checkIdSchema = z.string().regex(/^nc-[a-z0-9]{4,16}$/);

/** Ids of schedules look like `sc-4f2a`. */
export const scheduleIdSchema = z.string().regex(/^sc-[a-z0-9]{4,16}$/);

/** Unix milliseconds. */
export const windowSchema = z.object({ startMs: z.number(), endMs: z.number() });
export type Window = z.infer<typeof windowSchema>;

export const limits = {
  minDurationMs: 5_000,
  defaultDurationMs: 60_000,
  maxDurationMs: 8 * 3_600_000,
} as const;

/** One request as the command line of Slack (or a terminal) was understood. Crosses Redis. */
export const checkRequestSchema = z.object({
  id: checkIdSchema,
  /** The words as typed, cleaned of Slack's escapes: what follows `/netcheck`. At most 500 characters. */
  command: z.string().max(500),
  cluster: z.string(),
  from: targetSchema,
  to: targetSchema,
  /** The cluster of the second end, when it is another one than `cluster`, that of the first: see `across.ts`. */
  toCluster: z.string().optional(),
  durationMs: z.number().int(),
  /** What is recorded of the path beside what is measured; absent = only what a finding makes worth recording. */
  capture: captureWishSchema.optional(),
  requestedAtMs: z.number(),
  /** In which language it is reported; English when absent. */
  language: languageSchema.optional(),
  /** Who asked and where; absent when the check was started from a terminal. */
  slack: z
    .object({
      team: z.string(),
      channel: z.string(),
      user: z.string(),
      /** The thread in which it was asked for. */
      threadTs: z.string().optional(),
    })
    .optional(),
  /** The schedule that started it and when it was due, Unix milliseconds. A quiet run posts nothing by itself. */
  schedule: z.object({ id: scheduleIdSchema, dueMs: z.number(), quiet: z.boolean() }).optional(),
});
export type CheckRequest = z.infer<typeof checkRequestSchema>;

/** Whether the check has a thread of its own. */
export const hasThread = ({ slack, schedule }: Pick<CheckRequest, "slack" | "schedule">): boolean =>
  slack !== undefined && !schedule?.quiet;
