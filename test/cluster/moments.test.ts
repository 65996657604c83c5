import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ByteBudget } from "#src/cluster/byte-budget.ts";
import { captureFetcher } from "#src/cluster/fetch-captures.ts";
import type { Recorded } from "#src/cluster/measure-ports.ts";
import { momentWatch, ringFiles } from "#src/cluster/moments.ts";
import type { Recording, Segment, Tap } from "#src/core/capture.ts";
import type { Trigger } from "#src/core/capture-triggers.ts";
import type { Plan } from "#src/core/plan.ts";
import { silentLog } from "#src/log.ts";
import { openDiskArtifacts } from "#src/store/artifacts-disk.ts";

const check = "nc-4f2a";
const HOUR_MS = 3_600_000;
const RING_FILES = 12;
const FILE_BYTES = 1_000;
const taps = [1, 2].map(
  (n): Tap => ({
    ...{ task: `record-${n}`, label: `node-1 dev${n}`, order: n, node: "node-1", netns: "node", device: `dev${n}` },
    ...{ kind: "nic", mtu: 1_500, snapLength: 128, mayBeSkipped: false, ring: `record-${n}-ring` },
  }),
);
const plan = { check, window: { startMs: 0, endMs: HOUR_MS }, taps } as Partial<Plan> as Plan;
const contentOf = (task: string, number: number): Buffer => Buffer.alloc(FILE_BYTES, `${task} ${number} `);

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "netcheck-moments-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A file for every 15 s of headers and every 10 s of whole packets, of which the newest twelve are on the node. */
function recordingsAt(nowMs: number, endedMs?: number): Map<string, Recording> {
  const until = endedMs ?? nowMs;
  const made = (task: string, everyMs: number): Segment[] =>
    Array.from({ length: Math.floor(until / everyMs) }, (_, n) => ({
      ...{ number: n + 1, bytes: FILE_BYTES, fromMs: n * everyMs, toMs: (n + 1) * everyMs - 1 },
      sha256: createHash("sha256")
        .update(contentOf(task, n + 1))
        .digest("hex"),
    }));
  const ended = endedMs === undefined ? {} : { endedMs, endReason: "stopped" as const };
  const base = { listeningMs: 0, written: 0, matched: 0, dropped: 0, ...ended };
  return new Map(
    taps.flatMap(({ task, ring = "" }) => {
      const whole = made(ring, 10_000);
      return [
        [task, { ...base, segments: made(task, 15_000), letGo: [] }],
        [ring, { ...base, segments: whole.slice(-RING_FILES), letGo: whole.slice(0, -RING_FILES) }],
      ] as const;
    }),
  );
}

