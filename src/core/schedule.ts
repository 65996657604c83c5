import { z } from "zod";
import { checkIdSchema, checkRequestSchema, scheduleIdSchema } from "./check.ts";
import { parseCron } from "./cron.ts";
import { nextRun } from "./cron-times.ts";
import { summarySchema } from "./report-summary.ts";
import { openZone } from "./zone.ts";

const ms = z.number();

/** A check that starts by itself. Crosses Redis and outlives restarts, so it is only ever extended. */
export const scheduleSchema = z.object({
  id: scheduleIdSchema,
  /** The pattern of crontab(5), and the zone whose clocks it means. */
  cron: z.string(),
  zone: z.string(),
  /** When the digest is posted, minutes after midnight in the zone; absent = there is none. */
  digestAt: z.number().int().min(0).max(1_439).optional(),
  /** Runs post nothing by themselves; the digest says how they ended. */
  quiet: z.boolean(),
  /** What becomes of a run that nobody could start in time. */
  missed: z.enum(["skip", "run"]),
  /** What every run asks for. */
  request: checkRequestSchema.omit({ id: true, requestedAtMs: true, schedule: true }).required({ slack: true }),
  createdAtMs: ms,
});
export type Schedule = z.infer<typeof scheduleSchema>;

/** What was decided about one due time; `dueMs` names the run within its schedule. Times are Unix milliseconds. */
export const runSchema = z.discriminatedUnion("is", [
  z.object({ is: z.literal("started"), dueMs: ms, atMs: ms }),
  /** The run of `byDueMs` was not finished. */
  z.object({ is: z.literal("overlapped"), dueMs: ms, atMs: ms, byDueMs: ms, byCheck: checkIdSchema }),
  /** No bot was there to start it, or those up to `untilMs`. */
  z.object({ is: z.literal("missed"), dueMs: ms, atMs: ms, untilMs: ms, count: z.number().int() }),
]);
export type Run = z.infer<typeof runSchema>;

/** How a run ended: with a report, or without a trace because Redis has lost its check. */
export const runEndSchema = z.discriminatedUnion("is", [
  z.object({ is: z.literal("reported"), summary: summarySchema }),
  z.object({ is: z.literal("lost") }),
  z.object({ is: z.literal("not-run") }),
]);
export type RunEnd = z.infer<typeof runEndSchema>;

/** A run as the digest and the list of schedules see it. */
export type RunSeen = Run & { readonly check?: string; readonly end?: RunEnd };

const MINUTE_MS = 60_000;
/** Two runs are at least this far apart. */
export const MIN_GAP_MS = 5 * MINUTE_MS;
/** What a check needs beside its window: a place in the cluster, starting, tidying up, the report. */
export const AROUND_MS = MINUTE_MS;
/** A run that begins no later than this after its due time is on time: a bot was restarted. */
export const GRACE_MS = 5 * MINUTE_MS;
/** Posted when the schedule names no other hour: minutes after midnight. */
export const DEFAULT_DIGEST_AT = 8 * 60;

type Timed = Pick<Schedule, "cron" | "zone">;

/** When the schedule is due after a moment. undefined when this version of netcheck cannot read its pattern or zone. */
export function nextDue({ cron, zone }: Timed, afterMs: number): number | undefined {
  const parsed = parseCron(cron);
  const opened = openZone(zone);
  return "cron" in parsed && opened !== undefined ? nextRun(parsed.cron, opened, afterMs) : undefined;
}

/** When its digest is due after a moment. */
export function nextDigest(
  { digestAt, zone }: Pick<Schedule, "digestAt" | "zone">,
  afterMs: number,
): number | undefined {
  if (digestAt === undefined) return undefined;
  return nextDue({ cron: `${digestAt % 60} ${Math.floor(digestAt / 60)} * * *`, zone }, afterMs);
}
