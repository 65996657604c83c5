import type { Redis } from "ioredis";
import { expect, vi } from "vitest";
import { silentLog } from "#src/log.ts";
import { queueNames } from "#src/queue/keys.ts";
import { openQueue } from "#src/queue/queues.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { openHistory } from "#src/store/history.ts";
import { fakeSlackPort } from "../support/fake-slack-port.ts";
import { withQueue } from "../support/queue-test.ts";
import { measuringWorker, reporting } from "../support/queue-world.ts";
import { endedAs, scheduleOf, schedulingBot } from "../support/scheduling.ts";

const test = withQueue.concurrent;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIDNIGHT = Date.UTC(2026, 10, 26);
const ONE = MIDNIGHT + HOUR_MS;
const EIGHT = MIDNIGHT + 8 * HOUR_MS;

const botOf = (queue: RedisAccess, redis: Redis) => schedulingBot({ redis, keys: queue.keys });
type Bot = ReturnType<typeof botOf>;
const keysOf = (slack: ReturnType<typeof fakeSlackPort>) => slack.messages.map(({ key }) => key);

/** Runs the next due time to its end in Redis alone, without anything measured. */
async function runNight(bot: Bot, id: string, dueMs: number, report: Parameters<typeof endedAs>[0]): Promise<string> {
  await bot.at(dueMs);
  const check = (await bot.store.find(id))?.state.latest?.check ?? "";
  await bot.store.end(id, dueMs, endedAs(report, check));
  return check;
}

/** Until everything that was to be said is said. */
async function allSaid({ queue, redis }: { readonly queue: RedisAccess; readonly redis: Redis }): Promise<void> {
  const notify = openQueue(queueNames.notify, { connection: redis, keys: queue.keys, log: silentLog });
  await vi.waitFor(
    async () => expect(await notify.getJobCountByTypes("prioritized", "waiting", "active", "delayed")).toBe(0),
    { timeout: 40_000, interval: 50 },
  );
  await notify.close();
}

test("a clean night is one line, once, with two bots and a Slack that loses its answer", async ({ queue, redis }) => {
  const slack = fakeSlackPort();
  slack.faults.set("post", ["lost", "limited"]);
  await using _one = await reporting(queue, slack);
  await using _two = await reporting(queue, slack);
  await using bot = botOf(queue, redis);
  await using other = botOf(queue, await queue.connect("worker"));
  const { id } = await bot.make(scheduleOf(), MIDNIGHT);
  const check = await runNight(bot, id, ONE, "healthy");
  await Promise.all([bot.at(EIGHT), other.at(EIGHT)]);
  await allSaid({ queue, redis });
  expect(slack.messages.map(({ key, channel, threadTs }) => ({ key, channel, threadTs }))).toEqual([
    { key: `${id}:digest:${EIGHT}`, channel: "C1", threadTs: undefined },
  ]);
  const [digest] = slack.messages;
  expect(digest?.message.text).toBe(
    `${id} is clean: 1 run of shop/web-0 → shop/db-0, loss 0 % (0 of 600), p99 0.64 ms.`,
  );
  expect(JSON.stringify(digest?.message.blocks)).toContain(check);
});

test("nothing ran: nothing is posted", async ({ queue, redis }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  await using bot = botOf(queue, redis);
  await bot.make(scheduleOf({ cron: "0 1 * * mon" }), MIDNIGHT);
  await bot.at(EIGHT);
  await allSaid({ queue, redis });
  expect(slack.calls).toEqual([]);
});

test("every run is told in one digest, those that were left out as well", async ({ queue, redis }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf({ cron: "0 1,3,7 * * *" }), MIDNIGHT);
  await runNight(bot, id, ONE, "healthy");
  await bot.at(ONE + 2 * HOUR_MS);
  await bot.at(ONE + 6 * HOUR_MS);
  const slow = (await bot.store.find(id))?.state.latest ?? { dueMs: 0, check: "" };
  // The run of 03:00 goes on: that of 07:00 is left out, and the digest of 08:00 does not wait.
  await bot.at(EIGHT);
  await allSaid({ queue, redis });
  await bot.store.end(id, slow.dueMs, endedAs("loss", slow.check));
  await bot.at(EIGHT + DAY_MS);
  await allSaid({ queue, redis });
  const [first, second] = slack.messages.map(({ message }) => JSON.stringify(message));
  expect(slack.messages.length).toBe(2);
  expect(first).toContain("1 of 2 runs need a look");
  expect(first).toContain(
    `the run of 2026-11-26 07:00 was left out: ${slow.check} of 2026-11-26 03:00 was still going on.`,
  );
  expect(second).toContain("7.9 % of packets from node-1 to node-2 are lost");
  expect(second).toContain(", worse than usual");
  expect(second).toContain("Loss on the way, node-1&gt;node-2: new");
  expect(second).toContain("were left out: no bot was there to start them in time.");
});

