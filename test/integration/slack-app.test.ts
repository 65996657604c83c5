import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Message } from "#lab/slack/protocol.ts";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { silentLog } from "#src/log.ts";
import { type Checks, openChecks } from "#src/queue/checks.ts";
import { inventories } from "#src/queue/inventory.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { scheduleDesk } from "#src/queue/schedule-desk.ts";
import { scheduleStore } from "#src/queue/schedules.ts";
import { workersSeen } from "#src/queue/workers-seen.ts";
import { createSlackApp, type SlackApp, type SlackAppOptions } from "#src/slack/app.ts";
import { memoryPast } from "#test/support/memory-schedules.ts";
import { privateQueue } from "#test/support/private-queue.ts";
import { smallInventory } from "#test/support/small-inventory.ts";
import { startHeartbeat } from "#workers/measuring.ts";

const alice = "U0ALICE";
const carol = "U0CAROL";
const oncall = "C0ONCALL";

let queue: RedisAccess & AsyncDisposable;
let checks: Checks;
let ports: Pick<SlackAppOptions, "checks" | "schedules" | "past">;
let workers: AsyncDisposable;
let slack: LabSlack;
let app: SlackApp;

beforeAll(async () => {
  queue = await privateQueue();
  const redis = await queue.connect("producer");
  await inventories(redis, queue.keys).publish(smallInventory);
  workers = startHeartbeat({ seen: workersSeen(redis, queue.keys), cluster: "prod", name: "host:1", log: silentLog });
  checks = openChecks({ redis, keys: queue.keys, log: silentLog, maxChecks: 8 });
  const schedules = scheduleDesk({ redis, store: scheduleStore(redis, queue.keys) });
  ports = { checks, schedules, past: memoryPast() };
});
afterAll(async () => {
  await workers[Symbol.asyncDispose]();
  await checks.close();
  await queue[Symbol.asyncDispose]();
});
beforeEach(async () => {
  slack = await startSlack();
  app = appFor(slack);
});
afterEach(async () => {
  await app.stop();
  await slack.stop();
});

