import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ByteBudget } from "#src/cluster/byte-budget.ts";
import { captureFetcher, segmentKey } from "#src/cluster/fetch-captures.ts";
import type { Recording } from "#src/core/capture.ts";
import { NetcheckError } from "#src/core/errors.ts";
import { inWords } from "#src/core/sentence.ts";
import { silentLog } from "#src/log.ts";

const check = "nc-test";
const contentOf = (task: string, number: number): Buffer => Buffer.from(`${task} ${number} `.repeat(50 + number));

function recordingOf(task: string, numbers: readonly number[], fromMs = 0): readonly [string, Recording] {
  const segments = numbers.map((number) => {
    const content = contentOf(task, number);
    const sha256 = createHash("sha256").update(content).digest("hex");
    return {
      number,
      bytes: content.length,
      sha256,
      fromMs: fromMs + number * 1_000,
      toMs: fromMs + number * 1_000 + 999,
    };
  });
  return [task, { written: 0, matched: 0, dropped: 0, segments, letGo: [] }];
}

/** A node whose segments can be damaged or away, and a store that can be full; both in memory. */
function world({ bytesPerSecond = 1e9 } = {}) {
  const clock = { nowMs: 0 };
  const shelf = new Map<string, Buffer>();
  const trouble: { node?: "down" | "damaged" | "gone" | "slow"; store?: "full" } = {};
  const calls: string[] = [];
  const open = () =>
    captureFetcher({
      nowMs: () => clock.nowMs,
      log: silentLog,
      budget: new ByteBudget(bytesPerSecond, () => clock.nowMs),
      shelf: {
        async put(key, content, sha256) {
          if (trouble.store) throw new NetcheckError("exec-failed", "The disk is full.");
          const bytes = Buffer.concat(await Array.fromAsync(content));
          if (sha256 !== createHash("sha256").update(bytes).digest("hex"))
            throw new NetcheckError("exec-failed", "It is damaged.");
          shelf.set(key, bytes);
        },
        localPath: async () => expect.unreachable(),
        remove: async (key) => void shelf.delete(key),
        list: async (prefix) => [...shelf.keys()].filter((key) => key.startsWith(prefix)).map((key) => ({ key })),
      },
      nodes: {
        async segment(_node, _check, task, number, offset, options) {
          calls.push(`${task} ${number}`);
          clock.nowMs += 10;
          if (trouble.node === "down") throw new NetcheckError("exec-failed", "node-1 does not answer.");
          const whole = trouble.node === "gone" ? Buffer.alloc(0) : contentOf(task, number);
          const bytes = whole.subarray(offset, offset + Math.min(options?.maxBytes ?? 0, 100));
          // Too much at once, and only every other call gets through.
          if (trouble.node === "slow") {
            if ((options?.maxBytes ?? 0) > 1_000_000 || calls.length % 2 === 0)
              throw new NetcheckError("exec-failed", "It was not in time.");
            calls.push(`${task} ${number} done`);
          }
          if (trouble.node === "damaged") bytes.fill(0, 0, 1);
          return { number, state: "sealed", totalBytes: whole.length, offset, bytes: Buffer.from(bytes) };
        },
        async acknowledge(_node, _check, upTo) {
          for (const [task, number] of upTo) calls.push(`ack ${task} ${number}`);
          return { deleted: upTo.size };
        },
      },
    });
  return { clock, shelf, trouble, calls, open };
}

const files = (...recordings: readonly (readonly [string, Recording])[]) => ({
  check,
  node: "node-1",
  recordings: new Map(recordings),
});