test("a run that is not quiet and did not take place is said at once, once", async ({ queue, redis }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf({ quiet: false, digestAt: undefined }), MIDNIGHT);
  for (let n = 0; n < 3; n++) await bot.at(ONE + HOUR_MS);
  await allSaid({ queue, redis });
  expect(slack.messages.map(({ message }) => message.text)).toEqual([
    `${id}: the run of 2026-11-26 01:00 was left out: no bot was there to start it in time.`,
  ]);
});

test("a channel that was shared with another organisation since gets no digest; its author does", async ({
  queue,
  redis,
}) => {
  const slack = fakeSlackPort();
  slack.shared.add("C1");
  slack.faults.set("outsiders", ["refused"]);
  await using _bot = await reporting(queue, slack);
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf(), MIDNIGHT);
  await runNight(bot, id, ONE, "healthy");
  await bot.at(EIGHT);
  await allSaid({ queue, redis });
  expect(slack.messages.map(({ channel }) => channel)).toEqual(["U1"]);
});

test("a schedule that was ended tells what ran, and is gone then", async ({ queue, redis }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf(), MIDNIGHT);
  await bot.at(ONE);
  await bot.desk.remove(id, "U1");
  const check = (await bot.store.find(id))?.state.latest?.check ?? "";
  // It still runs at the hour of the digest.
  await bot.at(EIGHT);
  await allSaid({ queue, redis });
  expect(slack.messages).toEqual([]);
  await bot.store.end(id, ONE, endedAs("healthy", check));
  await bot.at(EIGHT + DAY_MS);
  await allSaid({ queue, redis });
  expect(keysOf(slack)).toEqual([`${id}:digest:${EIGHT + DAY_MS}`]);
  expect(await bot.store.find(id)).toBeUndefined();
  expect(await bot.store.due(EIGHT + 9 * DAY_MS)).toEqual([]);
});

test("a quiet run goes through the whole queue without a message; what it found hangs beneath the digest", async ({
  queue,
  redis,
}) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker, assessment } = await measuringWorker(queue);
  await using _worker = worker;
  assessment.next = { finding: { key: "loss", text: "loss began." } };
  await using bot = botOf(queue, redis);
  const schedule = scheduleOf({ cron: "0 * * * *" });
  const { id } = await bot.make(schedule, MIDNIGHT);
  await bot.at(ONE);
  const check = (await bot.store.find(id))?.state.latest?.check ?? "";
  await vi.waitFor(async () => expect(await bot.store.ended(id, ONE)).toBe(true), { timeout: 40_000 });
  await vi.waitFor(async () => expect((await bot.checks.status(check))?.state).toBe("done"), { timeout: 10_000 });
  await allSaid({ queue, redis });
  expect(slack.calls).toEqual([]);
  const history = openHistory(queue.dataDir);
  expect((await history.report(check))?.check).toBe(check);
  const [run] = await bot.store.runs(id);
  expect(run?.end).toMatchObject({
    is: "reported",
    summary: { check, verdict: (await history.report(check))?.verdict },
  });
  const clean = run?.end?.is === "reported" && run.end.summary.status === "healthy";
  for (let hour = 2; hour <= 8; hour++) await bot.at(MIDNIGHT + hour * HOUR_MS - 1);
  await bot.desk.pause(id, "U1");
  await bot.at(EIGHT);
  await allSaid({ queue, redis });
  const [digest, ...beneath] = slack.messages;
  expect(digest?.key).toBe(`${id}:digest:${EIGHT}`);
  // Nodes that are faked measure nothing, which is not clean.
  expect(clean).toBe(false);
  expect(beneath.map(({ key, threadTs }) => [key, threadTs])).toEqual(
    ["checklist", "details", "audit"].map((what) => [`${check}:${what}`, digest?.ts]),
  );
});

test("a run that is not quiet has its thread, like any check", async ({ queue, redis }) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  const { worker } = await measuringWorker(queue);
  await using _worker = worker;
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf({ quiet: false, digestAt: undefined }), MIDNIGHT);
  await bot.at(ONE);
  const check = (await bot.store.find(id))?.state.latest?.check ?? "";
  await vi.waitFor(async () => expect((await bot.checks.status(check))?.state).toBe("done"), { timeout: 40_000 });
  expect(keysOf(slack)).toEqual(["open", "checklist", "details", "audit"].map((what) => `${check}:${what}`));
});
