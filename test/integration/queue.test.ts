import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { NetcheckError } from "#src/core/errors.ts";
import { newMeasureState } from "#src/core/measure-state.ts";
import { silentLog } from "#src/log.ts";
import type { Checks } from "#src/queue/checks.ts";
import { openChecks } from "#src/queue/checks.ts";
import { finishedChecks } from "#src/queue/finished.ts";
import { inventories } from "#src/queue/inventory.ts";
import { queueNames } from "#src/queue/keys.ts";
import { leftovers } from "#src/queue/leftovers.ts";
import { measureStore } from "#src/queue/measure-store.ts";
import { packLines } from "#src/queue/packed.ts";
import { openQueue } from "#src/queue/queues.ts";
import { LOST_AFTER_MS, workersSeen } from "#src/queue/workers-seen.ts";
import { fakeSlackPort } from "../support/fake-slack-port.ts";
import { withQueue } from "../support/queue-test.ts";
import { checkRequest, measuringWorker, reporting } from "../support/queue-world.ts";

const test = withQueue.concurrent;

const texts = (slack: ReturnType<typeof fakeSlackPort>) => slack.messages.map(({ key }) => key);
const ended = (checks: Checks, id: string) =>
  vi.waitFor(async () => expect((await checks.status(id))?.state).toBe("done"), { timeout: 40_000 });

test("a check is durable when submit returns, and says how many are before it", async ({ queue, redis, checks }) => {
  const positions = [];
  for (let n = 0; n < 4; n++)
    positions.push((await checks.submit(checkRequest({ requestedAtMs: 1_000 + n }))).position);
  expect(positions).toEqual([1, 1, 2, 3]);
  const list = await checks.list();
  expect(list.map(({ state, request }) => [state, request.requestedAtMs])).toEqual([
    ["queued", 1_000],
    ["queued", 1_001],
    ["queued", 1_002],
    ["queued", 1_003],
  ]);
  const waiting = openQueue(queueNames.measure("lab"), { connection: redis, keys: queue.keys, log: silentLog });
  expect(await waiting.getPrioritizedCount()).toBe(4);
  await waiting.close();
});

test("the same command delivered again starts nothing and names the first check", async ({ checks }) => {
  const first = checkRequest();
  await checks.submit(first, { once: "trigger-1" });
  const again = await Promise.all([1, 2, 3].map(() => checks.submit(checkRequest(), { once: "trigger-1" })));
  expect(again).toEqual([1, 2, 3].map(() => ({ position: 1, duplicate: first.id })));
  expect((await checks.list()).length).toBe(1);
});

test("a submission that died half-way is completed by the next delivery", async ({ queue, redis, checks }) => {
  const first = checkRequest();
  await redis.set(queue.keys.once("trigger-2"), first.id);
  const second = await checks.submit(checkRequest(), { once: "trigger-2" });
  expect(second.duplicate).toBe(first.id);
  expect((await checks.list()).map(({ request }) => request.id)).toEqual([first.id]);
});

test("a queue that does not answer is said within two seconds, as an error that the user can read", async ({
  queue,
}) => {
  const producer = await queue.connect("producer");
  const lost = openChecks({ redis: producer, keys: queue.keys, log: silentLog, maxChecks: 2 });
  producer.disconnect();
  const failure = await lost.submit(checkRequest()).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NetcheckError);
  expect(failure).toMatchObject({ code: "queue-unavailable", hint: "Try again in a minute." });
});

test("a check goes through the whole queue: one headline, its replies in order, a report on disk", async ({
  queue,
  checks,
}) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker, nodes } = await measuringWorker(queue);
  await using _worker = worker;
  const request = checkRequest();
  await checks.submit(request);
  await ended(checks, request.id);
  expect(texts(slack)).toEqual(["open", "checklist", "details", "audit"].map((what) => `${request.id}:${what}`));
  const [headline, ...replies] = slack.messages;
  expect(headline).toMatchObject({ channel: "C1", threadTs: undefined });
  expect(replies.every(({ threadTs }) => threadTs === headline?.ts)).toBe(true);
  expect(await checks.thread(request.id)).toEqual({ channel: "C1", ts: headline?.ts, threadTs: headline?.ts });
  expect(await checks.byThread("C1", headline?.ts ?? "")).toBe(request.id);
  expect((await checks.recent(5)).map(({ request }) => request.id)).toEqual([request.id]);
  expect(await checks.list()).toEqual([]);
  expect(nodes.started.size).toBe(0);
  const report = JSON.parse(await readFile(join(queue.dataDir, "history", request.id, "report.json"), "utf8"));
  expect(report).toMatchObject({ check: request.id, cluster: "lab" });
});

