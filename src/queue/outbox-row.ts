import type { Redis } from "ioredis";
import { z } from "zod";
import type { Keys } from "./keys.ts";

/** Rows outlive every redelivery of the job that made them. */
const TTL_S = 35 * 86_400;

const whole = z.coerce.number().int();
const rowSchema = z.object({
  /**
   * new: nothing was sent · sending: a call was begun and nobody has written down how it ended · sent · failed ·
   * for files also uploaded: the bytes are at Slack and nobody sees them yet.
   */
  state: z.enum(["new", "uploaded", "sending", "sent", "failed"]).default("new"),
  /** When the first call that may have been accepted was begun, Unix milliseconds. */
  firstMs: whole.default(0),
  /** When the newest call was begun. */
  atMs: whole.default(0),
  attempts: whole.default(0),
  channel: z.string().optional(),
  ts: z.string().optional(),
  fileId: z.string().optional(),
  why: z.string().optional(),
  /** Updates so far; block ids carry it. */
  rev: whole.default(0),
  final: z.string().optional(),
  /** When an update was begun of which nobody knows whether and when Slack did it. */
  shakyMs: whole.optional(),
});
export type OutboxRow = z.infer<typeof rowSchema>;

/** The durable memory of one message, written before every call that cannot be repeated. */
export function outboxRow(redis: Redis, keys: Keys, key: string) {
  const name = keys.outbox(key);
  return {
    read: async (): Promise<OutboxRow> => rowSchema.parse(await redis.hgetall(name)),
    write: async (fields: Readonly<Record<string, string | number>>): Promise<void> => {
      await redis.multi().hset(name, fields).expire(name, TTL_S).exec();
    },
    forget: (...fields: readonly [string, ...string[]]) => redis.hdel(name, ...fields),
    /** How often a file was looked for since it was shared. */
    looked: () => redis.hincrby(name, "looks", 1),
    /** How often it was tried to make the file. */
    made: () => redis.hincrby(name, "made", 1),
    nextRevision: () => redis.hincrby(name, "rev", 1),
  };
}