/** A worker on a clock of its own, over a store on the disk that outlives it. `storms`: seconds in which packets are lost, and how many. */
function worker({ storms = new Map<number, number>(), maxBytes = 1e6, kernel = [] as readonly Trigger[] } = {}) {
  const clock = { nowMs: 0 };
  const looks: [number, number][] = [];
  const acknowledged: string[] = [];
  const store = openDiskArtifacts({ dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
  const fetcher = captureFetcher({
    ...{ nowMs: () => clock.nowMs, log: silentLog, budget: new ByteBudget(1e9, () => clock.nowMs), shelf: store },
    nodes: {
      segment: async (_node, _check, task, number, offset) => ({
        ...{ number, state: "sealed", totalBytes: FILE_BYTES, offset, bytes: contentOf(task, number).subarray(offset) },
      }),
      acknowledge: async (_node, _check, upTo) => {
        acknowledged.push(...upTo.keys());
        return { deleted: 0 };
      },
    },
  });
  const watch = momentWatch({
    triggersIn: async (_recorded, fromMs, toMs) => {
      looks.push([fromMs, toMs]);
      return [...storms].flatMap(([second, count]): readonly Trigger[] =>
        second * 1_000 >= fromMs && second * 1_000 < toMs
          ? [{ kind: "lost", tap: "node-1 dev1", fromS: second, toS: second, worstS: second, count, usual: 0 }]
          : [],
      );
    },
    ...{ fetcher, shelf: store, maxBytes, nowMs: () => clock.nowMs, log: silentLog },
  });
  const options = { limitMs: 10_000 };

  /** What the worker does in a tick; answers how many files are still to come. */
  async function tick(nowMs: number, { endedMs, headers = true }: { endedMs?: number; headers?: boolean } = {}) {
    clock.nowMs = nowMs;
    const all = recordingsAt(nowMs, endedMs);
    const files = { check, node: "node-1", recordings: all };
    if (headers) {
      const recordings = new Map([...all].filter(([task]) => !task.endsWith("-ring")));
      await fetcher.fetch({ ...files, recordings }, options);
    }
    const left = await fetcher.fetch({ ...files, recordings: watch.wanted(files) }, { ...options, stays: true });
    const recorded: Recorded = { plan, recordings: all, aheadMs: {}, behind: new Set(), kernel };
    await watch.advance(recorded);
    return { left, awaited: watch.awaited(check), recorded };
  }
  const wholeHere = async (): Promise<string[]> =>
    (await store.list(`captures/${check}`)).flatMap(
      ({ key }) => /record-(\d)-ring\/0*(\d+)/.exec(key)?.slice(1).join(":") ?? [],
    );
  return { tick, looks, acknowledged, wholeHere, fetcher, end: () => watch.end(plan) };
}

/** Ticks every two seconds. */
async function run(one: ReturnType<typeof worker>, fromMs: number, toMs: number, options?: { headers?: boolean }) {
  for (let at = fromMs; at < toMs; at += 2_000) await one.tick(at, options);
}

test("only files around triggers are fetched, of all points and in time; others stay on the node", async () => {
  const one = worker({ storms: new Map([[100, 5]]) });
  await run(one, 0, 240_000);
  // 90 s to 111 s: the files of 80..90 s end just before, those of 110..120 s hold the last second.
  expect(await one.wholeHere()).toEqual(["1:10", "1:11", "1:12", "2:10", "2:11", "2:12"]);
  expect(one.acknowledged.filter((task) => task.endsWith("-ring"))).toEqual([]);
  expect(new Set(one.acknowledged)).toEqual(new Set(["record-1", "record-2"]));
  expect(one.looks[0]?.[0]).toBe(0);
  for (const [n, [fromMs]] of one.looks.slice(1).entries()) expect(fromMs).toBe(one.looks[n]?.[1]);
});

test("a kernel event is a trigger without any packet's help", async () => {
  const at = { fromS: 60, toS: 60, worstS: 60, count: 1, usual: 0 };
  const one = worker({ kernel: [{ kind: "kernel-event", tap: "node-1", ...at }] });
  await run(one, 0, 90_000);
  expect(await one.wholeHere()).toEqual(["1:6", "1:7", "1:8", "2:6", "2:7", "2:8"]);
});

test("another worker goes on where the first was killed: no moment is looked at twice, none is left out", async () => {
  const storms = new Map([
    [50, 5],
    [150, 9],
  ]);
  const first = worker({ storms });
  await run(first, 0, 130_000);
  const second = worker({ storms });
  await run(second, 136_000, 260_000);
  const looks = [...first.looks, ...second.looks];
  for (const [n, [fromMs]] of looks.slice(1).entries()) expect(fromMs).toBe(looks[n]?.[1]);
  expect((await second.end())?.map(({ worstS }) => worstS)).toEqual([50, 150]);
  expect(await second.wholeHere()).toEqual(
    ["1", "2"].flatMap((tap) => [5, 6, 7, 15, 16, 17].map((number) => `${tap}:${number}`)),
  );
});

test("a worse moment takes the room of a lesser one, which is told to be gone", async () => {
  const storms = new Map([
    [50, 5],
    [150, 9],
    [250, 7],
  ]);
  const one = worker({ storms, maxBytes: 6 * FILE_BYTES });
  await run(one, 0, 130_000);
  expect(await one.wholeHere()).toEqual(["1:5", "1:6", "1:7", "2:5", "2:6", "2:7"]);
  await run(one, 130_000, 340_000);
  expect(await one.wholeHere()).toEqual(["1:15", "1:16", "1:17", "2:15", "2:16", "2:17"]);
  const { recorded } = await one.tick(340_000);
  const { lost } = ringFiles(recorded, await one.fetcher.fetched(check));
  expect(lost.map(({ tap, number }) => `${tap.at(-1)}:${number}`)).toEqual(expect.arrayContaining(["1:5", "2:7"]));
});

test("headers that do not come are awaited, but not for ever", async () => {
  const one = worker();
  await run(one, 0, 150_000, { headers: false });
  expect(one.looks).toEqual([]);
  await run(one, 150_000, 260_000, { headers: false });
  expect(one.looks.length).toBeGreaterThan(0);
});

test("the end waits for the last look and for what it wants", async () => {
  const endedMs = 200_000;
  const one = worker({ storms: new Map([[195, 5]]) });
  await run(one, 0, endedMs);
  const over = await one.tick(endedMs + 1_000, { endedMs });
  expect(one.looks.at(-1)?.[1]).toBe(endedMs);
  expect([over.left, over.awaited]).toEqual([0, false]);
  expect(await one.tick(endedMs + 2_000, { endedMs })).toMatchObject({ left: 0, awaited: false });
  expect(await one.wholeHere()).toEqual(["1:19", "1:20", "2:19", "2:20"]);
});

test("a last look that cannot be taken is awaited for a minute", async () => {
  // Headers are closed at 105 s, and never come.
  const endedMs = 105_000;
  const one = worker();
  await run(one, 0, endedMs - 1_000);
  const awaited = async (nowMs: number) => (await one.tick(nowMs, { endedMs, headers: false })).awaited;
  expect(await awaited(endedMs + 1_000)).toBe(true);
  expect(await awaited(endedMs + 59_000)).toBe(true);
  expect(await awaited(endedMs + 62_000)).toBe(false);
});