test("a worker that was thought dead and has done a tick too costs the check nothing", async ({
  queue,
  redis,
  checks,
}) => {
  await using _bot = await reporting(queue, fakeSlackPort());
  const states = measureStore(redis, queue.keys, "lab");
  let ticks = 0;
  const { worker } = await measuringWorker(queue, {
    around: ({ tick }) => ({
      async tick(...args) {
        const done = await tick(...args);
        // The other one has lost the job, but is quicker with the state.
        if (++ticks % 3 === 0) expect(await states.save(done.state)).toBe(true);
        return done;
      },
    }),
  });
  await using _worker = worker;
  const request = checkRequest({ durationMs: 3_000 });
  await checks.submit(request);
  await ended(checks, request.id);
  expect(ticks).toBeGreaterThan(5);
  expect((await finishedChecks(redis, queue.keys).load(request.id))?.measured).toBe(true);
});

test("ticks that fail now and then in a long night are forgiven, those that fail one after the other are not", async ({
  queue,
  redis,
  checks,
}) => {
  await using _bot = await reporting(queue, fakeSlackPort());
  let ticks = 0;
  const hopeless = checkRequest({ durationMs: 1_000 });
  const { worker } = await measuringWorker(queue, {
    around: ({ tick }) => ({
      async tick(request, ...more) {
        if (request.id === hopeless.id || ++ticks % 2 === 0) throw new Error("Redis went away");
        return tick(request, ...more);
      },
    }),
  });
  await using _worker = worker;
  const request = checkRequest({ durationMs: 6_000 });
  await checks.submit(request);
  await checks.submit(hopeless);
  await Promise.all([ended(checks, request.id), ended(checks, hopeless.id)]);
  const finished = finishedChecks(redis, queue.keys);
  expect(ticks).toBeGreaterThan(12);
  expect((await finished.load(request.id))?.measured).toBe(true);
  expect((await finished.load(hopeless.id))?.measured).toBe(false);
});

test("a check asked for inside a thread answers there", async ({ queue, checks }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker } = await measuringWorker(queue);
  await using _worker = worker;
  const request = checkRequest({ slack: { team: "T1", channel: "C1", user: "U1", threadTs: "5.0" } });
  await checks.submit(request);
  await ended(checks, request.id);
  expect(slack.messages.every(({ threadTs }) => threadTs === "5.0")).toBe(true);
  expect(await checks.byThread("C1", "5.0")).toBe(request.id);
});

test("where netcheck may not post, the person who asked gets the thread as a direct message", async ({
  queue,
  checks,
}) => {
  const slack = fakeSlackPort();
  slack.faults.set("post", ["definite"]);
  await using _bot = await reporting(queue, slack);
  const { worker } = await measuringWorker(queue);
  await using _worker = worker;
  const request = checkRequest();
  await checks.submit(request);
  await ended(checks, request.id);
  expect(slack.messages.map(({ channel }) => channel)).toEqual(["U1", "U1", "U1", "U1"]);
  expect(slack.messages[0]?.key).toBe(`${request.id}:open-direct`);
});

test("checks beyond the limit wait for their turn and begin in order", async ({ queue, checks }) => {
  const { worker, nodes } = await measuringWorker(queue, { maxChecks: 1 });
  await using _worker = worker;
  await using _bot = await reporting(queue, fakeSlackPort());
  const requests = [1, 2, 3].map((n) => checkRequest({ durationMs: 500, requestedAtMs: n }));
  for (const request of requests) await checks.submit(request);
  let most = 0;
  await vi.waitFor(
    async () => {
      most = Math.max(most, new Set([...nodes.started.keys()].map((key) => key.split("/")[1])).size);
      expect((await checks.recent(5)).length).toBe(3);
    },
    { timeout: 45_000, interval: 20 },
  );
  expect(most).toBe(1);
  const finished = (await checks.recent(5)).map(({ request }) => request.id);
  expect(finished.toReversed()).toEqual(requests.map(({ id }) => id));
});

test("a running check that is cancelled reports what it has, at once", async ({ queue, checks }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker, nodes } = await measuringWorker(queue);
  await using _worker = worker;
  // Without the cancellation the test would end before the check does.
  const request = checkRequest({ durationMs: 600_000 });
  await checks.submit(request);
  await vi.waitFor(async () => expect((await checks.status(request.id))?.progress[0]?.phase).toBe("measuring"), {
    timeout: 30_000,
  });
  expect(await checks.cancel(request.id, "U2")).toBe("cancelling");
  expect(await checks.cancel(request.id, "U3")).toBe("already-cancelled");
  await ended(checks, request.id);
  expect(slack.messages[0]?.message.text).toContain("ancelled");
  expect(nodes.started.size).toBe(0);
  expect(await checks.cancel(request.id, "U2")).toBe("finished");
  expect(await checks.cancel("nc-none", "U2")).toBe("unknown");
});

