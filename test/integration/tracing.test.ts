import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { startSlack } from "#lab/slack/server.ts";
import { NetcheckError } from "#src/core/errors.ts";
import { createLog, silentLog } from "#src/log.ts";
import { createMetrics } from "#src/metrics.ts";
import type { Checks } from "#src/queue/checks.ts";
import { inventories } from "#src/queue/inventory.ts";
import { queueNames } from "#src/queue/keys.ts";
import { jobOptions, openFlows } from "#src/queue/queues.ts";
import { scheduleDesk } from "#src/queue/schedule-desk.ts";
import { scheduleStore } from "#src/queue/schedules.ts";
import { createSlackApp } from "#src/slack/app.ts";
import { createSlackPort } from "#src/slack/slack-port.ts";
import { tracedPort } from "#src/slack/traced-port.ts";
import { otlpTracing } from "#src/tracing-otlp.ts";
import { memoryPast } from "#test/support/memory-schedules.ts";
import { lineage, otlpReceiver } from "#test/support/otlp-receiver.ts";
import { withQueue } from "#test/support/queue-test.ts";
import { checkRequest, checksOf, measuringWorker, reporting } from "#test/support/queue-world.ts";
import { smallInventory } from "#test/support/small-inventory.ts";

const alice = "U0ALICE";
const oncall = "C0ONCALL";

const ended = (checks: Checks, id: string) =>
  expect.poll(async () => (await checks.status(id))?.state, { timeout: 30_000, interval: 100 }).toBe("done");

withQueue("a check asked for in Slack is one trace across bot, queue and worker", async ({ queue, redis }) => {
  await using collector = await otlpReceiver();
  const shared = { url: collector.url, log: silentLog };
  const [bot, worker] = [
    otlpTracing({ ...shared, service: "netcheck-bot", name: "bot:1" }),
    otlpTracing({ ...shared, service: "netcheck-worker", name: "worker:1" }),
  ];
  const slack = await startSlack();
  onTestFinished(slack.stop);
  const checks = await checksOf(queue, { tracing: bot });
  onTestFinished(checks.close);
  await inventories(redis, queue.keys).publish({ ...smallInventory, cluster: "lab" });
  const port = tracedPort(createSlackPort({ token: slack.botToken, apiUrl: slack.apiUrl }), bot);
  await using _bot = await reporting(queue, { port }, createMetrics(), bot);
  await using _worker = (await measuringWorker(queue, { tracing: worker })).worker;
  await expect.poll(() => checks.workers("lab")).toHaveLength(1);
  const app = createSlackApp({
    config: {
      cluster: "lab",
      slack: {
        ...{ mode: "socket", appToken: slack.appToken, botToken: slack.botToken, apiUrl: slack.apiUrl },
        ...{ command: "/netcheck", allowedUsers: [], allowedGroups: [] },
      },
    },
    checks,
    schedules: scheduleDesk({ redis, store: scheduleStore(redis, queue.keys) }),
    past: memoryPast(),
    tracing: bot,
    log: silentLog,
  });
  await app.start();
  onTestFinished(app.stop);
  await slack.connections(1);

  const { response } = await slack.command({ channel: oncall, user: alice, text: "/netcheck web-0 db-0 5s" });
  const id = /nc-[a-z0-9]+/.exec(response?.text ?? "")?.[0] ?? "";
  await ended(checks, id);
  await Promise.all([worker.stop(), bot.stop()]);

  const { spans, requests } = collector;
  expect(new Set(requests)).toEqual(new Set(["POST /v1/traces application/json"]));
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  const asked = "slack command > answer > enqueue";
  const lines = new Set(
    spans.map((span) => `${String(span.service).replace("netcheck-", "")}: ${lineage(span, spans)}`),
  );
  expect([...lines].filter((line) => line.includes("?"))).toEqual([]);
  for (const line of [
    "bot: slack command",
    "bot: slack command > answer",
    "bot: slack command > acknowledge",
    `bot: ${asked}`,
    `worker: ${asked} > wait`,
    `worker: ${asked} > measure`,
    `worker: ${asked} > measure > plan > read cluster`,
    `worker: ${asked} > measure > plan > resolve`,
    `worker: ${asked} > measure > start tasks`,
    `worker: ${asked} > measure > window`,
    `worker: ${asked} > measure > conclude`,
    `worker: ${asked} > measure > tidy`,
    `bot: ${asked} > report > diagnose`,
    `bot: ${asked} > report > keep`,
    `bot: ${asked} > notify open > slack post`,
    `bot: ${asked} > report > notify deliver > slack update`,
    `bot: ${asked} > report > notify deliver > slack post`,
  ])
    expect([...lines]).toContain(line);

  const the = (name: string) => {
    const all = spans.filter((span) => span.name === name);
    expect(all).toHaveLength(1);
    const [{ startTimeUnixNano, endTimeUnixNano, kind, attributes } = expect.fail()] = all;
    return { startMs: Number(startTimeUnixNano) / 1e6, endMs: Number(endTimeUnixNano) / 1e6, kind, attributes };
  };
  const [measure, window] = [the("measure"), the("window")];
  expect(window.endMs - window.startMs).toBeCloseTo(5_000, 0);
  expect(measure.startMs).toBeLessThanOrEqual(window.startMs);
  expect(measure.endMs).toBeGreaterThanOrEqual(window.endMs);
  // Kinds of OTLP: server 2, client 3, producer 4, consumer 5.
  expect([the("slack command").kind, the("enqueue").kind, measure.kind, the("report").kind]).toEqual([2, 4, 5, 5]);
  expect(spans.find(({ name }) => name === "slack post")?.kind).toBe(3);
  expect(measure.attributes).toEqual({
    "netcheck.check": id,
    "messaging.system": "bullmq",
    "messaging.operation.type": "process",
    "messaging.destination.name": "measure.lab",
  });
  // Whose pods these are, and who asked, is nobody's business but theirs.
  expect(JSON.stringify(spans)).not.toMatch(/web-0|db-0|10\.\d+\.\d+\.\d+|U0ALICE|node-\d/);
});

