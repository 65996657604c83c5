import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { analyseCaptures, type CaptureOrder } from "#src/cluster/analyse-captures.ts";
import { recordedBy } from "#src/pcap/path-points.ts";
import { ADDRESSES, type PathOptions } from "../support/pcap/hop-path.ts";
import { type SlicedPath, slicedPath, sliceOf } from "../support/pcap/sliced-path.ts";

const options: PathOptions = { seed: 21, seconds: 6, loses: { hop: 3, direction: "forward", share: 0.1 } };
const path = slicedPath(options, { segmentMs: 2_000, clockErrorMs: 0 });
let folder: string;
let order: CaptureOrder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netcheck-analyse-"));
  order = await written(path);
});
afterAll(() => rm(folder, { recursive: true }));

async function written({ taps, held, ahead, fromMs, toMs }: SlicedPath): Promise<CaptureOrder> {
  const files: Record<string, { path: string; number: number; toMs: number }[]> = {};
  for (const [task, segments] of Object.entries(held)) {
    files[task] = segments.map(({ number, toMs }) => ({ path: join(folder, `${task}-${number}.pcap`), number, toMs }));
    for (const { number, bytes } of segments) await writeFile(join(folder, `${task}-${number}.pcap`), bytes);
  }
  const recorded = Object.fromEntries(
    taps.map(({ task }) => [task, recordedBy(held[task] ?? [], { segments: [], letGo: [] })]),
  );
  return { slice: { taps, ...ADDRESSES, ahead, fromMs, toMs, recorded }, files };
}

test("the thread finds what is found here", async () => {
  expect(await analyseCaptures(order)).toEqual(sliceOf(path, path));
});

test("a file that cannot be read is named, and the next order is not affected", async () => {
  const files = { ...order.files, "capture-2": [{ path: join(folder, "nowhere.pcap"), number: 7, toMs: path.toMs }] };
  const first = analyseCaptures({ ...order, files });
  const second = analyseCaptures(order);
  await expect(first).rejects.toThrow(/file 7 of capture-2 cannot be read: ENOENT/);
  expect((await second).matched.crossings.length).toBeGreaterThan(0);
});

test("an address that is none is an error", async () => {
  await expect(analyseCaptures({ ...order, slice: { ...order.slice, from: ["web-0"] } })).rejects.toThrow(
    /not an address: web-0/,
  );
});

test("the signal ends the thread at work, and one that was given before keeps it from beginning", async () => {
  const controller = new AbortController();
  const running = analyseCaptures(order, controller.signal);
  controller.abort(new Error("cancelled by a person"));
  await expect(running).rejects.toThrow("cancelled by a person");
  await expect(analyseCaptures(order, controller.signal)).rejects.toThrow("cancelled by a person");
});

test.each([
  { name: "cut in the middle of a packet", bytes: (file: Uint8Array) => file.subarray(0, file.length >> 1) },
  { name: "empty", bytes: () => new Uint8Array(0) },
  { name: "no capture", bytes: () => new TextEncoder().encode("this is not a capture at all") },
])("a file that is $name is said to be so, and its time is not judged", async ({ name, bytes }) => {
  const file = order.files["capture-5"]?.[1];
  const own = path.held["capture-5"]?.[1];
  if (!file || !own) throw new Error("there should be three files");
  const damaged = join(folder, `damaged-${name.length}.pcap`);
  await writeFile(damaged, bytes(own.bytes));
  const files = {
    ...order.files,
    "capture-5": (order.files["capture-5"] ?? []).map((one) => (one === file ? { ...one, path: damaged } : one)),
  };
  const { taps, matched } = await analyseCaptures({ ...order, files });
  expect(taps.find(({ task }) => task === "capture-5")?.damaged).toMatchObject([{ segment: 1 }]);
  // Whoever could see a packet and did not has lost it, or missed it.
  const missed = matched.crossings.filter(
    ({ could, seen }) => (could & 32) !== 0 && (seen & 32) === 0 && (seen & 64) !== 0,
  );
  expect(missed).toEqual([]);
});
