import type { Redis } from "ioredis";
import { z } from "zod";
import { clustersOf } from "../core/across.ts";
import { type CheckRequest, checkRequestSchema } from "../core/check.ts";
import { type Progress, progressSchema } from "../core/progress.ts";
import type { Keys } from "./keys.ts";

/** A finished check is remembered for thirty days. */
export const RECORD_TTL_S = 30 * 86_400;
const RECENT_KEPT = 100;

const threadSchema = z.object({ channel: z.string(), ts: z.string(), threadTs: z.string() });
/**
 * Where the messages of a check are: `ts` is its own first message, `threadTs` the one that the thread hangs on. They
 * differ when the check was asked for inside a thread.
 */
export type Thread = z.infer<typeof threadSchema>;

const cancelSchema = z.object({ by: z.string(), atMs: z.number() });
const outcomeSchema = z.object({ status: z.string(), verdict: z.string(), atMs: z.number() });

export type CheckStatus = {
  readonly request: CheckRequest;
  readonly state: "queued" | "running" | "reporting" | "done";
  /** Newest of each cluster that measures for this check. */
  readonly progress: readonly Progress[];
  readonly cancel?: z.infer<typeof cancelSchema>;
  readonly thread?: Thread;
  /** Present when the report is made. */
  readonly outcome?: z.infer<typeof outcomeSchema>;
};

/** Reads and writes the record of one check, a hash that bot and workers share. */
export function checkRecords(redis: Redis, keys: Keys) {
  const set = (id: string, field: string, value: unknown) => redis.hset(keys.check(id), field, JSON.stringify(value));

  return {
    async status(id: string): Promise<CheckStatus | undefined> {
      return statusFrom(await redis.hgetall(keys.check(id)));
    },

    async cancelled(id: string): Promise<z.infer<typeof cancelSchema> | undefined> {
      return parsed(cancelSchema, await redis.hget(keys.check(id), "cancel"));
    },

    setProgress: (progress: Progress) => set(progress.check, `progress:${progress.cluster}`, progress),

    /** The place of the thread, and the way back from a reply in it to the check. */
    async setThread(id: string, thread: Thread): Promise<void> {
      await set(id, "thread", thread);
      await redis.set(keys.thread(thread.channel, thread.threadTs), id, "EX", RECORD_TTL_S);
    },

    /** The report is made; its messages may still be on their way. */
    setOutcome: (id: string, outcome: z.infer<typeof outcomeSchema>) => set(id, "outcome", outcome),

    /** Everything is out. */
    async finish(id: string, atMs: number): Promise<void> {
      await redis
        .multi()
        .hset(keys.check(id), "done", "true")
        .expire(keys.check(id), RECORD_TTL_S)
        .zrem(keys.active, id)
        .zadd(keys.recent, atMs, id)
        .zremrangebyrank(keys.recent, 0, -RECENT_KEPT - 1)
        .exec();
    },

    /** The check needs its place in the cluster no longer; the next one may begin. */
    leavePlace: (id: string, cluster: string) => redis.zrem(keys.places(cluster), id),

    /** How many checks were asked for before this one and still hold or await a place; undefined when it has none. */
    async checksBefore(id: string, cluster: string): Promise<number | undefined> {
      return (await redis.zrank(keys.places(cluster), id)) ?? undefined;
    },
  };
}

export type CheckRecords = ReturnType<typeof checkRecords>;

/** What crossed Redis is parsed; something that another version wrote in another shape counts as absent. */
function parsed<T>(schema: z.ZodType<T>, value: string | null | undefined): T | undefined {
  return value ? schema.safeParse(JSON.parse(value)).data : undefined;
}

function statusFrom(fields: Readonly<Record<string, string>>): CheckStatus | undefined {
  const request = parsed(checkRequestSchema, fields["request"]);
  if (!request) return undefined;
  const progress = Object.entries(fields).flatMap(([name, value]) =>
    name.startsWith("progress:") ? (parsed(progressSchema, value) ?? []) : [],
  );
  const cancel = parsed(cancelSchema, fields["cancel"]);
  const thread = parsed(threadSchema, fields["thread"]);
  const outcome = parsed(outcomeSchema, fields["outcome"]);
  const measured = progress.length === clustersOf(request).length && progress.every(({ phase }) => phase === "done");
  const begun = progress.some(({ phase }) => phase !== "queued");
  const state = fields["done"] ? "done" : outcome || measured ? "reporting" : begun ? "running" : "queued";
  return {
    request,
    state,
    progress,
    ...(cancel && { cancel }),
    ...(thread && { thread }),
    ...(outcome && { outcome }),
  };
}
