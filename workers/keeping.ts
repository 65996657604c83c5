import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { ByteBudget } from "#src/cluster/byte-budget.ts";
import { secondPartId } from "#src/core/across.ts";
import { type Log, occasionally } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import type { Keys } from "#src/queue/keys.ts";
import { workersSeen } from "#src/queue/workers-seen.ts";
import type { ArtifactStore } from "#src/store/artifact.ts";

const SHARE_EVERY_MS = 10_000;
const SWEEP_EVERY = 60;

/**
 * What a worker does for captures beside measuring: it takes its share of what the cluster's workers may fetch together, and
 * lets go what is too old or too much in the artifact store.
 */
export function startKeeping({
  redis,
  keys,
  cluster,
  bytesPerSecond,
  budget,
  store,
  metrics,
  log,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly cluster: string;
  readonly bytesPerSecond: number;
  readonly budget: ByteBudget;
  readonly store: ArtifactStore;
  readonly metrics: Metrics;
  readonly log: Log;
}): AsyncDisposable {
  const stopping = new AbortController();
  const seen = workersSeen(redis, keys);
  const complain = occasionally(log, "captures cannot be looked after");

  async function round(n: number): Promise<void> {
    const alive = await seen.alive(cluster);
    budget.bytesPerSecond = bytesPerSecond / Math.max(1, alive.length);
    if (n % SWEEP_EVERY !== 0) return;
    const active = await redis.zrange(keys.active, "0", "-1");
    const running = new Set(active.flatMap((check) => [check, secondPartId(check)]));
    const { gone, bytes: kept } = await store.sweep(Date.now(), running);
    metrics.capturesBytes.set(kept);
    for (const { check, why, bytes } of gone) log.info({ check, why, bytes }, "captures were let go");
  }

  async function run(): Promise<void> {
    for (let n = 0; !stopping.signal.aborted; n++) {
      await round(n).catch(complain);
      await sleep(SHARE_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
