import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, test, vi } from "vitest";
import { loadTopology } from "#lab/cluster/topology.ts";
import { channelNamed } from "#lab/play.ts";
import { startSession } from "#lab/session.ts";
import { keysOf } from "#src/queue/keys.ts";
import { type ScheduleState, scheduleStore } from "#src/queue/schedules.ts";

test("a scheduled check runs, is quiet, is told once and compared, although the bot is killed at every turn", async () => {
  await using session = await startSession({
    name: `schedules-${process.pid}`,
    topology: await loadTopology(undefined),
    entries: ["bot", "worker"],
  });
  const { slack, lab, products, folder } = session;
  const bot = products.find(({ entry }) => entry === "bot");
  const channel = channelNamed(slack, "network");
  const user = slack.state().me.id;
  const say = async (text: string) => {
    const { response, failed } = await slack.command({ channel, user, text: `/netcheck ${text}` });
    expect(failed).toBeUndefined();
    return `${response?.text ?? ""} ${JSON.stringify(response?.blocks ?? [])}`;
  };
  const posted = () => (slack.state().messages[channel] ?? []).filter((message) => message.ephemeral_for === undefined);
  // Nobody waits for a night: what is due is moved to now, where the bot keeps it.
  const redis = new Redis({ path: join(folder, "redis", "redis.sock"), maxRetriesPerRequest: null });
  redis.on("error", () => {}); // the bot that supervises it is killed
  const store = scheduleStore(redis, keysOf("netcheck"));
  const move = (id: string, to: Partial<ScheduleState>) => store.change(id, ({ state }) => ({ ...state, ...to }));
  const patience = { timeout: 90_000, interval: 200 };

  const id = /sc-[a-z0-9]{6}/.exec(await say("schedule “0 1 * * *” tz=europe/berlin web-0 db-0 10s"))?.[0] ?? "";
  expect(await say("schedules")).toContain(id);

  async function runNow(): Promise<string> {
    const dueMs = Date.now();
    await move(id, { nextMs: dueMs });
    await vi.waitFor(async () => expect((await store.find(id))?.state.latest?.dueMs).toBe(dueMs), patience);
    await bot?.crash();
    await vi.waitFor(async () => expect(await store.ended(id, dueMs)).toBe(true), patience);
    return (await store.find(id))?.state.latest?.check ?? "";
  }
  const good = await runNow();
  {
    await using _fault = await lab.cluster.fault.schedule([
      { kind: "loss", from: "node-1", to: "node-2", percent: 30 },
    ]);
    const bad = await runNow();
    expect(bad).not.toBe(good);
    await bot?.ready();
    expect(posted()).toEqual([]);

    const dueMs = Date.now();
    await move(id, { digestMs: dueMs });
    await vi.waitFor(async () => expect((await store.find(id))?.state.digestMs).toBeGreaterThan(dueMs), patience);
    await bot?.crash();
    const isDigest = (key: unknown) => key === `${id}:digest:${dueMs}`;
    const digest = await slack.waitFor(({ metadata }) => isDigest(metadata?.event_payload["key"]), {
      timeoutMs: 90_000,
    });
    expect(digest.text).toContain("1 of 2 runs need a look");
    await slack.waitFor(({ metadata }) => metadata?.event_payload["key"] === `${bad}:audit`, { timeoutMs: 90_000 });
    const thread = slack.thread(channel, digest.ts);
    const keys = thread.map(({ metadata }) => metadata?.event_payload["key"]);
    expect(keys.filter(isDigest).length).toBe(1);
    expect(new Set(keys.filter((key) => key !== undefined)).size).toBe(keys.filter((key) => key !== undefined).length);
    // The worst run's chart and causes hang beneath it.
    expect(thread.flatMap(({ files }) => files ?? []).length).toBeGreaterThan(0);
    expect(keys).toContain(`${bad}:causes`);
    expect(posted().filter(({ ts, thread_ts }) => thread_ts === undefined || thread_ts === ts)).toHaveLength(1);

    await bot?.ready();
    const compared = await say(`compare ${bad} last-good`);
    expect(compared).toContain("It got worse.");
    expect(compared).toContain(good);
  }
  expect(await say(`unschedule ${id}`)).toContain("has ended");
  expect(await say("schedules")).toContain("Nothing is scheduled.");
  redis.disconnect();
});
