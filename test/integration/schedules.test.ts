import type { Redis } from "ioredis";
import { describe, expect } from "vitest";
import { silentLog } from "#src/log.ts";
import { queueNames } from "#src/queue/keys.ts";
import { openQueue } from "#src/queue/queues.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { withQueue } from "../support/queue-test.ts";
import { endedAs, scheduleOf, schedulingBot } from "../support/scheduling.ts";

const test = withQueue.concurrent;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** 2026-11-26 00:00:00 UTC. */
const MIDNIGHT = Date.UTC(2026, 10, 26);
const ONE = MIDNIGHT + HOUR_MS;

const botOf = (queue: RedisAccess, redis: Redis) => schedulingBot({ redis, keys: queue.keys });
type Bot = ReturnType<typeof botOf>;

const runsOf = async (bot: Bot, id: string) =>
  (await bot.store.runs(id)).map(({ is, dueMs, check, end }) => ({
    is,
    at: new Date(dueMs).toISOString().slice(5, 16),
    check: check !== undefined,
    end: end?.is,
  }));
const checkOf = async (bot: Bot, id: string): Promise<string> => (await bot.store.find(id))?.state.latest?.check ?? "";
const started = async (bot: Bot) => (await bot.checks.list()).map(({ request }) => request);
async function toSay(queue: RedisAccess, redis: Redis): Promise<readonly unknown[]> {
  const notify = openQueue(queueNames.notify, { connection: redis, keys: queue.keys, log: silentLog });
  const jobs = await notify.getJobs(["prioritized", "waiting"]);
  await notify.close();
  return jobs.map(({ data }) => data);
}

test("a run starts when it is due, once, and the schedule moves on", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const { id, request } = await bot.make(scheduleOf(), MIDNIGHT);
  await bot.at(ONE - 1);
  expect(await started(bot)).toEqual([]);
  for (let n = 0; n < 5; n++) await bot.at(ONE + n * 1_000);
  expect(await started(bot)).toEqual([
    { ...request, id: await checkOf(bot, id), requestedAtMs: ONE, schedule: { id, dueMs: ONE, quiet: true } },
  ]);
  expect((await bot.store.find(id))?.state).toMatchObject({ nextMs: ONE + DAY_MS, latest: { dueMs: ONE } });
  expect(await toSay(queue, redis)).toEqual([]);
});

test("a run that is not quiet opens its thread", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf({ quiet: false }), MIDNIGHT);
  await bot.at(ONE);
  expect(await toSay(queue, redis)).toEqual([{ check: await checkOf(bot, id), kind: "open" }]);
});