test("a check of a cluster without a worker can be cancelled too", async ({ queue, checks }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const request = checkRequest();
  await checks.submit(request);
  await checks.cancel(request.id, "U2");
  await ended(checks, request.id);
  expect(texts(slack)).toEqual([`${request.id}:open`]);
  expect(slack.messages[0]?.message.text).toContain("ancelled");
});

const across = { cluster: "lab", toCluster: "edge" } as const;

test("a check between two clusters is measured by both, each under an id of its own, and reported once", async ({
  queue,
  redis,
  checks,
}) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const [lab, edge] = await Promise.all(["lab", "edge"].map((cluster) => measuringWorker(queue, { cluster })));
  await using _lab = lab?.worker;
  await using _edge = edge?.worker;
  const request = checkRequest({ ...across, durationMs: 4_000 });
  await checks.submit(request);
  const started = (world: typeof lab) => [...(world?.nodes.started.keys() ?? [])].map((key) => key.split("/")[1]);
  await vi.waitFor(() => expect([started(lab).length, started(edge).length]).toEqual([3, 3]), { timeout: 30_000 });
  expect(new Set([...started(lab), ...started(edge)])).toEqual(new Set([request.id, `${request.id}2`]));
  await ended(checks, request.id);
  expect(texts(slack)).toEqual(["open", "checklist", "details", "audit"].map((what) => `${request.id}:${what}`));
  const report = JSON.parse(await readFile(join(queue.dataDir, "history", request.id, "report.json"), "utf8"));
  expect(report).toMatchObject({ cluster: "lab, edge", from: "shop/web-0@lab", to: "shop/db-0@edge" });
  expect(await redis.keys(`${queue.keys.places("*")}`)).toEqual([]);
  expect([lab?.nodes.started.size, edge?.nodes.started.size]).toEqual([0, 0]);
});

test("a part whose cluster has no worker waits, and the other part is reported when somebody cancels", async ({
  queue,
  checks,
}) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker } = await measuringWorker(queue);
  await using _worker = worker;
  const request = checkRequest(across);
  await checks.submit(request);
  await vi.waitFor(async () => expect((await checks.status(request.id))?.progress[0]?.phase).toBe("done"), {
    timeout: 30_000,
  });
  expect((await checks.status(request.id))?.state).toBe("running");
  await checks.cancel(request.id, "U2");
  await ended(checks, request.id);
  const report = JSON.parse(await readFile(join(queue.dataDir, "history", request.id, "report.json"), "utf8"));
  expect(report.notes).toContain("Nothing was measured from edge.");
  expect(report.gaps).toContainEqual(expect.objectContaining({ subject: "cluster/edge" }));
});

test("a check from a terminal makes a report and no message", async ({ queue, checks }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker } = await measuringWorker(queue);
  await using _worker = worker;
  const { slack: _, ...request } = checkRequest();
  await checks.submit(request);
  await ended(checks, request.id);
  expect(slack.calls).toEqual([]);
});

test("a first finding is posted while the check still runs, once", async ({ queue, checks }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker, assessment } = await measuringWorker(queue);
  await using _worker = worker;
  assessment.next = { finding: { key: "loss", text: "12:00:00 UTC: loss began." } };
  const request = checkRequest({ durationMs: 4_000 });
  await checks.submit(request);
  await vi.waitFor(() => expect(texts(slack)).toContain(`${request.id}:finding`), { timeout: 30_000 });
  expect((await checks.status(request.id))?.state).toBe("running");
  await ended(checks, request.id);
  expect(texts(slack).filter((key) => key?.endsWith(":finding")).length).toBe(1);
});

test("a user's mistake that only the cluster can see ends in the headline", async ({ queue, checks }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker, api } = await measuringWorker(queue);
  await using _worker = worker;
  api.missing = true;
  const request = checkRequest();
  await checks.submit(request);
  await ended(checks, request.id);
  expect(slack.messages.length).toBe(1);
  expect(slack.messages[0]?.message.text).toContain("There is no pod web-9. Did you mean web-0?");
});

