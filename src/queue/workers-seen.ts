import type { Redis } from "ioredis";
import type { Keys } from "./keys.ts";

export const HEARTBEAT_MS = 5_000;
/** Two heartbeats may be missed. */
export const LOST_AFTER_MS = 3 * HEARTBEAT_MS;
const FORGET_AFTER_MS = 3_600_000;

/** `id` is host:pid; `atMs` its newest heartbeat, Unix milliseconds of that worker's clock. */
export type WorkerSeen = { readonly id: string; readonly atMs: number };

/** Heartbeats of the workers of each cluster, in one sorted set. */
export function workersSeen(redis: Redis, keys: Keys) {
  async function alive(cluster: string): Promise<readonly WorkerSeen[]> {
    const flat = await redis.zrange(keys.workers(cluster), Date.now() - LOST_AFTER_MS, "+inf", "BYSCORE", "WITHSCORES");
    const seen: WorkerSeen[] = [];
    for (let at = 0; at < flat.length; at += 2) seen.push({ id: flat[at] ?? "", atMs: Number(flat[at + 1]) });
    return seen;
  }

  async function beat(cluster: string, id: string): Promise<void> {
    await redis
      .multi()
      .zadd(keys.workers(cluster), Date.now(), id)
      .zremrangebyscore(keys.workers(cluster), "-inf", Date.now() - FORGET_AFTER_MS)
      .sadd(keys.clusters, cluster)
      .exec();
  }

  const leave = (cluster: string, id: string) => redis.zrem(keys.workers(cluster), id);

  return { alive, beat, leave };
}
