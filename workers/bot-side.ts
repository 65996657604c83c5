import { openChartRenderer } from "#src/chart/render.ts";
import type { BotConfig } from "#src/config.ts";
import type { Log } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import { openChecks } from "#src/queue/checks.ts";
import { finishedChecks } from "#src/queue/finished.ts";
import { queueNames } from "#src/queue/keys.ts";
import { newCheckId } from "#src/queue/new-check-id.ts";
import { openQueue } from "#src/queue/queues.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { scheduleDesk } from "#src/queue/schedule-desk.ts";
import { startScheduler } from "#src/queue/scheduler.ts";
import { scheduleStore } from "#src/queue/schedules.ts";
import type { Need } from "#src/readiness.ts";
import { createSlackApp } from "#src/slack/app.ts";
import { countedPort } from "#src/slack/counted-port.ts";
import { createSlackPort } from "#src/slack/slack-port.ts";
import { tracedPort } from "#src/slack/traced-port.ts";
import { openHistory } from "#src/store/history.ts";
import type { Tracing } from "#src/tracing.ts";
import { pastReports } from "./past.ts";
import { startReporting } from "./reporting.ts";

/** Everything that holds the Slack token. It goes on reporting while Slack's events cannot come in, and the reverse. */
export async function startBotSide({
  config,
  log,
  redis,
  metrics,
  tracing,
  name,
}: {
  readonly config: BotConfig;
  readonly log: Log;
  readonly redis: RedisAccess;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly name: string;
}): Promise<{
  readonly ready: Promise<void>;
  /** What people type in Slack comes in. */
  readonly connected: Need;
  readonly stop: () => Promise<void>;
}> {
  await using stack = new AsyncDisposableStack();
  const { dataDir, artifacts, language, maxChecks } = config;
  const { botToken: token, apiUrl } = config.slack;
  const { render } = stack.use(openChartRenderer());
  const port = tracedPort(countedPort(createSlackPort({ token, apiUrl }), metrics), tracing);
  stack.use(await startReporting({ redis, port, dataDir, artifacts, language, render, metrics, tracing, log, name }));
  const producer = await redis.connect("producer");
  const opened = openChecks({ redis: producer, keys: redis.keys, log, maxChecks, tracing });
  const checks = stack.adopt(opened, (all) => all.close());
  const store = scheduleStore(producer, redis.keys);
  const notify = stack.adopt(openQueue(queueNames.notify, { connection: producer, keys: redis.keys, log }), (queue) =>
    queue.close(),
  );
  const scheduler = startScheduler({ store, checks, notify, newId: newCheckId, log });
  stack.adopt(scheduler, (running) => running.stop());
  const schedules = scheduleDesk({ redis: producer, store });
  const past = pastReports({ history: openHistory(dataDir), finished: finishedChecks(producer, redis.keys) });
  const slackApp = createSlackApp({ config, checks, schedules, past, tracing, log });
  const app = stack.adopt(slackApp, (slack) => slack.stop());
  const ready = app.start();
  // Whoever waits for it learns of a failure; nobody has to.
  ready.catch(() => undefined);
  const owned = stack.move();
  const connected: Need = () => (app.connected() ? undefined : "events do not come in");
  return { ready, connected, stop: () => owned.disposeAsync() };
}