test("segments come in the order of time, whole, and once; then their node may delete them", async () => {
  const { open, shelf, calls } = world();
  const fetcher = open();
  const sealed = files(recordingOf("record-1", [1, 3, 4]), recordingOf("record-2", [1, 2], 500));
  expect(await fetcher.fetch(sealed, { limitMs: 10_000 })).toBe(0);
  expect([...new Set(calls)]).toEqual([
    "record-1 1",
    "record-2 1",
    "record-2 2",
    "record-1 3",
    "record-1 4",
    "ack record-1 4",
    "ack record-2 2",
  ]);
  expect(shelf.get(segmentKey(check, "record-1", 3))).toEqual(contentOf("record-1", 3));
  const before = calls.length;
  expect(await fetcher.fetch(sealed, { limitMs: 10_000 })).toBe(0);
  expect(calls.length).toBe(before);
});

test("another worker goes on with what is not in the store", async () => {
  const { open, calls, clock } = world();
  const sealed = files(recordingOf("record-1", [1, 2, 3, 4]));
  const left = await open().fetch(sealed, { limitMs: 25 });
  expect(left).toBeGreaterThan(0);
  calls.length = 0;
  clock.nowMs += 5_000;
  expect(await open().fetch(sealed, { limitMs: 10_000 })).toBe(0);
  expect(new Set(calls.filter((call) => !call.startsWith("ack"))).size).toBe(left);
  expect(calls.at(-1)).toBe("ack record-1 4");
});

test("the budget of the cluster holds", async () => {
  const { open, shelf, clock } = world({ bytesPerSecond: 1_000 });
  const fetcher = open();
  const sealed = files(
    recordingOf(
      "record-1",
      Array.from({ length: 40 }, (_, n) => n + 1),
    ),
  );
  const total = sealed.recordings.get("record-1")?.segments.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  while ((await fetcher.fetch(sealed, { limitMs: 1_500 })) > 0) clock.nowMs += 1_000;
  expect(shelf.size).toBe(40);
  expect(clock.nowMs).toBeGreaterThan(total - 4_000);
});

test("a segment that a slow link never brings in one go comes in parts, each asked for once, ever smaller", async () => {
  const { open, shelf, calls, trouble } = world();
  trouble.node = "slow";
  const fetcher = open();
  const sealed = files(recordingOf("record-1", [1, 2]));
  for (let tries = 0; (await fetcher.fetch(sealed, { limitMs: 1_000 })) > 0; tries++) expect(tries).toBeLessThan(60);
  expect([...shelf.keys()]).toEqual([1, 2].map((number) => segmentKey(check, "record-1", number)));
  expect(calls.filter((call) => call === "record-1 1 done").length).toBe(
    Math.ceil(contentOf("record-1", 1).length / 100),
  );
});

test.each([
  ["a node that does not answer", { node: "down" as const }, "node-1 does not answer."],
  ["a node that has lost the files", { node: "gone" as const }, "node-1 does not have the recorded packets any more."],
  ["packets that arrive damaged", { node: "damaged" as const }, "It is damaged."],
  ["a store that is full", { store: "full" as const }, "The disk is full."],
])("%s is tried for a while, told, and given up", async (_, how, said) => {
  const { open, trouble, clock, calls } = world();
  Object.assign(trouble, how);
  const fetcher = open();
  const sealed = files(recordingOf("record-1", [1, 2]));
  expect(await fetcher.fetch(sealed, { limitMs: 1_000 })).toBe(2);
  clock.nowMs += 30_000;
  expect(await fetcher.fetch(sealed, { limitMs: 1_000 })).toBe(2);
  clock.nowMs += 40_000;
  expect(await fetcher.fetch(sealed, { limitMs: 1_000 })).toBe(0);
  const { kept, troubles } = await fetcher.fetched(check);
  expect(kept.size).toBe(0);
  expect(inWords(troubles.get("node-1")?.text ?? "")).toBe(said);
  expect(calls.some((call) => call.startsWith("ack"))).toBe(false);
  for (const name of Object.keys(trouble)) delete trouble[name as keyof typeof trouble];
  expect(await fetcher.fetch(sealed, { limitMs: 1_000 })).toBe(0);
  expect((await fetcher.fetched(check)).troubles.size).toBe(0);
});