test("many bots at the same moment start one check", async ({ queue, redis }) => {
  const bots = await Promise.all(Array.from({ length: 6 }, async () => botOf(queue, await queue.connect("worker"))));
  const [first] = bots;
  const made = await Promise.all(
    Array.from({ length: 5 }, (_, n) => first?.make(scheduleOf({ cron: `${n * 10} * * * *` }), MIDNIGHT)),
  );
  for (let step = 1; step <= 18; step++) {
    // Their clocks differ a little.
    await Promise.all(bots.map((bot, n) => bot.at(MIDNIGHT + step * 10 * MINUTE_MS + n - 2)));
    for (const schedule of made) {
      const latest = schedule && (await first?.store.find(schedule.id))?.state.latest;
      if (schedule && latest) await first?.store.end(schedule.id, latest.dueMs, endedAs("healthy", latest.check));
    }
  }
  await using bot = botOf(queue, redis);
  const names = (await started(bot)).map(({ schedule }) => `${schedule?.id} ${schedule?.dueMs}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBe(15);
  for (const each of bots) await each[Symbol.asyncDispose]();
});

test("the same command delivered again makes one schedule, also when the first delivery died half-way", async ({
  queue,
  redis,
}) => {
  await using bot = botOf(queue, redis);
  const [first, second] = [scheduleOf(), scheduleOf()];
  expect(await bot.desk.create(first, { once: "trigger" })).toEqual({});
  expect(await bot.desk.create(second, { once: "trigger" })).toEqual({ duplicate: first.id });
  await redis.set(queue.keys.once("schedule:other"), "sc-half1");
  expect(await bot.desk.create(second, { once: "other" })).toEqual({ duplicate: "sc-half1" });
  expect((await bot.desk.list()).map(({ schedule }) => schedule.id).toSorted()).toEqual(
    [first.id, "sc-half1"].toSorted(),
  );
  // One that was removed since does not come back.
  await bot.desk.remove("sc-half1", "U1");
  await bot.desk.create(second, { once: "other" });
  expect((await bot.desk.list()).map(({ schedule }) => schedule.id)).toEqual([first.id]);
});

test("a hundred schedules are enough", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  for (let n = 0; n < 100; n++) await bot.make(scheduleOf(), MIDNIGHT);
  await expect(bot.make(scheduleOf(), MIDNIGHT)).rejects.toMatchObject({ code: "over-limit" });
});

describe("a run that is due while the one before goes on", () => {
  test("is left out and told in the digest; the next one after its end is not", async ({ queue, redis }) => {
    await using bot = botOf(queue, redis);
    const { id } = await bot.make(scheduleOf({ cron: "0 * * * *" }), MIDNIGHT);
    await bot.at(ONE);
    const check = await checkOf(bot, id);
    await bot.at(ONE + HOUR_MS);
    await bot.at(ONE + 2 * HOUR_MS);
    await bot.store.end(id, ONE, endedAs("healthy", check));
    await bot.at(ONE + 3 * HOUR_MS);
    expect(await runsOf(bot, id)).toEqual([
      { is: "started", at: "11-26T01:00", check: true, end: "reported" },
      { is: "overlapped", at: "11-26T02:00", check: false, end: "not-run" },
      { is: "overlapped", at: "11-26T03:00", check: false, end: "not-run" },
      { is: "started", at: "11-26T04:00", check: true, end: undefined },
    ]);
    expect(await bot.store.runs(id)).toMatchObject([{}, { byCheck: check, byDueMs: ONE }, {}, {}]);
    expect(await bot.store.take(id, 1)).toEqual([ONE, ONE + HOUR_MS, ONE + 2 * HOUR_MS]);
  });

  test("is said at once where no digest would tell", async ({ queue, redis }) => {
    await using bot = botOf(queue, redis);
    const { id } = await bot.make(scheduleOf({ cron: "0 * * * *", quiet: false, digestAt: undefined }), MIDNIGHT);
    await bot.at(ONE);
    for (let n = 0; n < 3; n++) await bot.at(ONE + HOUR_MS);
    expect((await toSay(queue, redis)).filter((data) => !JSON.stringify(data).includes("open"))).toEqual([
      { schedule: id, dueMs: ONE + HOUR_MS, kind: "not-run" },
    ]);
  });

  test("is not held up by a check that Redis has forgotten", async ({ queue, redis }) => {
    await using bot = botOf(queue, redis);
    const { id } = await bot.make(scheduleOf({ cron: "0 * * * *" }), MIDNIGHT);
    await bot.at(ONE);
    await redis.del(queue.keys.check(await checkOf(bot, id)));
    await bot.at(ONE + HOUR_MS);
    expect((await runsOf(bot, id)).map(({ is, end }) => [is, end])).toEqual([
      ["started", "lost"],
      ["started", undefined],
    ]);
  });
});

describe("bots that were away when runs were due", () => {
  const cases = [
    { name: "a redeploy of four minutes is no absence", away: 4 * MINUTE_MS, missed: "skip", runs: ["started 26"] },
    { name: "skip: left out", away: 6 * MINUTE_MS, missed: "skip", runs: ["missed 26 x1"] },
    { name: "run: late", away: 6 * HOUR_MS, missed: "run", runs: ["started 26"] },
    { name: "run: too late to end before the next", away: 23 * HOUR_MS, missed: "run", runs: ["missed 26 x1"] },
    { name: "skip: three nights", away: 2 * DAY_MS + HOUR_MS, missed: "skip", runs: ["missed 26 x2", "missed 28 x1"] },
    {
      name: "run: of three nights the last",
      away: 2 * DAY_MS + HOUR_MS,
      missed: "run",
      runs: ["missed 26 x2", "started 28"],
    },
    {
      name: "back just in time for the third",
      away: 2 * DAY_MS + MINUTE_MS,
      missed: "skip",
      runs: ["missed 26 x2", "started 28"],
    },
  ] as const;
  for (const { name, away, missed, runs } of cases)
    test(name, async ({ queue, redis }) => {
      await using bot = botOf(queue, redis);
      const { id } = await bot.make(scheduleOf({ missed, request: { durationMs: 2 * HOUR_MS } }), MIDNIGHT);
      await using other = botOf(queue, await queue.connect("worker"));
      await Promise.all([bot.at(ONE + away), other.at(ONE + away)]);
      const seen = (await bot.store.runs(id)).map((run) => {
        const day = new Date(run.dueMs).getUTCDate();
        return run.is === "missed" ? `missed ${day} x${run.count}` : `${run.is} ${day}`;
      });
      expect(seen).toEqual(runs);
      expect((await started(bot)).length).toBe(runs.filter((run) => run.startsWith("started")).length);
      const { state } = (await bot.store.find(id)) ?? {};
      expect(state?.nextMs).toBeGreaterThan(ONE + away);
    });

  test("a month of every five minutes is caught up with in one round", async ({ queue, redis }) => {
    await using bot = botOf(queue, redis);
    const { id } = await bot.make(scheduleOf({ cron: "*/5 * * * *" }), MIDNIGHT);
    const back = MIDNIGHT + 30 * DAY_MS;
    await bot.at(back);
    const runs = await bot.store.runs(id);
    expect(runs).toMatchObject([{ is: "started", dueMs: back }]);
    expect(await bot.store.take(id, 1)).toEqual([MIDNIGHT + 5 * MINUTE_MS]);
  });

  test("whoever decided to start a run and died is not followed hours later", async ({ queue, redis }) => {
    await using bot = botOf(queue, redis);
    const { id } = await bot.make(scheduleOf(), MIDNIGHT);
    await bot.store.decide(id, { is: "started", dueMs: ONE, atMs: ONE });
    await bot.at(ONE + 8 * HOUR_MS);
    expect(await started(bot)).toEqual([]);
    expect(await runsOf(bot, id)).toEqual([{ is: "started", at: "11-26T01:00", check: false, end: "lost" }]);
  });
});

test("clocks that go forward and back: one run each night, one per hour that there is", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const spring = Date.UTC(2026, 2, 28);
  const nightly = scheduleOf({ cron: "30 2 * * *", zone: "Europe/Berlin", digestAt: undefined });
  const hourly = scheduleOf({ cron: "0 * * * *", zone: "Europe/Berlin", digestAt: undefined });
  for (const from of [spring, Date.UTC(2026, 9, 24)]) {
    const [night, hours] = [
      await bot.make({ ...nightly, id: scheduleOf().id }, from),
      await bot.make({ ...hourly, id: scheduleOf().id }, from),
    ];
    for (let at = from; at <= from + 3 * DAY_MS; at += 10 * MINUTE_MS) {
      await bot.at(at);
      for (const { id } of [night, hours]) {
        const { latest } = (await bot.store.find(id))?.state ?? {};
        if (latest) await bot.store.end(id, latest.dueMs, endedAs("healthy", latest.check));
      }
    }
    const due = async (id: string) => (await bot.store.runs(id)).map(({ is, dueMs }) => ({ is, dueMs }));
    const utcHour = from === spring ? [1.5, 24 + 1.5, 48 + 0.5] : [0.5, 24 + 0.5, 48 + 1.5];
    expect(await due(night.id)).toEqual(utcHour.map((hour) => ({ is: "started", dueMs: from + hour * HOUR_MS })));
    expect(await due(hours.id)).toEqual(
      Array.from({ length: 72 }, (_, n) => ({ is: "started", dueMs: from + (n + 1) * HOUR_MS })),
    );
    await Promise.all([night, hours].map(({ id }) => bot.desk.remove(id, "U1")));
  }
});

test("a paused schedule starts nothing, and makes up for nothing when it is resumed", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf({ missed: "run" }), MIDNIGHT);
  expect(await bot.desk.pause(id, "U2")).toBe("done");
  expect(await bot.desk.pause(id, "U3")).toBe("already");
  await bot.at(ONE + MINUTE_MS);
  expect(await bot.desk.list()).toMatchObject([{ state: "paused", by: "U2" }]);
  expect(await bot.desk.resume(id, ONE + 2 * MINUTE_MS)).toEqual({ nextMs: ONE + DAY_MS });
  expect(await bot.desk.resume(id, ONE + 2 * MINUTE_MS)).toBe("already");
  await bot.at(ONE + 3 * MINUTE_MS);
  expect(await started(bot)).toEqual([]);
  await bot.at(ONE + DAY_MS);
  expect((await started(bot)).length).toBe(1);
  for (const call of [bot.desk.pause("sc-none", "U1"), bot.desk.resume("sc-none", 1), bot.desk.remove("sc-none", "U1")])
    expect(await call).toBe("unknown");
});

test("a schedule that was ended starts nothing and is listed no more", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf(), MIDNIGHT);
  await bot.at(ONE);
  expect(await bot.desk.remove(id, "U1")).toBe("done");
  expect(await bot.desk.remove(id, "U1")).toBe("unknown");
  expect(await bot.desk.list()).toEqual([]);
  await bot.at(ONE + DAY_MS);
  expect((await started(bot)).length).toBe(1);
});

test("people and bots that change a schedule at the same time undo nothing of each other", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  for (let n = 0; n < 10; n++) {
    const { id } = await bot.make(scheduleOf({ cron: "0 * * * *" }), MIDNIGHT);
    await Promise.all([bot.at(ONE), bot.desk.pause(id, "U1")]);
    const { state } = (await bot.store.find(id)) ?? {};
    expect(state).toMatchObject({ is: "paused", by: "U1" });
    const runs = await bot.store.runs(id);
    // Whether the run was started before the pause or not: it is never started without being known.
    if (runs.length === 1) await bot.desk.resume(id, ONE + MINUTE_MS);
    await bot.at(ONE + 2 * MINUTE_MS);
    expect((await started(bot)).filter(({ schedule }) => schedule?.id === id).length).toBe(runs.length);
  }
});

test("a schedule that cannot be read holds up none of the others", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const broken = await bot.make(scheduleOf(), MIDNIGHT);
  await redis.hset(queue.keys.schedule(broken.id), "schedule", "{}");
  const { id } = await bot.make(scheduleOf(), MIDNIGHT);
  await expect(bot.at(ONE)).rejects.toThrow("1 schedules cannot be looked after");
  expect(await runsOf(bot, id)).toMatchObject([{ is: "started" }]);
});

test("runs are remembered for as long as a baseline needs them", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf(), MIDNIGHT);
  for (let day = 0; day < 20; day++) {
    await bot.at(ONE + day * DAY_MS);
    await bot.store.end(id, ONE + day * DAY_MS, endedAs("healthy", await checkOf(bot, id)));
  }
  expect((await bot.store.runs(id)).length).toBe(10);
});

test("a digest that is repeated tells what it told, and the next one the rest", async ({ queue, redis }) => {
  await using bot = botOf(queue, redis);
  const { id } = await bot.make(scheduleOf({ cron: "0 * * * *" }), MIDNIGHT);
  const [first, second] = [ONE, ONE + HOUR_MS];
  for (const dueMs of [first, second]) {
    await bot.at(dueMs);
    await bot.store.end(id, dueMs, endedAs("healthy", await checkOf(bot, id)));
    expect(await bot.store.take(id, 1)).toEqual([first]);
  }
  expect(await bot.store.take(id, 2)).toEqual([second]);
  // A report that is made twice is told once.
  await bot.store.end(id, first, endedAs("loss", "nc-run1"));
  expect(await bot.store.take(id, 3)).toEqual([]);
});
