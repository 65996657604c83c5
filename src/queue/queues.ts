import { FlowProducer, type Processor, Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { z } from "zod";
import { checkIdSchema, scheduleIdSchema } from "../core/check.ts";
import { type Log, occasionally } from "../log.ts";
import { carriedSchema } from "../tracing.ts";
import type { Keys } from "./keys.ts";

/**
 * Jobs carry a check's id; everything else is in the check's record, so that a job never goes stale. What they carry of a trace may be
 * missing: another version made them, or a process that does not trace.
 */
export const measureJobSchema = z.object({ check: checkIdSchema, cluster: z.string(), ...carriedSchema.shape });
export type MeasureJob = z.infer<typeof measureJobSchema>;
export const reportJobSchema = z.object({ check: checkIdSchema, ...carriedSchema.shape });

/**
 * `open` posts the message that the thread hangs on, `finding` the first thing found wrong, `deliver` the report.
 * `settle` repeats the final update once, in case an update before it was accepted late.
 */
export const notifyJobSchema = z.object({
  check: checkIdSchema,
  kind: z.enum(["open", "finding", "deliver", "settle"]),
  ...carriedSchema.shape,
});
export type NotifyJob = z.infer<typeof notifyJobSchema>;

/**
 * What is said about a schedule: `digest` what its runs have found since the last one, `not-run` that one did not take
 * place, where no digest would tell. `dueMs` is when the digest, or the run, was due.
 */
export const scheduleJobSchema = z.object({
  schedule: scheduleIdSchema,
  dueMs: z.number(),
  kind: z.enum(["digest", "not-run"]),
});
export type ScheduleJob = z.infer<typeof scheduleJobSchema>;

/** What a span says of a job, by the names of OpenTelemetry's conventions for messaging. */
export const jobAttributes = (check: string, operation: "send" | "process", queue: string) => ({
  "netcheck.check": check,
  "messaging.system": "bullmq",
  "messaging.operation.type": operation,
  "messaging.destination.name": queue,
});

const kept = { removeOnComplete: { age: 7 * 86_400, count: 5_000 }, removeOnFail: { age: 30 * 86_400 } } as const;

/** Every job has an explicit priority: BullMQ would run one without before all others. */
export const jobOptions = {
  /** Ticks are idempotent; an attempt is only used up by a bug or by Redis going away inside a tick. */
  measure: {
    ...kept,
    priority: 10,
    attempts: 5,
    backoff: { type: "exponential", delay: 500 },
    ignoreDependencyOnFailure: true,
  },
  report: { ...kept, priority: 10, attempts: 5, backoff: { type: "exponential", delay: 500 } },
  notify: { ...kept, priority: 10, attempts: 8, backoff: { type: "exponential", delay: 500 } },
  /** What opens a thread goes before what fills one. */
  open: { ...kept, priority: 5, attempts: 8, backoff: { type: "exponential", delay: 500 } },
} as const;

/** The measured settings of runtime reference 6.4: a killed worker's tick is taken over after 15 to 23 s. */
const workerSettings = { lockDuration: 20_000, stalledInterval: 5_000, maxStalledCount: 10, drainDelay: 5 } as const;

type Connected = { readonly connection: Redis; readonly keys: Keys; readonly log: Log };

export function openQueue(name: string, { connection, keys, log }: Connected): Queue {
  const queue = new Queue(name, { connection, prefix: keys.queues, skipWaitingForReady: true });
  queue.on("error", occasionally(log, "queue cannot reach redis"));
  return queue;
}

export function openFlows({ connection, keys, log }: Connected): FlowProducer {
  const flows = new FlowProducer({ connection, prefix: keys.queues });
  flows.on("error", occasionally(log, "queue cannot reach redis"));
  return flows;
}

/** Starts taking jobs at once. `name` is host:pid; `close()` waits for the ticks in progress, which are short. */
export function startWorker<Result>(
  queue: string,
  processor: Processor<unknown, Result>,
  { connection, keys, log, name, concurrency }: Connected & { readonly name: string; readonly concurrency: number },
): Worker<unknown, Result> {
  const worker = new Worker<unknown, Result>(queue, processor, {
    ...workerSettings,
    connection,
    prefix: keys.queues,
    name,
    concurrency,
  });
  worker.on("error", occasionally(log, "queue worker cannot reach redis"));
  worker.on("failed", (job, err) => log.error({ queue, job: job?.id, err }, "job failed"));
  worker.on("stalled", (job) => log.warn({ queue, job }, "job was left by a dead worker and is taken over"));
  return worker;
}
