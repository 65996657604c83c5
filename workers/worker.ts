import { type Environment, readWorkerConfig } from "#src/config.ts";
import { createLog } from "#src/log.ts";
import { openRedis } from "#src/queue/redis.ts";
import { processName, type Running, runProcess } from "./process.ts";
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
  const redis = await openRedis({ config, log, ...(signal && { signal }) });
  const side = await startWorkerSide({ config, log, redis, name: processName(), sliceMs });
  return {
    log,
    ready: side.ready,
    async stop() {
      await side.stop();
      await redis.stop();
    },
  };
}

if (import.meta.main) await runProcess(startClusterWorker);
