import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Redis } from "ioredis";
import { expect, vi } from "vitest";
import { silentLog } from "#src/log.ts";
import { queueNames } from "#src/queue/keys.ts";
import { openQueue } from "#src/queue/queues.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { redisServer } from "../support/private-queue.ts";
import { withQueue } from "../support/queue-test.ts";
import { endedAs, hangBefore, scheduleOf, schedulingBot } from "../support/scheduling.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIDNIGHT = Date.UTC(2026, 10, 26);
const ONE = MIDNIGHT + HOUR_MS;

const script = fileURLToPath(new URL("../support/scheduler-process.ts", import.meta.url));

/** Starts bots in processes of their own; all that are left are killed at the end of the test. */
const test = withQueue.extend<{ bot: (nowMs: number, hangAt: number) => Promise<void> }>({
  bot: async ({ queue }, use) => {
    const children: ChildProcess[] = [];
    await use(async (nowMs, hangAt) => {
      const child = spawn(process.execPath, [script, queue.dataDir, `${nowMs}`, `${hangAt}`], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      let said = "";
      child.stdout.on("data", (chunk) => {
        said += chunk;
      });
      await vi.waitFor(() => expect(said).toContain("inside"), { timeout: 40_000, interval: 20 });
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    for (const child of children) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  },
}).concurrent;

type World = { readonly queue: RedisAccess; readonly redis: Redis };

/** A schedule whose run and digest are due at the same moment, and whose run before has ended. */
async function dueTomorrow({ queue, redis }: World) {
  const bot = schedulingBot({ redis, keys: queue.keys });
  const { id } = await bot.make(scheduleOf({ digestAt: 60 }), MIDNIGHT);
  await bot.at(ONE);
  const first = (await bot.store.find(id))?.state.latest?.check ?? "";
  await bot.store.end(id, ONE, endedAs("healthy", first));

  /** What must hold when another bot has come after the one that died. */
  async function expectOneOfEach(): Promise<void> {
    for (let n = 0; n < 2; n++) await bot.at(ONE + DAY_MS + 1_000);
    const runs = await bot.store.runs(id);
    expect(runs.map(({ is, dueMs }) => ({ is, dueMs }))).toEqual([
      { is: "started", dueMs: ONE },
      { is: "started", dueMs: ONE + DAY_MS },
    ]);
    const tonight = (await bot.checks.list()).filter(({ request }) => {
      return request.schedule?.id === id && request.schedule.dueMs === ONE + DAY_MS;
    });
    expect(tonight.map(({ request }) => request.id)).toEqual([runs[1]?.check]);
    const notify = openQueue(queueNames.notify, { connection: redis, keys: queue.keys, log: silentLog });
    const jobs = (await notify.getJobs(["prioritized", "waiting"])).map((job) => job.id ?? "");
    await notify.close();
    expect(jobs.filter((name) => name.startsWith(id) && name.endsWith(`${ONE + DAY_MS}`))).toEqual([
      `${id}.digest.${ONE + DAY_MS}`,
    ]);
    expect((await bot.store.find(id))?.state).toMatchObject({
      nextMs: ONE + 2 * DAY_MS,
      digestMs: ONE + 2 * DAY_MS,
      latest: { dueMs: ONE + DAY_MS, check: runs[1]?.check },
    });
    await bot.store.remove(id);
    await bot[Symbol.asyncDispose]();
  }
  return { expectOneOfEach };
}

test("a bot that stops before any of its commands leaves one run and one digest to the next bot", async ({
  queue,
  redis,
}) => {
  let stopped = 0;
  for (let step = 1; ; step++) {
    const { expectOneOfEach } = await dueTomorrow({ queue, redis });
    const connection = await queue.connect("worker");
    const dying = schedulingBot({ redis: connection, keys: queue.keys });
    const { hung, steps } = hangBefore(connection, step);
    await Promise.race([dying.at(ONE + DAY_MS), hung]);
    await expectOneOfEach();
    connection.disconnect();
    if (steps() < step) break;
    stopped++;
  }
  expect(stopped).toBeGreaterThan(15);
});

test.for([2, 4, 6, 9, 12, 15])(
  "and the same when its process is killed, at command %s",
  async (step, { queue, redis, bot }) => {
    const { expectOneOfEach } = await dueTomorrow({ queue, redis });
    await bot(ONE + DAY_MS, step);
    await expectOneOfEach();
  },
);

test("schedules, what was decided and what is to be told survive a killed Redis", async ({ queue, redis }) => {
  await using bot = schedulingBot({ redis, keys: queue.keys });
  const made = [await bot.make(scheduleOf(), MIDNIGHT), await bot.make(scheduleOf({ missed: "run" }), MIDNIGHT)];
  await bot.desk.pause(made[1]?.id ?? "", "U2");
  await bot.at(ONE);
  const [{ id } = { id: "" }] = made;
  const check = (await bot.store.find(id))?.state.latest?.check ?? "";
  await bot.store.end(id, ONE, endedAs("loss", check));
  const before = [await bot.store.list(), await bot.store.runs(id), await bot.checks.list()];
  process.kill(await redisServer(queue.dataDir), "SIGKILL");
  await vi.waitFor(async () => expect(await redis.ping()).toBe("PONG"), { timeout: 30_000 });
  expect([await bot.store.list(), await bot.store.runs(id), await bot.checks.list()]).toEqual(before);
  // The same moment again, as a bot that has not heard of it would see it.
  await bot.at(ONE);
  await bot.at(ONE + DAY_MS);
  expect((await bot.store.runs(id)).map(({ is }) => is)).toEqual(["started", "started"]);
  expect((await bot.checks.list()).length).toBe(2);
  expect(await bot.store.take(id, 1)).toEqual([ONE]);
});

test.for([1, 2, 3])(
  "ten days of bots that die at random: nothing twice, nothing at once, nothing untold, seed %s",
  { timeout: 120_000 },
  async (seed, { queue, redis }) => {
    const chance = chanceFrom(seed);
    await using watcher = schedulingBot({ redis, keys: queue.keys });
    const { store } = watcher;
    const { id } = await watcher.make(scheduleOf({ cron: "0 */3 * * *", missed: "run" }), MIDNIGHT);
    const notify = openQueue(queueNames.notify, { connection: redis, keys: queue.keys, log: silentLog });
    const started = new Map<
      number,
      { readonly check: string; readonly atMs: number; readonly endsMs: number; endedMs?: number }
    >();
    const decided = new Set<number>();
    const told: number[] = [];
    let deaths = 0;

    async function bot(nowMs: number): Promise<void> {
      const connection = await queue.connect("worker");
      const { hung } = hangBefore(connection, chance() < 0.7 ? 1 + Math.floor(chance() * 18) : 0);
      const dying = schedulingBot({ redis: connection, keys: queue.keys });
      await Promise.race([dying.at(nowMs), hung.then(() => deaths++)]);
      connection.disconnect();
    }

    /** What ran has ended some hours later; its report is made by some bot, perhaps twice. */
    async function reports(nowMs: number): Promise<void> {
      for (const run of await store.runs(id)) {
        decided.add(run.dueMs);
        if (run.is !== "started" || run.check === undefined) continue;
        const endsMs = nowMs + HOUR_MS * (1 + Math.floor(chance() * 5));
        const known = started.get(run.dueMs) ?? { check: run.check, atMs: run.atMs, endsMs };
        started.set(run.dueMs, known);
        expect(run.check).toBe(known.check);
        if (known.endsMs > nowMs) continue;
        known.endedMs ??= nowMs;
        for (const report of ["healthy", "loss"] as const) await store.end(id, run.dueMs, endedAs(report, run.check));
      }
    }

    async function digests(): Promise<void> {
      for (const job of await notify.getJobs(["prioritized"])) {
        const taken = await store.take(id, job.data.dueMs);
        expect(await store.take(id, job.data.dueMs)).toEqual(taken);
        told.push(...taken);
        await job.remove();
      }
    }

    const end = MIDNIGHT + 10 * DAY_MS;
    for (let now = MIDNIGHT; now < end; now += chance() < 0.05 ? 8 * HOUR_MS : HOUR_MS / 2) {
      if ((await store.due(now)).length > 0) await Promise.all([bot(now), bot(now + 500)]);
      await reports(now);
      await digests();
    }
    // At last a bot that lives, and the end of all that ran.
    await watcher.desk.pause(id, "U1");
    await reports(end + DAY_MS);
    await watcher.at(end + DAY_MS);
    await digests();

    expect(deaths).toBeGreaterThan(30);
    expect(started.size).toBeGreaterThan(20);
    const made = (await watcher.checks.list()).map(({ request }) => request.id);
    expect(made.toSorted()).toEqual([...started.values()].map(({ check }) => check).toSorted());
    const inOrder = [...started].toSorted(([a], [b]) => a - b).map(([, run]) => run);
    for (const [index, { atMs }] of inOrder.entries())
      expect(atMs).toBeGreaterThanOrEqual(inOrder[index - 1]?.endedMs ?? 0);
    expect(told.toSorted()).toEqual([...decided].toSorted());
    await notify.close();
  },
);

/** A repeatable stand-in for chance: 0 ≤ value < 1. */
function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
