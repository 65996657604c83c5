import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import type { ReportFile } from "#src/core/report.ts";
import { silentLog } from "#src/log.ts";
import { handOut } from "#src/queue/hand-out.ts";
import { createOutbox, type Outcome } from "#src/queue/outbox.ts";
import { wordings } from "#src/report/words.ts";
import { createSlackPort } from "#src/slack/slack-port.ts";
import type { ArtifactStore } from "#src/store/artifact.ts";
import { openDiskArtifacts } from "#src/store/artifacts-disk.ts";
import { openS3Artifacts } from "#src/store/artifacts-s3.ts";
import { privateQueue } from "../support/private-queue.ts";
import { canStoreObjects, objectStore, placeAt } from "../support/s3/object-store.ts";

const OWN = "C0ONCALL";
/** Another organisation reads it. */
const SHARED = "C0ACME";
const content = Buffer.from("packets ".repeat(1_000));
const key = "captures/nc-4f2a/merged.pcapng";

let queue: Awaited<ReturnType<typeof privateQueue>>;
let redis: Awaited<ReturnType<typeof queue.connect>>;
let slack: LabSlack;
let dataDir: string;
beforeAll(async () => {
  queue = await privateQueue();
  redis = await queue.connect("worker");
});
afterAll(() => queue[Symbol.asyncDispose]());
beforeEach(async () => {
  await redis.flushall();
  slack = await startSlack();
  dataDir = mkdtempSync(join(tmpdir(), "netcheck-hand-out-"));
});
afterEach(async () => {
  await slack.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const keeping = () => ({ dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });

async function kept(store: ArtifactStore, change: Partial<ReportFile> = {}): Promise<ReportFile> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield content;
  }
  const { bytes, sha256 } = await store.put(key, stream());
  return { key, bytes, sha256, holds: "all", payload: false, ...change };
}

/** The outbox's clock; Slack's own goes on as it likes. */
const clock = { nowMs: Date.now() };

/** Opens a thread and hands the file out in it, repeating steps as the queue does. Answers what the thread says then. */
async function handedOut(store: ArtifactStore, file: ReportFile, { channel = OWN, times = 1 } = {}) {
  const port = createSlackPort({ token: slack.botToken, apiUrl: slack.apiUrl, callMs: 700 });
  const shared = { redis, keys: queue.keys, log: silentLog, nowMs: () => clock.nowMs, port };
  const outbox = createOutbox(shared);
  const settle = async (step: () => Promise<Outcome>): Promise<Outcome> => {
    for (;;) {
      const outcome = await step();
      if (outcome.is !== "later") return outcome;
      await sleep(Math.min(outcome.delayMs, 400));
      clock.nowMs += outcome.delayMs;
    }
  };
  const root = await settle(() => outbox.send("nc-4f2a:open", { channel }, { text: "root", blocks: [] }));
  if (root.is !== "sent") throw new Error(root.is);
  const to = { channel, threadTs: root.ts };
  const deps = { ...shared, outbox, store, linkSeconds: 3_600 };
  for (let n = 0; n < times; n++) await settle(() => handOut("nc-4f2a:file-all", to, file, wordings.en, deps));
  return slack.thread(channel, root.ts).slice(1);
}

const said = (messages: Awaited<ReturnType<typeof handedOut>>): string => JSON.stringify(messages);
const COMMAND = `npm run -s netcheck -- artifact get ${key} -o nc-4f2a-merged.pcapng`;

test.each([
  { name: "nothing", fault: undefined },
  { name: "a lost answer to the share", fault: { kind: "drop", when: "after" } },
] as const)(
  "from the disk a file is posted into the thread, whole and once, when it meets $name",
  async ({ fault }) => {
    const store = openDiskArtifacts(keeping());
    const file = await kept(store);
    if (fault) await slack.disturb({ method: "files.completeUploadExternal", ...fault });
    const [posted, ...more] = await handedOut(store, file, { times: 2 });
    expect(more).toEqual([]);
    expect(posted?.text).toContain(createHash("sha256").update(content).digest("hex"));
    const [there] = posted?.files ?? [];
    expect(there).toMatchObject({ name: "nc-4f2a-merged.pcapng" });
    expect(slack.file(there?.id ?? "")).toEqual(content);
  },
  60_000,
);