withQueue(
  "a check that a schedule starts is a trace of its own, which ends where it is cancelled",
  async ({ queue }) => {
    await using collector = await otlpReceiver();
    const tracing = otlpTracing({ url: collector.url, service: "netcheck-all", name: "all:1", log: silentLog });
    const checks = await checksOf(queue, { tracing });
    onTestFinished(checks.close);
    await using _bot = await reporting(queue, createSlackPortThatIsNeverCalled(), createMetrics(), tracing);
    await using _worker = (await measuringWorker(queue, { tracing })).worker;
    const { slack: _, ...request } = checkRequest({ durationMs: 60_000 });
    await checks.submit(request);
    await expect
      .poll(async () => (await checks.status(request.id))?.progress[0]?.phase, { timeout: 20_000 })
      .toBe("measuring");
    await checks.cancel(request.id, alice);
    await ended(checks, request.id);
    await tracing.stop();
    const { spans } = collector;
    expect(new Set(spans.map((span) => lineage(span, spans)))).toEqual(
      new Set([
        "enqueue",
        ...["enqueue > wait", "enqueue > measure", "enqueue > report"],
        ...[
          "plan",
          "plan > read cluster",
          "plan > resolve",
          "start tasks",
          "window",
          "stop tasks",
          "conclude",
          "tidy",
        ].map((step) => `enqueue > measure > ${step}`),
        ...["enqueue > report > diagnose", "enqueue > report > keep"],
      ]),
    );
    const window = spans.find(({ name }) => name === "window");
    expect(Number(window?.endTimeUnixNano) - Number(window?.startTimeUnixNano)).toBeLessThan(30e9);
  },
);

withQueue("jobs without a trace, or with a broken one, are done and not traced", async ({ queue, checks }) => {
  await using collector = await otlpReceiver();
  const tracing = otlpTracing({ url: collector.url, service: "netcheck-worker", name: "worker:1", log: silentLog });
  await using _worker = (await measuringWorker(queue, { tracing })).worker;
  const slack = createSlackPortThatIsNeverCalled();
  await using _bot = await reporting(queue, slack, createMetrics(), tracing);
  const connection = await queue.connect("worker");
  await using flows = openFlowsOf(connection, queue);
  for (const more of [{}, { traceparent: "00-zz-1-01" }, { traceparent: 7 }]) {
    const { slack: _, ...request } = checkRequest({ durationMs: 1_000 });
    await connection.hset(queue.keys.check(request.id), "request", JSON.stringify(request));
    await flows.add(request.id, more);
    await ended(checks, request.id);
    // Faked nodes bring no evidence; a job that failed would be told as an internal error.
    expect((await checks.status(request.id))?.outcome?.verdict).toContain("Nothing was measured between");
  }
  await tracing.stop();
  expect(collector.spans).toEqual([]);
});

