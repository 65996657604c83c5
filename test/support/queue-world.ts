import { randomInt } from "node:crypto";
import { createMeasurer, type Measurer } from "#src/cluster/measure.ts";
import type { CheckRequest } from "#src/core/check.ts";
import { silentLog } from "#src/log.ts";
import { createMetrics, type Metrics } from "#src/metrics.ts";
import { type Checks, openChecks } from "#src/queue/checks.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import type { SlackPort } from "#src/queue/slack-port.ts";
import { type Tracing, untraced } from "#src/tracing.ts";
import { startMeasuring } from "#workers/measuring.ts";
import { startReporting } from "#workers/reporting.ts";
import { measuring } from "./measuring.ts";

/** A request from Slack for a check of `durationMs`. */
export function checkRequest({ durationMs = 1_000, ...more }: Partial<CheckRequest> = {}): CheckRequest {
  return {
    id: `nc-${randomInt(36 ** 6)
      .toString(36)
      .padStart(6, "0")}`,
    command: "web-0 db-0 1s",
    cluster: "lab",
    from: { kind: "pod", namespace: "shop", name: "web-0" },
    to: { kind: "pod", namespace: "shop", name: "db-0" },
    durationMs,
    requestedAtMs: Date.now(),
    slack: { team: "T1", channel: "C1", user: "U1" },
    ...more,
  };
}

type Queue = RedisAccess & { readonly dataDir: string };

/** The bot's half that speaks, with Slack faked at its calls and charts left out. */
export function reporting(
  queue: Queue,
  slack: { readonly port: SlackPort },
  metrics: Metrics = createMetrics(),
  tracing: Tracing = untraced,
): Promise<AsyncDisposable> {
  return startReporting({
    redis: queue,
    port: slack.port,
    dataDir: queue.dataDir,
    artifacts: { days: 14, quotaBytes: 1e9, s3: undefined },
    language: "en",
    render: async () => new Uint8Array(8),
    metrics,
    tracing,
    log: silentLog,
    name: "bot:1",
  });
}

type WorkerOptions = {
  readonly cluster?: string;
  readonly maxChecks?: number;
  readonly name?: string;
  readonly metrics?: Metrics;
  readonly tracing?: Tracing;
  /** Something that happens in its ticks. */
  readonly around?: (measurer: Measurer) => Measurer;
};

/** A worker whose nodes are faked, on the real clock. */
export async function measuringWorker(
  queue: Queue,
  {
    cluster = "lab",
    maxChecks = 8,
    name = "worker:1",
    metrics = createMetrics(),
    tracing = untraced,
    around = (measurer) => measurer,
  }: WorkerOptions = {},
) {
  const world = measuring({ nowMs: Date.now, cluster });
  const worker = await startMeasuring({
    redis: queue,
    cluster,
    maxChecks,
    measurer: around(createMeasurer({ ...world.depsOf(name), span: (title, work) => tracing.span(title, {}, work) })),
    remove: world.nodes.nodes.remove,
    metrics,
    tracing,
    log: silentLog,
    name,
  });
  return { ...world, worker };
}

export async function checksOf(queue: Queue, { maxChecks = 8, tracing = untraced } = {}): Promise<Checks> {
  return openChecks({ redis: await queue.connect("producer"), keys: queue.keys, log: silentLog, maxChecks, tracing });
}
