import { type Environment, readBotConfig } from "#src/config.ts";
import { createLog } from "#src/log.ts";
import { openRedis } from "#src/queue/redis.ts";
import { startBotSide } from "./bot-side.ts";
import { startObserving } from "./observing.ts";
import { processName, type Running, runProcess } from "./process.ts";
import { startTracing } from "./tracing.ts";

/** The bot: Slack in, reports and messages out. Holds no cluster credential. */
export async function startBot({
  env,
  signal,
}: {
  readonly env?: Environment;
  readonly signal?: AbortSignal;
} = {}): Promise<Running> {
  const config = readBotConfig(env);
  const log = createLog({ level: config.logLevel });
  const observed = await startObserving({ config, log });
  const { metrics } = observed;
  const tracing = await startTracing({ config, part: "bot", log });
  const redis = await openRedis({ config, log, ...(signal && { signal }) });
  const side = await startBotSide({ config, log, redis, metrics, tracing, name: processName() });
  await observed.watch(redis, "bot", { slack: side.connected });
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

if (import.meta.main) await runProcess(startBot);
