import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Redis } from "ioredis";
import { expect, vi } from "vitest";
import { measuredSchema } from "#src/core/progress.ts";
import { silentLog } from "#src/log.ts";
import { finishedChecks } from "#src/queue/finished.ts";
import { startWorker } from "#src/queue/queues.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { fakeSlackPort } from "../support/fake-slack-port.ts";
import { unpack } from "../support/measuring.ts";
import { redisServer } from "../support/private-queue.ts";
import { withQueue } from "../support/queue-test.ts";
import { checkRequest, reporting } from "../support/queue-world.ts";

/** Starts worker processes; all that are left are killed at the end of the test. */
const test = withQueue.extend<{ worker: (hangAt?: number) => Promise<Worker> }>({
  worker: async ({ queue }, use) => {
    const children: ChildProcess[] = [];
    await use((hangAt = 0) => startWorkerProcess(queue.dataDir, hangAt, children));
    for (const child of children) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  },
}).concurrent;

type Worker = { readonly child: ChildProcess; readonly inside: Promise<unknown> };

const script = fileURLToPath(new URL("../support/measure-process.ts", import.meta.url));

/** Resolves when the worker takes jobs; `inside` when it hangs inside its n-th sync. */
async function startWorkerProcess(dataDir: string, hangAt: number, children: ChildProcess[]): Promise<Worker> {
  const child = spawn(process.execPath, [script, dataDir, `${hangAt}`], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  const says = (word: string) => vi.waitFor(() => expect(said).toContain(word), { timeout: 40_000 });
  await says("ready");
  return { child, inside: hangAt > 0 ? says("inside") : Promise.resolve() };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** What a check measured, read where its parent would read it. */
async function measured(
  { queue, redis }: { queue: RedisAccess; redis: Redis },
  id: string,
): Promise<{ lines: number[]; broken: number[]; gaps: unknown[] }> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const parent = startWorker(
    "report",
    async (job) => {
      if (job.id === id) resolve(Object.values(await job.getChildrenValues())[0]);
    },
    { connection: redis, keys: queue.keys, log: silentLog, name: "test", concurrency: 1 },
  );
  const { evidence, gaps } = measuredSchema.parse(await promise);
  await parent.close();
  const counts = unpack(evidence).filter(({ kind }) => kind === "count") as unknown as {
    data: { lines: number; broken: number };
  }[];
  return { lines: counts.map(({ data }) => data.lines), broken: counts.map(({ data }) => data.broken), gaps };
}

const nodesLeft = (redis: Redis) => redis.keys("fake-node:*");

test("a worker killed again and again between ticks costs no measurement", async ({ queue, redis, checks, worker }) => {
  const request = checkRequest({ durationMs: 8_000 });
  const { slack: _, ...quiet } = request;
  let { child } = await worker();
  await checks.submit(quiet);
  for (let n = 0; n < 4; n++) {
    await sleep(700 + ((n * 977) % 1_300));
    await kill(child);
    ({ child } = await worker());
  }
  expect(await measured({ queue, redis }, quiet.id)).toEqual({ lines: [80, 80, 80], broken: [0, 0, 0], gaps: [] });
  expect(await nodesLeft(redis)).toEqual([]);
});

test("a worker killed inside a tick is replaced and costs no measurement", async ({ queue, redis, checks, worker }) => {
  const { slack: _, ...request } = checkRequest({ durationMs: 5_000 });
  const { child, inside } = await worker(4);
  await checks.submit(request);
  await inside;
  await kill(child);
  await worker();
  expect(await measured({ queue, redis }, request.id)).toEqual({ lines: [50, 50, 50], broken: [0, 0, 0], gaps: [] });
  expect(await nodesLeft(redis)).toEqual([]);
});

test("Redis killed in the middle of a check costs neither a measurement nor a message", async ({
  queue,
  redis,
  checks,
  worker,
}) => {
  const slack = fakeSlackPort();
  await using _bot = await reporting(queue, slack);
  await worker();
  const request = checkRequest({ durationMs: 8_000 });
  await checks.submit(request);
  for (const pauseMs of [1_000, 3_000, 3_000]) {
    await sleep(pauseMs);
    process.kill(await redisServer(queue.dataDir), "SIGKILL");
  }
  const status = () => checks.status(request.id).catch(() => undefined);
  await vi.waitFor(async () => expect((await status())?.state).toBe("done"), { timeout: 50_000, interval: 200 });
  const keys = slack.messages.map(({ key }) => key);
  expect(keys).toEqual(["open", "checklist", "details", "audit"].map((what) => `${request.id}:${what}`));
  expect((await finishedChecks(redis, queue.keys).load(request.id))?.report.gaps).toEqual([]);
  expect(await nodesLeft(redis)).toEqual([]);
});
