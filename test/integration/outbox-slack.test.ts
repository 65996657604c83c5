import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { silentLog } from "#src/log.ts";
import { createOutbox, type Outcome } from "#src/queue/outbox.ts";
import { shareFile } from "#src/queue/share-file.ts";
import { createSlackPort } from "#src/slack/slack-port.ts";
import { privateQueue } from "../support/private-queue.ts";

const channel = "C0ONCALL";
/** The smallest PNG: one transparent pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
const hello = { text: "hello", blocks: [{ type: "section", text: { type: "mrkdwn", text: "hello" } }] };

let queue: Awaited<ReturnType<typeof privateQueue>>;
let redis: Awaited<ReturnType<typeof queue.connect>>;
let slack: LabSlack;
beforeAll(async () => {
  queue = await privateQueue();
  redis = await queue.connect("worker");
});
afterAll(() => queue[Symbol.asyncDispose]());
beforeEach(async () => {
  await redis.flushall();
  slack = await startSlack();
});
afterEach(() => slack.stop());

const deps = () => ({
  redis,
  keys: queue.keys,
  log: silentLog,
  nowMs: () => clock.nowMs,
  port: createSlackPort({ token: slack.botToken, apiUrl: slack.apiUrl, callMs: 700 }),
});

/** The outbox's clock; Slack's own goes on as it likes. */
const clock = { nowMs: Date.now() };

/** Repeats a step as the queue does; long pauses pass on the outbox's clock only. */
async function settle(step: () => Promise<Outcome>): Promise<Outcome> {
  for (;;) {
    const outcome = await step();
    if (outcome.is !== "later") return outcome;
    await sleep(Math.min(outcome.delayMs, 400));
    clock.nowMs += outcome.delayMs;
  }
}

const said = () => {
  const channelMessages = slack.state().messages[channel] ?? [];
  return channelMessages.filter(({ text }) => text === "hello");
};

test.each([
  { name: "nothing", fault: undefined },
  { name: "a lost answer", fault: { kind: "drop", when: "after" } },
  { name: "a 500 after Slack took it", fault: { kind: "http_error", when: "after", status: 500 } },
  { name: "a call that hangs after Slack took it", fault: { kind: "hang", when: "after" } },
  { name: "a call that hangs before", fault: { kind: "hang", when: "before" } },
  { name: "a rate limit", fault: { kind: "rate_limited", retryAfterS: 1 } },
  { name: "an internal error", fault: { kind: "error", when: "after", error: "internal_error" } },
] as const)("exactly one message is posted when the first call meets $name", async ({ fault }) => {
  if (fault) await slack.disturb({ method: "chat.postMessage", ...fault });
  const outcome = await settle(() => createOutbox(deps()).send("nc-1:open", { channel }, hello));
  expect(outcome).toMatchObject({ is: "sent", channel });
  expect(said().length).toBe(1);
});

test("a reply in doubt is looked for in its thread", async () => {
  const root = await settle(() => createOutbox(deps()).send("nc-1:open", { channel }, { ...hello, text: "root" }));
  if (root.is !== "sent") throw new Error("no root");
  await slack.disturb({ method: "chat.postMessage", kind: "drop", when: "after" });
  const reply = () => createOutbox(deps()).send("nc-1:audit", { channel, threadTs: root.ts }, hello);
  expect((await settle(reply)).is).toBe("sent");
  expect(slack.thread(channel, root.ts).map(({ text }) => text)).toEqual(["root", "hello"]);
});

test("a channel that does not exist is a lasting failure", async () => {
  const outcome = await createOutbox(deps()).send("nc-1:open", { channel: "C0NOWHERE" }, hello);
  expect(outcome).toEqual({ is: "failed", why: "chat.postMessage: channel_not_found" });
});

test("a message waits while Slack is away and goes out when it is back", async () => {
  await slack.goOffline();
  const outbox = createOutbox(deps());
  expect((await outbox.send("nc-1:open", { channel }, hello)).is).toBe("later");
  await slack.goOnline();
  expect((await settle(() => outbox.send("nc-1:open", { channel }, hello))).is).toBe("sent");
  expect(said().length).toBe(1);
});

const file = { fileName: "nc-1.png", altText: "p50 1 ms, no loss", comment: "Latency", bytes: async () => png };

test.each([
  { name: "nothing", disturbance: undefined },
  { name: "a slow Slack", disturbance: { quirks: { fileReadyMs: 1_500 } } },
  {
    name: "a lost answer to the share",
    disturbance: { method: "files.completeUploadExternal", kind: "drop", when: "after" },
  },
  {
    name: "a 500 before the share",
    disturbance: { method: "files.completeUploadExternal", kind: "http_error", when: "before" },
  },
  {
    name: "a lost ticket",
    disturbance: { method: "files.getUploadURLExternal", kind: "drop", when: "after" },
  },
] as const)(
  "exactly one file is shared, with its alternative text, when it meets $name",
  async ({ disturbance }) => {
    if (disturbance) await slack.disturb(disturbance);
    const root = await settle(() => createOutbox(deps()).send("nc-1:open", { channel }, hello));
    if (root.is !== "sent") throw new Error("no root");
    const shared = await settle(() => shareFile("nc-1:chart", { channel, threadTs: root.ts }, file, deps()));
    expect(shared.is).toBe("sent");
    const replies = slack.thread(channel, root.ts).slice(1);
    expect(replies.map(({ text, files }) => [text, files?.map(({ alt_txt }) => alt_txt)])).toEqual([
      ["Latency", [file.altText]],
    ]);
  },
  60_000,
);