test.each([
  { payload: false, ready: async () => SHARED, why: "another organisation reads this channel" },
  { payload: true, ready: async () => SHARED, why: "another organisation reads this channel" },
  {
    payload: true,
    ready: async () => {
      slack.shareChannel({ channel: OWN, shared: false, pending: true });
      return OWN;
    },
    why: "another organisation reads this channel",
  },
  {
    payload: true,
    ready: async () => {
      await slack.disturb({ method: "conversations.info", kind: "error", when: "before", error: "channel_not_found" });
      return OWN;
    },
    why: "Slack does not say whether another organisation reads this channel",
  },
])(
  "is named and neither posted nor linked: $why (payload $payload)",
  async ({ payload, ready, why }) => {
    const store = openDiskArtifacts(keeping());
    const file = await kept(store, { payload });
    const linking: ArtifactStore = { ...store, link: async () => expect.unreachable() };
    const messages = await handedOut(linking, file, { channel: await ready() });
    expect(messages.length).toBe(1);
    expect(messages[0]?.files ?? []).toEqual([]);
    expect(said(messages)).toContain(why);
    expect(said(messages)).toContain(COMMAND);
    expect(said(messages)).toContain(payload ? "with what programs say" : "headers only");
    expect(Object.values(slack.state().messages).flatMap((all) => all.flatMap(({ files = [] }) => files))).toEqual([]);
  },
  60_000,
);

test.each([
  { name: "too large for Slack", change: { bytes: 10_000_001 }, why: "It is too large for Slack." },
  { name: "another file than was reported", change: { sha256: "0".repeat(64) }, why: "where this bot cannot read" },
  { name: "gone", change: { key: "captures/nc-4f2a/none.pcapng" }, why: "where this bot cannot read" },
])("what is $name is named", async ({ change, why }) => {
  const store = openDiskArtifacts(keeping());
  const messages = await handedOut(store, await kept(store, change));
  expect(messages.flatMap(({ files = [] }) => files)).toEqual([]);
  expect(said(messages)).toContain(why);
});

test("a file that Slack does not take is named", async () => {
  const store = openDiskArtifacts(keeping());
  const fault = { kind: "error", when: "before", error: "file_uploads_disabled" } as const;
  await slack.disturb({ method: "files.completeUploadExternal", ...fault });
  const messages = await handedOut(store, await kept(store), { times: 2 });
  expect(messages.length).toBe(1);
  expect(said(messages)).toContain("Slack did not take it.");
  expect(said(messages)).toContain(COMMAND);
});

describe.skipIf(!canStoreObjects)("from an object store (Debian's python3-swift is one)", () => {
  let objects: Awaited<ReturnType<typeof objectStore>>;
  beforeAll(async () => {
    objects = await objectStore();
  });
  afterAll(() => objects?.[Symbol.asyncDispose]());

  test("a link that expires fetches the file without an account; a shared channel gets none", async () => {
    const store = openS3Artifacts(placeAt(objects.port), keeping());
    const file = await kept(store, { payload: true });
    const messages = await handedOut(store, file, { times: 2 });
    expect(messages.length).toBe(1);
    expect(messages[0]?.files ?? []).toEqual([]);
    const [, url = ""] = /<(http[^|]+)\|nc-4f2a-merged\.pcapng>/.exec(said(messages)) ?? [];
    const address = new URL(url.replaceAll("&amp;", "&"));
    expect(address.searchParams.get("X-Amz-Expires")).toBe("3600");
    const answer = await fetch(address);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(content);
    address.searchParams.set("X-Amz-Expires", "7200");
    expect((await fetch(address)).status).toBe(403);

    await redis.flushall();
    const shared = await handedOut(store, file, { channel: SHARED });
    expect(said(shared)).not.toContain("X-Amz");
    expect(said(shared)).toContain(COMMAND);
  }, 60_000);
});