function createSlackPortThatIsNeverCalled() {
  return { port: createSlackPort({ token: "xoxb-none", apiUrl: "http://127.0.0.1:1/api/" }) };
}

/** A check as a version before traces has put it into the queue, with whatever else its jobs carry. */
function openFlowsOf(
  connection: Parameters<typeof openFlows>[0]["connection"],
  { keys }: { keys: Parameters<typeof openFlows>[0]["keys"] },
) {
  const flows = openFlows({ connection, keys, log: silentLog });
  return {
    add: (check: string, more: object) =>
      flows.add({
        name: "report",
        queueName: queueNames.report,
        data: { check, ...more },
        opts: { ...jobOptions.report, jobId: check },
        children: [
          {
            name: "measure",
            queueName: queueNames.measure("lab"),
            data: { check, cluster: "lab", ...more },
            opts: { ...jobOptions.measure, jobId: check },
          },
        ],
      }),
    [Symbol.asyncDispose]: async () => void (await flows.close()),
  };
}

test("a collector that is away holds nobody up", async () => {
  const tracing = otlpTracing({
    url: "http://127.0.0.1:1/v1/traces",
    service: "netcheck",
    name: "a:1",
    log: silentLog,
  });
  expect(await tracing.span("work", { root: true }, async () => 7)).toBe(7);
  const beganMs = performance.now();
  await tracing.stop();
  expect(performance.now() - beganMs).toBeLessThan(5_000);
});

test("a collector that refuses is told in the log", async () => {
  await using collector = await otlpReceiver({ status: 403 });
  const lines: string[] = [];
  const log = createLog({ level: "info", to: { write: (line: string) => void lines.push(line) } });
  const tracing = otlpTracing({ url: collector.url, service: "netcheck", name: "a:1", log });
  await tracing.span("work", { root: true }, async () => undefined);
  await tracing.stop();
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["traces cannot be sent"]);
});

test("an error is told by its code, not by its words", async () => {
  await using collector = await otlpReceiver();
  const tracing = otlpTracing({ url: collector.url, service: "netcheck", name: "a:1", log: silentLog });
  const refused = new NetcheckError("not-found", "There is no pod web-9.");
  for (const error of [refused, new TypeError("web-9")])
    await expect(tracing.span("work", { root: true }, () => Promise.reject(error))).rejects.toBe(error);
  await tracing.stop();
  expect(collector.spans.map(({ attributes, status }) => [attributes["error.type"], status.code])).toEqual([
    ["not-found", 2],
    ["TypeError", 2],
  ]);
  expect(JSON.stringify(collector.spans)).not.toContain("web-9");
});

test.each([
  { names: "no collector", loads: false },
  { names: "a collector", loads: true },
])("a process whose environment names $names loads OpenTelemetry: $loads", async ({ loads }) => {
  await using collector = await otlpReceiver();
  const { loaded } = await loadedBy(loads ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint } : {});
  expect(loaded.filter((url) => /@opentelemetry\/(sdk|exporter|otlp|resources|core)/.test(url)).length > 0).toBe(loads);
  expect(collector.requests.length > 0).toBe(loads);
});

/** Starts tracing as a bot's process does, makes one span, ends; answers the modules that it loaded. */
async function loadedBy(env: Readonly<Record<string, string>>): Promise<{ readonly loaded: readonly string[] }> {
  const program = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { startTracing } = await import("#workers/tracing.ts");
    await import("#workers/all.ts");
    const { readWorkerConfig } = await import("#src/config.ts");
    const { createLog } = await import("#src/log.ts");
    const tracing = await startTracing({ config: readWorkerConfig(), part: "all", log: createLog({ level: "silent" }) });
    await tracing.span("work", { root: true }, async () => undefined);
    await tracing.stop();
    process.stdout.write(JSON.stringify({ loaded }));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [[code], output] = await Promise.all([once(child, "exit"), child.stdout.toArray()]);
  expect(code).toBe(0);
  return JSON.parse(Buffer.concat(output).toString());
}
