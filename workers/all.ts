import { type Environment, readAllConfig } from "#src/config.ts";
import { createLog } from "#src/log.ts";
import { openRedis } from "#src/queue/redis.ts";
import { startBotSide } from "./bot-side.ts";
import { startObserving } from "./observing.ts";
import { processName, type Running, runProcess } from "./process.ts";
import { startTracing } from "./tracing.ts";
import { startWorkerSide } from "./worker-side.ts";

/** Bot and worker in one process, for laptops and small clusters. They still talk through Redis only. */
export async function startAll({
  env,
  signal,
}: {
  readonly env?: Environment;
  readonly signal?: AbortSignal;
} = {}): Promise<Running> {
  const config = readAllConfig(env);
  const log = createLog({ level: config.logLevel });
  const observed = await startObserving({ config, log });
  const { metrics } = observed;
  const tracing = await startTracing({ config, part: "all", log });
  const redis = await openRedis({ config, log, ...(signal && { signal }) });
  const name = processName();
  const worker = await startWorkerSide({ config, log, redis, metrics, tracing, name });
  const bot = await startBotSide({ config, log, redis, metrics, tracing, name });
  await observed.watch(redis, "bot", { slack: bot.connected, cluster: worker.answers });
  return {
    log,
    ready: Promise.all([bot.ready, worker.ready]),
    async stop() {
      await bot.stop();
      await worker.stop();
      await tracing.stop();
      await observed.stop();
      await redis.stop();
    },
  };
}

if (import.meta.main) await runProcess(startAll);
