import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { silentLog } from "#src/log.ts";
import { createOutbox, type Outcome } from "#src/queue/outbox.ts";
import { waitForPace } from "#src/queue/pace.ts";
import { shareFile } from "#src/queue/share-file.ts";
import { SlackCallError } from "#src/queue/slack-port.ts";
import { Crash, type Fault, fakeSlackPort } from "../support/fake-slack-port.ts";
import { privateQueue } from "../support/private-queue.ts";

let queue: Awaited<ReturnType<typeof privateQueue>>;
let redis: Awaited<ReturnType<typeof queue.connect>>;
beforeAll(async () => {
  queue = await privateQueue();
  redis = await queue.connect("worker");
});
afterAll(() => queue[Symbol.asyncDispose]());

let slack: ReturnType<typeof fakeSlackPort>;
const clock = { nowMs: 0 };
beforeEach(async () => {
  await redis.flushall();
  slack = fakeSlackPort();
  clock.nowMs = 1_000_000;
});

/** A new one each time: nothing may depend on what a process remembers. */
const deps = () => ({ redis, keys: queue.keys, port: slack.port, log: silentLog, nowMs: () => clock.nowMs });
const hello = { text: "hello", blocks: [] };
const place = { channel: "C1" };

/** Repeats a step as the queue does, until it is settled; a crash is a new process. Time passes as it is told to. */
async function settle(step: () => Promise<Outcome>): Promise<Outcome> {
  for (let tries = 0; tries < 100; tries++) {
    const outcome = await step().catch((error: unknown) => {
      if (error instanceof Crash) return { is: "later", delayMs: 20_000 } as const;
      throw error;
    });
    if (outcome.is !== "later") return outcome;
    clock.nowMs += outcome.delayMs;
  }
  throw new Error("it never settled");
}

test.each<{ fault: Fault | "none" }>([
  { fault: "none" },
  { fault: "lost" },
  { fault: "crash" },
  { fault: "refused" },
  { fault: "limited" },
])("exactly one message is posted when the first call meets: $fault", async ({ fault }) => {
  if (fault !== "none") slack.faults.set("post", [fault]);
  const outcome = await settle(() => createOutbox(deps()).send("nc-1:open", place, hello));
  expect(outcome).toEqual({ is: "sent", channel: "C1", ts: "1001.000000" });
  expect(slack.messages.map(({ key }) => key)).toEqual(["nc-1:open"]);
  expect(await createOutbox(deps()).send("nc-1:open", place, hello)).toEqual(outcome);
  expect(slack.messages.length).toBe(1);
});

test("exactly one message is posted when every kind of fault comes in a row", async () => {
  slack.faults.set("post", ["refused", "limited", "lost", "lost"]);
  slack.faults.set("find", ["refused", "limited"]);
  expect((await settle(() => createOutbox(deps()).send("nc-1:open", place, hello))).is).toBe("sent");
  expect(slack.messages.length).toBe(1);
});

test("a message in doubt is not posted again while the history cannot be read", async () => {
  slack.faults.set("post", ["crash"]);
  slack.faults.set(
    "find",
    Array.from({ length: 5 }, () => "refused" as const),
  );
  const outbox = createOutbox(deps());
  await expect(outbox.send("nc-1:open", place, hello)).rejects.toThrow(Crash);
  for (let n = 0; n < 5; n++) {
    clock.nowMs += 10_000;
    expect((await outbox.send("nc-1:open", place, hello)).is).toBe("later");
  }
  clock.nowMs += 10_000;
  expect((await outbox.send("nc-1:open", place, hello)).is).toBe("sent");
  expect(slack.messages.length).toBe(1);
});

test("a lasting error ends the message and is not repeated", async () => {
  slack.faults.set("post", ["definite"]);
  const failed = { is: "failed", why: "post: channel_not_found" };
  expect(await createOutbox(deps()).send("nc-1:open", place, hello)).toEqual(failed);
  expect(await createOutbox(deps()).send("nc-1:open", place, hello)).toEqual(failed);
  expect(slack.calls).toEqual(["post"]);
});

test("two processes that post the same message at once post one", async () => {
  const both = await Promise.all([1, 2, 3, 4].map(() => createOutbox(deps()).send("nc-1:open", place, hello)));
  expect(both.filter(({ is }) => is === "sent").length).toBe(1);
  expect(slack.messages.length).toBe(1);
});

