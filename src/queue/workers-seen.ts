import type { Redis } from "ioredis";
import type { Keys } from "./keys.ts";

export const HEARTBEAT_MS = 5_000;
/** Two heartbeats may be missed. */
export const LOST_AFTER_MS = 3 * HEARTBEAT_MS;
const FORGET_AFTER_MS = 3_600_000;

/** `id` is host:pid; `atMs` its newest heartbeat, Unix milliseconds of Redis' clock. */
export type WorkerSeen = { readonly id: string; readonly atMs: number };
/** A cluster and how many of its workers are alive. */
export type ClusterSeen = { readonly name: string; readonly workers: number };

/**
 * Heartbeats of the workers of each cluster, in one sorted set. They are written and judged by Redis' clock: a bot refuses what no
 * worker would take, and must not do so because two machines disagree about the time.
 */
export function workersSeen(redis: Redis, keys: Keys) {
  async function nowMs(): Promise<number> {
    const [seconds, micros] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  async function alive(cluster: string): Promise<readonly WorkerSeen[]> {
    const sinceMs = (await nowMs()) - LOST_AFTER_MS;
    const flat = await redis.zrange(keys.workers(cluster), sinceMs, "+inf", "BYSCORE", "WITHSCORES");
    const seen: WorkerSeen[] = [];
    for (let at = 0; at < flat.length; at += 2) seen.push({ id: flat[at] ?? "", atMs: Number(flat[at + 1]) });
    return seen;
  }

  async function beat(cluster: string, id: string): Promise<void> {
    const atMs = await nowMs();
    await redis
      .multi()
      .zadd(keys.workers(cluster), atMs, id)
      .zremrangebyscore(keys.workers(cluster), "-inf", atMs - FORGET_AFTER_MS)
      .sadd(keys.clusters, cluster)
      .exec();
  }

  const leave = (cluster: string, id: string) => redis.zrem(keys.workers(cluster), id);

  /** Clusters with a worker now, and those whose names are still kept, in the order of the alphabet. */
  async function clusters(): Promise<readonly ClusterSeen[]> {
    const [names, atMs] = await Promise.all([redis.smembers(keys.clusters), nowMs()]);
    const all = await Promise.all(
      names.toSorted().map(async (name) => {
        const [workers, named] = await Promise.all([
          redis.zcount(keys.workers(name), atMs - LOST_AFTER_MS, "+inf"),
          redis.exists(keys.inventory(name)),
        ]);
        return { name, workers, kept: workers > 0 || named === 1 };
      }),
    );
    return all.filter(({ kept }) => kept).map(({ name, workers }) => ({ name, workers }));
  }

  return { alive, beat, leave, clusters };
}
