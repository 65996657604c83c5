import type { SharedConfig } from "#src/config.ts";
import { startHealthServer } from "#src/health-server.ts";
import type { Log } from "#src/log.ts";
import { addProcessMetrics, createMetrics, type Metrics } from "#src/metrics.ts";
import { queueNames } from "#src/queue/keys.ts";
import { clustersSeen, redisAnswers, watchQueues } from "#src/queue/queue-gauges.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import type { Need } from "#src/readiness.ts";

/** Whose queues are counted: a worker's, of its own cluster, or a bot's and those of every cluster. */
type Part = "bot" | "worker";

export type Observed = {
  readonly metrics: Metrics;
  /** To be called when the process does its work: what `/readyz` asks for beside Redis, and whose queues are counted. */
  readonly watch: (redis: RedisAccess, part: Part, needs: Readonly<Record<string, Need>>) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/**
 * What a process tells about itself. It is served before anything else begins, because waiting for Redis is no reason to be
 * killed; without a port everything is counted for nobody.
 */
export async function startObserving({
  config: { metricsPort, cluster, maxChecks },
  log,
}: {
  readonly config: Pick<SharedConfig, "metricsPort" | "cluster" | "maxChecks">;
  readonly log: Log;
}): Promise<Observed> {
  const metrics = createMetrics();
  if (metricsPort === undefined) return { metrics, watch: async () => undefined, stop: async () => undefined };
  await using stack = new AsyncDisposableStack();
  addProcessMetrics(metrics);
  const health = stack.use(await startHealthServer({ port: metricsPort, metrics, log }));
  health.need("redis", () => "not connected yet");
  log.info({ port: metricsPort }, "metrics and health are served");
  const owned = stack.move();
  return {
    metrics,
    async watch({ connect, keys }, part, needs) {
      const redis = await connect("producer");
      const watched =
        part === "bot"
          ? { queues: [queueNames.report, queueNames.notify], clusters: () => clustersSeen(redis, keys) }
          : { queues: [], clusters: async () => [cluster] };
      owned.use(watchQueues(watched, { redis, keys, maxChecks, metrics, log }));
      health.need("redis", () => redisAnswers(redis));
      for (const [name, need] of Object.entries(needs)) health.need(name, need);
    },
    stop: () => owned.disposeAsync(),
  };
}