test("an update draws with a growing revision and waits for the message", async () => {
  const outbox = createOutbox(deps());
  const draw = (revision: number) => ({ text: `rev ${revision}`, blocks: [] });
  expect((await outbox.update("nc-1:open", draw)).is).toBe("later");
  await outbox.send("nc-1:open", place, hello);
  await outbox.update("nc-1:open", draw);
  await outbox.update("nc-1:open", draw);
  expect(slack.messages[0]?.message.text).toBe("rev 2");
});

test("nothing overwrites a final update, and it tells when an earlier one may still come", async () => {
  const outbox = createOutbox(deps());
  await outbox.send("nc-1:open", place, hello);
  const say = (text: string) => () => ({ text, blocks: [] });
  slack.faults.set("update", ["lost"]);
  expect((await outbox.update("nc-1:open", say("running"))).is).toBe("later");
  expect(await outbox.update("nc-1:open", say("done"), { final: true })).toMatchObject({ is: "sent", shaky: true });
  expect((await outbox.update("nc-1:open", say("running"))).is).toBe("sent");
  expect(slack.messages[0]?.message.text).toBe("done");
  await outbox.update("nc-1:open", say("done"), { final: true });
  expect(slack.messages[0]?.updates).toBe(2);
  const again = await outbox.update("nc-1:open", say("done"), { final: true, again: true });
  expect(again).toMatchObject({ is: "sent", shaky: false });
});

test("a channel takes a burst, then one message per second, and others are not held up", async () => {
  const wait = (channel: string) => waitForPace(redis, queue.keys, channel, clock.nowMs);
  const burst = [];
  for (let n = 0; n < 6; n++) burst.push(await wait("C1"));
  expect(burst).toEqual([0, 0, 0, 0, 0, 1_000]);
  expect(await wait("C2")).toBe(0);
  clock.nowMs += 1_000;
  expect([await wait("C1"), await wait("C1")]).toEqual([0, 1_000]);
});

const file = () => ({
  fileName: "nc-1.png",
  altText: "p50 1 ms",
  comment: "Latency",
  bytes: async () => new Uint8Array(10),
});

test.each<{ method: "ticket" | "upload" | "share" | "shared"; fault: Fault }>([
  { method: "ticket", fault: "lost" },
  { method: "upload", fault: "lost" },
  { method: "upload", fault: "crash" },
  { method: "share", fault: "lost" },
  { method: "share", fault: "crash" },
  { method: "share", fault: "refused" },
  { method: "share", fault: "limited" },
  { method: "shared", fault: "refused" },
])("exactly one file is shared when $method meets: $fault", async ({ method, fault }) => {
  slack.faults.set(method, [fault]);
  expect((await settle(() => shareFile("nc-1:chart", place, file(), deps()))).is).toBe("sent");
  expect(slack.messages.map(({ message }) => message.text)).toEqual(["Latency"]);
  expect((await shareFile("nc-1:chart", place, file(), deps())).is).toBe("sent");
  expect(slack.messages.length).toBe(1);
});

test("a file that Slack never shares is shared again, and then given up", async () => {
  const never = { ...slack.port, shared: async () => undefined };
  const outcome = await settle(() => shareFile("nc-1:chart", place, file(), { ...deps(), port: never }));
  expect(outcome).toEqual({ is: "failed", why: "Slack did not share the file" });
  expect(slack.messages.length).toBe(3);
});

test("a file that cannot be made is tried three times and does not stop the thread", async () => {
  let tries = 0;
  const bytes = () => {
    tries++;
    return Promise.reject(new Error("no fonts"));
  };
  const outcome = await settle(() => shareFile("nc-1:chart", place, { ...file(), bytes }, deps()));
  expect([outcome, tries]).toEqual([{ is: "failed", why: "the file could not be made" }, 3]);
});

test("a file that took too long to make is made again and posted once", async () => {
  let tries = 0;
  const bytes = () => (++tries === 1 ? Promise.reject(new Error("15 s")) : file().bytes());
  const outcome = await settle(() => shareFile("nc-1:chart", place, { ...file(), bytes }, deps()));
  expect([outcome.is, tries, slack.messages.length]).toEqual(["sent", 2, 1]);
});

test("a failure that is not Slack's is a bug and comes through", async () => {
  const broken = { ...slack.port, post: () => Promise.reject(new TypeError("bug")) };
  await expect(createOutbox({ ...deps(), port: broken }).send("nc-1:open", place, hello)).rejects.toThrow(TypeError);
  expect(new SlackCallError("limited", "post", { retryAfterMs: 1 })).toMatchObject({
    failure: "limited",
    retryAfterMs: 1,
  });
});
