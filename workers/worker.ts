import { type Environment, readWorkerConfig } from "#src/config.ts";
import { createLog } from "#src/log.ts";
import { openRedis } from "#src/queue/redis.ts";
import { startObserving } from "./observing.ts";
import { processName, type Running, runProcess } from "./process.ts";
import { startTracing } from "./tracing.ts";
import { startWorkerSide } from "./worker-side.ts";

/** A worker of one cluster: measures, and publishes the names that commands may use. Holds no Slack token. */
export async function startClusterWorker({
  env,
  signal,
  sliceMs,
}: {
  readonly env?: Environment;
  readonly signal?: AbortSignal;
  readonly sliceMs?: number;
} = {}): Promise<Running> {
  const config = readWorkerConfig(env);
  const log = createLog({ level: config.logLevel });
  const observed = await startObserving({ config, log });
  const { metrics } = observed;
  const tracing = await startTracing({ config, part: "worker", log });
  const redis = await openRedis({ config, log, ...(signal && { signal }) });
  const side = await startWorkerSide({ config, log, redis, metrics, tracing, name: processName(), sliceMs });
  await observed.watch(redis, "worker", { cluster: side.answers });
  return {
    log,
    ready: side.ready,
    async stop() {
      await side.stop();
      await tracing.stop();
      await observed.stop();
      await redis.stop();
    },
  };
}

if (import.meta.main) await runProcess(startClusterWorker);