function appFor({ apiUrl, botToken, appToken }: LabSlack): SlackApp {
  const shared = { apiUrl, botToken, command: "/netcheck", allowedUsers: [], allowedGroups: [] };
  return createSlackApp({
    config: { cluster: "prod", slack: { ...shared, mode: "socket", appToken } },
    ...ports,
    log: silentLog,
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function started(): Promise<void> {
  await app.start();
  await slack.connections(1);
}
const command = (text: string, channel = oncall, user = alice) =>
  slack.command({ channel, user, text: `/netcheck ${text}` });
const whisper = (text: RegExp): Promise<Message> =>
  slack.waitFor((message) => message.ephemeral_for !== undefined && text.test(message.text), { timeoutMs: 20_000 });
const queued = async (): Promise<readonly string[]> => (await checks.list()).map(({ request }) => request.id);

describe("a bot between a Slack and a queue", () => {
  test("a command is acknowledged with its place in the queue, and is in it", async () => {
    await started();
    const before = await queued();
    const { response } = await command("web-0 db-0 10m");
    expect(response).toMatchObject({
      response_type: "ephemeral",
      text: expect.stringMatching(/^Queued nc-[a-z0-9]{6}, position \d+\. shop\/web-0 → shop\/db-0, 10 min, prod/),
    });
    const id = /nc-[a-z0-9]+/.exec(response?.text ?? "")?.[0] ?? "";
    expect((await queued()).filter((one) => !before.includes(one))).toEqual([id]);
    expect((await checks.status(id))?.request.slack).toEqual({ team: "T0NETCHECK", channel: oncall, user: alice });
  });

  test.each([
    "web-0 paymnts-0",
    "web-0 web-0",
    "$(reboot) db-0",
    "“web-0” ‘dbb-0’",
    "staus",
    "web-0 db-0 -5m",
    "<@U0BOB|bob> db-0",
    `web-0 ${"x".repeat(3_000)}`,
    "web-0 🔥",
    "web-0 שלום",
    "",
  ])("%.40s is answered and queues nothing", async (text) => {
    await started();
    const before = await queued();
    const { response, failed } = await command(text);
    expect(failed).toBeUndefined();
    expect(response?.response_type).toBe("ephemeral");
    expect(await queued()).toEqual(before);
  });

  test("an empty command opens a form, which starts a check", async () => {
    await started();
    await command("");
    await expect.poll(() => slack.state().views[alice]?.at(-1)?.callback_id).toBe("netcheck_form");
    const view_id = slack.state().views[alice]?.at(-1)?.id ?? "";
    const fill = (to: string) => ({
      from: { from: { value: "web-0" } },
      to: { to: { value: to } },
      duration: { duration: { value: "30s" } },
    });
    expect(await slack.submitView({ user: alice, view_id, values: fill("paymnts-0") })).toMatchObject({
      errors: { to: expect.stringContaining("There is no pod paymnts-0") },
    });
    expect((await slack.submitView({ user: alice, view_id, values: fill("payments-0") })).errors).toBeUndefined();
    expect((await whisper(/^Queued/)).text).toContain("shop/web-0 → shop/payments-0, 30 s");
  });

  test("a mention in a thread is answered there, to one person, with a reaction", async () => {
    await started();
    const { ts } = slack.message({ channel: oncall, user: alice, text: "alert!" });
    slack.message({ channel: oncall, user: alice, text: "<@U0NETCHECK> web-0 db-0 30s", thread_ts: ts });
    const answer = await whisper(/^Queued/);
    expect(answer.thread_ts).toBe(ts);
    const asked = await slack.waitFor(
      (message) => message.text.includes("db-0 30s") && message.reactions !== undefined,
    );
    expect(asked.reactions?.map(({ name }) => name)).toEqual(["eyes"]);
  });

  test("outside people, foreign and shared channels get a reason and start nothing", async () => {
    await started();
    const before = await queued();
    slack.message({ channel: "C0ACME", user: carol, text: "<@U0NETCHECK> web-0 db-0" });
    await whisper(/people of its own workspace only/);
    expect((await command("web-0 db-0", "C0ACME")).response?.text).toContain("shared with another organisation");
    expect((await command("web-0 db-0", "C0RANDOM")).response?.text).toContain("Invite me with `/invite @");
    expect(await queued()).toEqual(before);
    slack.invite({ user: "U0NETCHECK", channel: "C0RANDOM" });
    expect((await command("web-0 db-0", "C0RANDOM")).response?.text).toContain("Queued");
  });

  test("a schedule is made by command and by mention, listed, and refused where a check would be", async () => {
    await started();
    const before = await queued();
    const { response } = await command("schedule “0 1 * * *” tz=Europe/Berlin web-0 db-0 6h");
    expect(response?.text).toMatch(/^Scheduled as sc-[a-z0-9]{6}: web-0 db-0 6h, 6 h\. Next runs in Europe\/Berlin: /);
    const id = /sc-[a-z0-9]+/.exec(response?.text ?? "")?.[0] ?? "";
    slack.message({
      channel: oncall,
      user: alice,
      text: '<@U0NETCHECK> schedule "*/30 8-18 * * mon-fri" web-0 db-0 5m',
    });
    await whisper(/^Scheduled as sc-[a-z0-9]{6}: web-0 db-0 5m, 5 min\. Next runs in UTC/);
    const listed = (await ports.schedules.list()).map(({ schedule }) => [
      schedule.cron,
      schedule.request.slack.channel,
    ]);
    expect(listed).toEqual([
      ["0 1 * * *", oncall],
      ["*/30 8-18 * * mon-fri", oncall],
    ]);
    expect(JSON.stringify((await command("schedules")).response?.blocks)).toContain(id);
    expect((await command(`pause ${id}`)).response?.text).toContain(`${id} rests.`);
    const shared = await command('schedule "0 1 * * *" web-0 db-0', "C0ACME");
    expect(shared.response?.text).toContain("shared with another organisation");
    const foreign = await command('schedule "0 1 * * *" web-0 db-0', "C0RANDOM");
    expect(foreign.response?.text).toContain("Invite me with");
    expect((await command('schedule "0 1 31 2 *" web-0 db-0')).response?.text).toContain("never fires");
    expect((await ports.schedules.list()).length).toBe(2);
    // Nothing of this is a check yet.
    expect(await queued()).toEqual(before);
  });

  test("a channel's own cluster outlives the bot, and one without a worker is answered at once", async () => {
    await started();
    const redis = await queue.connect("producer");
    const [names, seen] = [inventories(redis, queue.keys), workersSeen(redis, queue.keys)];
    const pod = (name: string, ip: string) => ({ namespace: "shop", name, phase: "Running", ip });
    const edge = { cluster: "edge-1", atMs: 0, services: [], deployments: [], nodes: [] };
    await names.publish({ ...edge, pods: [pod("till-0", "10.9.0.2"), pod("till-1", "10.9.0.3")] });

    const before = await queued();
    const none = await command("till-0@edge-1 till-1");
    expect(none.response?.text).toContain("No worker serves the cluster edge-1 now. Served now: prod.");
    expect(none.response?.text).toContain("Nothing was started.");
    expect((await command("cluster edge-2")).response?.text).toContain("There is no cluster edge-2.");
    expect(await queued()).toEqual(before);

    await seen.beat("edge-1", "edge:1");
    expect((await command("cluster edge-1")).response?.text).toContain("mean the cluster edge-1 from now on.");
    await app.stop();
    app = appFor(slack);
    await started();
    expect((await command("cluster")).response?.text).toContain("Served now: edge-1 (1 worker), prod (1 worker).");
    expect((await command("till-0 till-1")).response?.text).toMatch(/^Queued .*, edge-1$/);
    const [id = ""] = (await queued()).filter((one) => !before.includes(one));
    expect((await checks.status(id))?.request.cluster).toBe("edge-1");
    // Another channel has not chosen, and the form says what it means here.
    expect((await command("web-0 db-0", "C0NETWORK")).response?.text).toMatch(/^Queued .*, prod$/);
    await command("");
    await expect
      .poll(() => JSON.stringify(slack.state().views[alice]?.at(-1)))
      .toContain("node/x or an address in edge-1;");

    await seen.leave("edge-1", "edge:1");
    expect((await command("till-0 till-1")).response?.text).toContain("No worker serves the cluster edge-1 now.");
    expect((await command("cluster reset")).response?.text).toContain("mean the cluster prod from now on");
    expect((await command("web-0 db-0")).response?.text).toMatch(/^Queued .*, prod$/);
  });

  test("100 commands, ten at a time, are each acknowledged once with a check of their own", async () => {
    await started();
    const before = await queued();
    const ids: (string | undefined)[] = [];
    for (let batch = 0; batch < 10; batch++) {
      const sent = await Promise.all(
        Array.from({ length: 10 }, (_, n) => command(`web-0 db-0 ${30 + batch * 10 + n}s`)),
      );
      expect(sent.map(({ failed }) => failed)).toEqual(Array(10).fill(undefined));
      ids.push(...sent.map(({ response }) => /^Queued (nc-[a-z0-9]{6})/.exec(response?.text ?? "")?.[1]));
    }
    expect((await queued()).filter((id) => !before.includes(id)).toSorted()).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(100);
  });

  test("a bot that starts before Slack waits for it, and one that loses it comes back", async () => {
    await slack.goOffline();
    const start = app.start();
    await expect(Promise.race([start, new Promise((resolve) => setTimeout(resolve, 300, "waiting"))])).resolves.toBe(
      "waiting",
    );
    await slack.goOnline();
    await start;
    await slack.connections(1);
    expect((await command("help")).response?.text).toContain("/netcheck check");
    await slack.goOffline();
    await slack.connections(0);
    await slack.goOnline();
    await slack.connections(1, { timeoutMs: 30_000 });
    expect((await command("help")).response?.text).toContain("/netcheck check");
  });

  test("over HTTP the same command is answered, and an unsigned request is not", async () => {
    const port = await freePort();
    const { apiUrl, botToken, signingSecret } = slack;
    const http = { mode: "http", signingSecret, port } as const;
    const shared = { apiUrl, botToken, command: "/netcheck", allowedUsers: [], allowedGroups: [] };
    const overHttp = createSlackApp({
      config: { cluster: "prod", slack: { ...shared, ...http } },
      ...ports,
      log: silentLog,
    });
    await overHttp.start();
    try {
      const requestUrl = `http://127.0.0.1:${port}/slack/events`;
      await slack.disturb({ requestUrl });
      const { response } = await command("web-0 db-0 30s");
      expect(response?.text).toContain("Queued");
      const forged = await fetch(requestUrl, { method: "POST", body: "command=%2Fnetcheck&text=web-0%20db-0" });
      expect(forged.status).toBe(401);
    } finally {
      await overHttp.stop();
    }
  });

  test("a refused token ends the start with the variable's name", async () => {
    const wrong = createSlackApp({
      config: {
        cluster: "prod",
        slack: {
          apiUrl: slack.apiUrl,
          botToken: "xoxb-wrong",
          command: "/netcheck",
          allowedUsers: [],
          allowedGroups: [],
          mode: "socket",
          appToken: slack.appToken,
        },
      },
      ...ports,
      log: silentLog,
    });
    await expect(wrong.start()).rejects.toMatchObject({
      code: "bad-config",
      message: expect.stringContaining("NETCHECK_SLACK_BOT_TOKEN"),
    });
    await wrong.stop();
  });
});
