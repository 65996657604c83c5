import { expect, vi } from "vitest";
import { countedExec } from "#src/cluster/counted-calls.ts";
import { runExec } from "#src/cluster/exec-run.ts";
import { silentLog } from "#src/log.ts";
import { createMetrics, type Metrics } from "#src/metrics.ts";
import { inventories } from "#src/queue/inventory.ts";
import { queueNames } from "#src/queue/keys.ts";
import { clustersSeen, watchQueues } from "#src/queue/queue-gauges.ts";
import { jobOptions, openQueue } from "#src/queue/queues.ts";
import { workersSeen } from "#src/queue/workers-seen.ts";
import { countedPort } from "#src/slack/counted-port.ts";
import { execServer } from "../support/exec-server.ts";
import { fakeSlackPort } from "../support/fake-slack-port.ts";
import { redisServer } from "../support/private-queue.ts";
import { withQueue } from "../support/queue-test.ts";
import { checkRequest, measuringWorker, reporting } from "../support/queue-world.ts";
import { smallInventory } from "../support/small-inventory.ts";

const test = withQueue.concurrent;

/** `name{labels}` to number. */
async function numbers(metrics: Metrics): Promise<Readonly<Record<string, number>>> {
  const lines = (await metrics.read()).split("\n").filter((line) => line.startsWith("netcheck_"));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

test("a check is counted by its status, its stages, its gaps and its calls to Slack", async ({ queue, checks }) => {
  const metrics = createMetrics();
  const slack = fakeSlackPort();
  slack.faults.set("post", ["refused"]);
  await using _bot = await reporting(queue, { ...slack, port: countedPort(slack.port, metrics) }, metrics);
  const { worker, nodes } = await measuringWorker(queue, { metrics });
  await using _worker = worker;
  nodes.without.add("node-3");
  const request = checkRequest();
  await checks.submit(request);
  const read = await vi.waitFor(
    async () => {
      const now = await numbers(metrics);
      expect(now['netcheck_stage_duration_seconds_count{stage="delivering"}']).toBe(1);
      return now;
    },
    { timeout: 40_000 },
  );
  for (const stage of ["queued", "starting", "finishing", "reporting"])
    expect(read, stage).toMatchObject({ [`netcheck_stage_duration_seconds_count{stage="${stage}"}`]: 1 });
  const status = (await checks.status(request.id))?.outcome?.status;
  expect(read).toMatchObject({
    [`netcheck_checks_total{status="${status}"}`]: 1,
    'netcheck_slack_calls_total{call="post",outcome="refused"}': 1,
    'netcheck_slack_calls_total{call="post",outcome="done"}': slack.messages.filter(({ fileId }) => !fileId).length,
  });
  // The reason names the node; the label does not.
  const gaps = Object.keys(read).filter((name) => name.startsWith("netcheck_gaps_total"));
  expect(gaps.length).toBeGreaterThan(0);
  expect(Object.keys(read).filter((name) => /node-\d|shop|db-0|nc-/.test(name))).toEqual([]);
});

test("execs are timed, and those without an answer counted by the reason", async () => {
  const metrics = createMetrics();
  await using server = await execServer((exec) => exec.run());
  const exec = countedExec(runExec, metrics);
  const request = { namespace: "netcheck", pod: "agent-1", container: "agent", command: ["true", "sync"] };
  const run = () => exec(server.access, request, { timeoutMs: 30_000, maxBytes: 100 });
  expect((await run()).exitCode).toBe(0);
  server.behave((one) => one.reset());
  await expect(run()).rejects.toThrow();
  server.refuse({ code: 403, body: "pods/exec is forbidden" });
  await expect(run()).rejects.toThrow();
  expect(await numbers(metrics)).toMatchObject({
    'netcheck_exec_duration_seconds_count{verb="sync"}': 3,
    'netcheck_exec_failures_total{verb="sync",reason="lost"}': 1,
    'netcheck_exec_failures_total{verb="sync",reason="http-403"}': 1,
  });
});

test("queues are told by how many wait and for how long, also where no worker is", async ({ queue, redis, checks }) => {
  const metrics = createMetrics();
  const { keys } = queue;
  const producer = await queue.connect("producer");
  const shared = { redis: producer, keys, maxChecks: 2, metrics, log: silentLog };
  const clusters = () => clustersSeen(producer, keys);
  await using _watch = watchQueues({ queues: [queueNames.report, queueNames.notify], clusters }, shared);
  const cluster = smallInventory.cluster;
  await redis.sadd(keys.clusters, cluster, "given-up-long-ago");
  await inventories(redis, keys).publish(smallInventory);
  for (let n = 0; n < 3; n++) await checks.submit(checkRequest({ cluster }));
  const waits = await numbers(metrics);
  expect(waits).toMatchObject({
    netcheck_redis_up: 1,
    netcheck_checks_unfinished: 3,
    'netcheck_checks_active{cluster="prod",state="running"}': 2,
    'netcheck_checks_active{cluster="prod",state="waiting"}': 1,
    'netcheck_workers{cluster="prod"}': 0,
    'netcheck_queue_jobs{queue="measure.prod",state="waiting"}': 3,
    'netcheck_queue_jobs{queue="notify",state="waiting"}': 3,
  });
  expect(Object.keys(waits).filter((name) => name.includes("given-up"))).toEqual([]);
  await workersSeen(redis, keys).beat(cluster, "worker:1");
  expect(await numbers(metrics)).toMatchObject({ 'netcheck_workers{cluster="prod"}': 1 });

  // Jobs of both priorities and one that is overdue: the oldest counts, wherever it is.
  const notify = openQueue(queueNames.notify, { connection: redis, keys, log: silentLog });
  const old = { ...jobOptions.notify, timestamp: Date.now() - 90_000 };
  await notify.add("settle", {}, { ...old, jobId: "old" });
  const age = 'netcheck_queue_oldest_seconds{queue="notify"}';
  const first = (await numbers(metrics))[age] ?? 0;
  expect(first).toBeGreaterThanOrEqual(90);
  expect(first).toBeLessThan(150);
  await notify.add("settle", {}, { ...old, jobId: "overdue", timestamp: Date.now() - 600_000, delay: 300_000 });
  const second = (await numbers(metrics))[age] ?? 0;
  expect(second).toBeGreaterThanOrEqual(300);
  expect(second).toBeLessThan(360);
  await notify.add("settle", {}, { ...jobOptions.notify, jobId: "later", delay: 600_000 });
  expect((await numbers(metrics))[age]).toBeLessThan(360);
  await notify.close();
});

test("without Redis the rest is told at once, and numbers of before are not", async ({ queue, checks }) => {
  const metrics = createMetrics();
  const redis = await queue.connect("producer");
  const shared = { redis, keys: queue.keys, maxChecks: 2, metrics, log: silentLog };
  await using _watch = watchQueues({ queues: [], clusters: async () => ["lab"] }, shared);
  await checks.submit(checkRequest());
  expect(await numbers(metrics)).toMatchObject({ 'netcheck_queue_jobs{queue="measure.lab",state="waiting"}': 1 });
  const gone = async () => {
    const left = await numbers(metrics);
    expect(left).toMatchObject({ netcheck_redis_up: 0, netcheck_node_leases: 0 });
    expect(Object.keys(left).filter((name) => /^netcheck_(queue|checks_active|workers)/.test(name))).toEqual([]);
  };
  const server = await redisServer(queue.dataDir);
  process.kill(server, "SIGSTOP");
  await gone();
  process.kill(server, "SIGCONT");
  await vi.waitFor(async () => expect(await numbers(metrics)).toMatchObject({ netcheck_redis_up: 1 }), {
    timeout: 20_000,
  });
  redis.disconnect();
  await gone();
});