test("nothing is lost and nothing comes twice while Slack is away for a while", async ({ queue, checks }) => {
  const slack = fakeSlackPort();
  slack.faults.set("post", ["refused", "lost", "limited"]);
  slack.faults.set("update", ["refused", "lost"]);
  await using _bot = await reporting(queue, slack);
  const { worker } = await measuringWorker(queue);
  await using _worker = worker;
  const request = checkRequest();
  await checks.submit(request);
  await ended(checks, request.id);
  expect(texts(slack)).toEqual(["open", "checklist", "details", "audit"].map((what) => `${request.id}:${what}`));
});

test("what was left on a node that was away is removed when it is back", async ({ queue, redis }) => {
  const left = leftovers(redis, queue.keys, "lab");
  await left.add("nc-aaaa", ["node-1", "node-2"]);
  await left.add("nc-aaaa", ["node-2"]);
  const removed: string[] = [];
  const away = new Set(["node-2"]);
  const remove = async (node: string, check: string) => {
    if (away.has(node)) throw new NetcheckError("exec-failed", `${node} does not answer.`);
    removed.push(`${node} ${check}`);
  };
  expect(await left.tidy(remove)).toBe(1);
  away.clear();
  expect(await left.tidy(remove)).toBe(0);
  expect(await left.tidy(remove)).toBe(0);
  expect(removed).toEqual(["node-1 nc-aaaa", "node-2 nc-aaaa"]);
});

test("a worker that was thought dead does not undo what another did since", async ({ queue, redis }) => {
  const states = measureStore(redis, queue.keys, "lab");
  const first = newMeasureState("nc-aaaa", "a:1", 1);
  expect(await states.save({ ...first, rev: 1 })).toBe(true);
  expect(await states.save({ ...first, rev: 3, worker: "b:2" })).toBe(true);
  expect(await states.save({ ...first, rev: 2 })).toBe(false);
  expect(await states.load("nc-aaaa")).toMatchObject({ rev: 3, worker: "b:2" });
});

/** More of each kind than travel together. */
function manyNames(count: number) {
  const names = Array.from({ length: count }, (_, index) => ({ namespace: "größe", name: `n-${index}` }));
  return {
    pods: names.map((name, index) => ({ ...name, phase: "Running", ip: `10.0.0.${index}`, node: `n-${index % 7}` })),
    services: names.map((name, index) => ({ ...name, ports: [index] })),
    deployments: names,
    nodes: names.map(({ name }) => ({ name })),
  };
}

test("the names of a cluster travel from its workers to the bot", async ({ queue, redis, checks }) => {
  const names = inventories(redis, queue.keys);
  const pod = { namespace: "shop", name: "web-0", phase: "Running" };
  const inventory = { cluster: "lab", atMs: 1, pods: [pod], services: [], deployments: [], nodes: [] };
  expect(await checks.readInventory("none")).toBeUndefined();
  await names.publish(inventory);
  expect(await checks.readInventory("lab")).toEqual(inventory);
  const large = { cluster: "large", atMs: 2, cut: 1_000, ...manyNames(1_000) };
  await names.publish(large);
  expect(await checks.readInventory("large")).toEqual(large);
  const lines = [[], [{ cluster: "odd" }], [{ cluster: "odd", atMs: 1 }, { pods: "web-0" }], [7]];
  for (const [index, odd] of lines.entries()) {
    await redis.set(queue.keys.inventory(`odd-${index}`), await packLines(odd));
    expect(await checks.readInventory(`odd-${index}`)).toBeUndefined();
  }
  expect(await checks.clusters()).toEqual([
    { name: "lab", workers: 0 },
    { name: "large", workers: 0 },
  ]);
});

test("workers announce their clusters by heartbeats of Redis' clock", async ({ queue, redis, checks }) => {
  const seen = workersSeen(redis, queue.keys);
  await seen.beat("lab", "host:1");
  await seen.beat("edge", "host:2");
  await seen.beat("edge", "host:3");
  expect(await checks.clusters()).toEqual([
    { name: "edge", workers: 2 },
    { name: "lab", workers: 1 },
  ]);
  const [first] = await checks.workers("lab");
  const [seconds] = await redis.time();
  expect(first?.id).toBe("host:1");
  expect(Math.abs((first?.atMs ?? 0) / 1_000 - Number(seconds))).toBeLessThan(5);
  // Three missed heartbeats later, and when one says goodbye. Names that are kept keep a cluster known; this one has none.
  await redis.zadd(queue.keys.workers("edge"), Number(seconds) * 1_000 - LOST_AFTER_MS - 1, "host:2");
  expect((await checks.workers("edge")).map(({ id }) => id)).toEqual(["host:3"]);
  await seen.leave("lab", "host:1");
  expect(await checks.workers("lab")).toEqual([]);
  expect(await checks.clusters()).toEqual([{ name: "edge", workers: 1 }]);
});
