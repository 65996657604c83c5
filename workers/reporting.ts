import type { Chart } from "#src/core/report.ts";
import type { Language } from "#src/core/sentence.ts";
import type { Log } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import { checkRecords } from "#src/queue/check-record.ts";
import { createConversation } from "#src/queue/conversation.ts";
import { finishedChecks } from "#src/queue/finished.ts";
import { queueNames } from "#src/queue/keys.ts";
import { createOutbox } from "#src/queue/outbox.ts";
import { openQueue, startWorker } from "#src/queue/queues.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { scheduleStore } from "#src/queue/schedules.ts";
import type { SlackPort } from "#src/queue/slack-port.ts";
import { startTicker } from "#src/queue/ticker.ts";
import { workersSeen } from "#src/queue/workers-seen.ts";
import { type ArtifactConfig, openArtifacts } from "#src/store/artifacts.ts";
import { openHistory } from "#src/store/history.ts";
import { type Tracing, untraced } from "#src/tracing.ts";
import { scheduleTeller } from "./digest.ts";
import { notifyProcessor } from "./notify.ts";
import { reportProcessor } from "./report.ts";

const REPORTS_AT_ONCE = 2;
const MESSAGES_AT_ONCE = 8;
/** Longest life of a signed link. */
const MOST_LINK_S = 7 * 86_400;

/** The half of the bot that speaks: reports, messages, progress. It needs Redis and Slack's Web API, not Slack's events. */
export async function startReporting({
  redis,
  port,
  dataDir,
  artifacts,
  language,
  render,
  metrics,
  tracing = untraced,
  log,
  name,
}: {
  readonly redis: RedisAccess;
  readonly port: SlackPort;
  readonly dataDir: string;
  /** Where the workers keep captures. */
  readonly artifacts: ArtifactConfig;
  readonly language: Language;
  readonly render: (chart: Chart, language: Language) => Promise<Uint8Array>;
  readonly metrics: Metrics;
  /** Untraced where it is absent. */
  readonly tracing?: Tracing;
  readonly log: Log;
  readonly name: string;
}): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { keys } = redis;
  const connection = await redis.connect("worker");
  const notify = stack.adopt(openQueue(queueNames.notify, { connection, keys, log }), (queue) => queue.close());
  const records = checkRecords(connection, keys);
  const finished = finishedChecks(connection, keys);
  const schedules = scheduleStore(connection, keys);
  const outboxDeps = { redis: connection, keys, log, port };
  const outbox = createOutbox(outboxDeps);
  const conversation = createConversation({
    ...outboxDeps,
    outbox,
    ...{ records, language, render },
    store: openArtifacts({ dataDir, artifacts }),
    linkSeconds: Math.min(MOST_LINK_S, artifacts.days * 86_400),
    updateIntervalMs: () => ticker.intervalMs(),
  });
  const ticker = startTicker({
    ...{ redis: connection, keys, records, log, name },
    workers: workersSeen(connection, keys).alive,
    look: (status) => JSON.stringify(conversation.running(status)(0)),
    refresh: conversation.refresh,
  });
  stack.adopt(ticker, (running) => running.stop());
  const shared = { connection, keys, log, name };
  const report = reportProcessor({
    ...{ records, finished, schedules, notify, metrics, tracing, log },
    history: openHistory(dataDir),
  });
  const reports = startWorker(queueNames.report, report, { ...shared, concurrency: REPORTS_AT_ONCE });
  stack.adopt(reports, (worker) => worker.close());
  const tellSchedule = scheduleTeller({ schedules, records, finished, outbox, conversation, port, language, log });
  const say = notifyProcessor({
    ...{ records, conversation, finished, tellSchedule, metrics, tracing, log },
    queue: notify,
  });
  const messages = startWorker(queueNames.notify, say, { ...shared, concurrency: MESSAGES_AT_ONCE });
  stack.adopt(messages, (worker) => worker.close());
  return stack.move();
}
