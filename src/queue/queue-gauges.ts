import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type Log, occasionally } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type Keys, queueNames } from "./keys.ts";
import { jobOptions, openQueue } from "./queues.ts";
import { workersSeen } from "./workers-seen.ts";

/** BullMQ keeps the due time of a delayed job in the upper bits of its score; the lower 12 count jobs of one millisecond. */
const SCORE_PER_MS = 0x1000;
/** … and of one that waits, its priority above 32 bits of counter. */
const SCORE_PER_PRIORITY = 2 ** 32;
const PRIORITIES = [...new Set(Object.values(jobOptions).map(({ priority }) => priority))];

/** What is looked at: a worker's own cluster; for a bot all clusters and its own queues. */
type Watched = {
  readonly queues: readonly string[];
  readonly clusters: () => Promise<readonly string[]>;
};

/**
 * Fills the gauges of queues and checks from Redis whenever metrics are read. Processes that share a Redis tell the same numbers, so
 * add none of them up. While Redis is away they are missing and `netcheck_redis_up` is 0. `redis` must be a producer connection:
 * it fails at once.
 */
export function watchQueues(
  { queues, clusters }: Watched,
  {
    redis,
    keys,
    maxChecks,
    metrics,
    log,
  }: {
    readonly redis: Redis;
    readonly keys: Keys;
    readonly maxChecks: number;
    readonly metrics: Metrics;
    readonly log: Log;
  },
): AsyncDisposable {
  const opened = new Map<string, Queue>();
  const alive = workersSeen(redis, keys).alive;
  const complain = occasionally(log, "queues cannot be counted");

  async function jobsOf(name: string) {
    const queue = opened.get(name) ?? openQueue(name, { connection: redis, keys, log });
    opened.set(name, queue);
    const [counts, ageMs] = await Promise.all([
      queue.getJobCounts("wait", "prioritized", "delayed", "active", "failed"),
      longestWait(queue),
    ]);
    const { wait = 0, prioritized = 0, delayed = 0, active = 0, failed = 0 } = counts;
    return { name, ageMs, counts: { waiting: wait + prioritized, delayed, active, failed } };
  }

  /** How long the job that waits longest has been due, milliseconds. */
  async function longestWait(queue: Queue): Promise<number> {
    const nowMs = Date.now();
    const [, score] = await redis.zrange(queue.toKey("delayed"), "0", "0", "WITHSCORES");
    const overdueMs = score === undefined ? 0 : nowMs - Math.floor(Number(score) / SCORE_PER_MS);
    const waitingMs = await Promise.all(
      PRIORITIES.map(async (priority) => {
        const [from, to] = [priority * SCORE_PER_PRIORITY, `(${(priority + 1) * SCORE_PER_PRIORITY}`] as const;
        const [first] = await redis.zrange(queue.toKey("prioritized"), from, to, "BYSCORE", "LIMIT", 0, 1);
        if (first === undefined) return 0;
        const times = await redis.hmget(queue.toKey(first), "timestamp", "processedOn");
        // A job that has been put back waits since its newest turn at the earliest; its pause was seconds at most.
        return nowMs - Math.max(...times.map(Number));
      }),
    );
    return Math.max(0, overdueMs, ...waitingMs);
  }

  async function checksOf(cluster: string) {
    const [places, workers] = await Promise.all([redis.zcard(keys.places(cluster)), alive(cluster)]);
    return { cluster, running: Math.min(places, maxChecks), waiting: Math.max(0, places - maxChecks), workers };
  }

  async function look(): Promise<void> {
    const { queueJobs, queueAge, checksActive, checksUnfinished, workers, redisUp } = metrics;
    const gauges = [queueJobs, queueAge, checksActive, checksUnfinished, workers];
    try {
      await redisAnswers(redis);
      const all = await clusters();
      const [unfinished, jobs, checks] = await Promise.all([
        redis.zcard(keys.active),
        Promise.all([...queues, ...all.map(queueNames.measure)].map(jobsOf)),
        Promise.all(all.map(checksOf)),
      ]);
      // From here on in one go: two may read at a time.
      for (const gauge of gauges) gauge.reset();
      for (const { name: queue, ageMs, counts } of jobs) {
        queueAge.set({ queue }, ageMs / 1_000);
        for (const [state, count] of Object.entries(counts)) queueJobs.set({ queue, state }, count);
      }
      for (const { cluster, running, waiting, workers: seen } of checks) {
        checksActive.set({ cluster, state: "running" }, running);
        checksActive.set({ cluster, state: "waiting" }, waiting);
        workers.set({ cluster }, seen.length);
      }
      checksUnfinished.set(unfinished);
      redisUp.set(1);
    } catch (error) {
      complain(error);
      for (const gauge of gauges) gauge.reset();
      redisUp.set(0);
    }
  }

  metrics.beforeRead(look);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened.values()].map((queue) => queue.close()));
    },
  };
}

/** The clusters that have had a worker within a week, as long as their names are kept. */
export async function clustersSeen(redis: Redis, keys: Keys): Promise<readonly string[]> {
  const all = await redis.smembers(keys.clusters);
  const known = await Promise.all(all.map((cluster) => redis.exists(keys.inventory(cluster))));
  return all.filter((_, at) => known[at] === 1);
}

/** Whether Redis takes commands; throws when it does not. `redis` must be a producer connection. */
export async function redisAnswers(redis: Redis): Promise<undefined> {
  if (redis.status !== "ready") throw new Error(`redis connection is ${redis.status}`);
  await redis.ping();
  return undefined;
}
