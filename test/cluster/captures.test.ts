import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clusterCaptures } from "#src/cluster/captures.ts";
import type { Recorded } from "#src/cluster/measure-ports.ts";
import type { Tap } from "#src/core/capture.ts";
import { silentLog } from "#src/log.ts";
import { ETHERNET, pcapFile } from "#test/support/pcap/capture-file.ts";

const MINUTE = 60_000;
const at = 1_700_000_000_000;
const taps = [1, 2].map(
  (n): Tap => ({
    ...{ task: `record-${n}`, label: `node-${n} eth0`, order: n - 1, node: `node-${n}`, netns: "node", device: "eth0" },
    ...{ kind: "nic", mtu: 1_500, snapLength: 128, mayBeSkipped: false },
  }),
);
const end = (name: string, ip: string) => ({ kind: "pod" as const, name, ip });
const recorded = (behind: readonly string[]): Recorded => ({
  plan: {
    ...{ check: "nc-test", window: { startMs: at, endMs: at + 10 * MINUTE }, taps: [...taps] },
    ...{ from: end("shop/a", "10.0.0.1"), to: end("shop/b", "10.0.0.2") },
    ...{ vantages: [], legs: [], tasks: [], gaps: [] },
  },
  recordings: new Map(
    taps.map(({ task }) => [
      task,
      {
        ...{ written: 1, matched: 1, dropped: 0, letGo: [], listeningMs: at },
        segments: [{ number: 1, bytes: 100, sha256: "", fromMs: at + 1_000, toMs: at + 30_000 }],
      },
    ]),
  ),
  aheadMs: {},
  kernel: [],
  behind: new Set(behind),
});

/** Two taps that have closed a file each, of which only some are in the store. */
async function world() {
  const folder = await mkdtemp(join(tmpdir(), "netcheck-captures-"));
  await writeFile(
    join(folder, "segment"),
    pcapFile([{ ns: BigInt(at + 1_000) * 1_000_000n, bytes: new Uint8Array(60) }], { link: ETHERNET }),
  );
  const kept = new Map<string, Set<number>>([["record-1", new Set([1])]]);
  const shelf = new Map<string, string>();
  const captures = clusterCaptures({
    fetcher: {
      fetch: async () => 0,
      fetched: async () => ({ kept, gone: new Map(), troubles: new Map() }),
      letGo: async () => {},
      forget: () => {},
    },
    shelf: {
      async put(key, content) {
        shelf.set(key, Buffer.concat(await Array.fromAsync(content)).toString());
      },
      async localPath(key) {
        const path = key.endsWith(".pcap") ? join(folder, "segment") : join(folder, "slice");
        if (!key.endsWith(".pcap")) await writeFile(path, shelf.get(key) ?? "");
        return { path, [Symbol.dispose]: () => undefined };
      },
      list: async (prefix) => [...shelf.keys()].filter((key) => key.startsWith(prefix)).map((key) => ({ key })),
      remove: async () => {},
    },
    writeMerged: async () => ({ bytes: 0, sha256: "" }),
    ...{ maxBytes: 1e9, sliceMs: MINUTE, nowMs: () => at + 4 * MINUTE, log: silentLog },
  });
  return { captures, kept, shelf, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const packets = (slice: string | undefined): unknown =>
  JSON.parse(slice ?? "{}").taps?.map((tap: { packets: number }) => tap.packets);

test("a slice is analysed once, and not before all that was recorded in it is here", async () => {
  await using it = await world();
  const first = `captures/nc-test/slices/${at}.json`;
  // Whoever analysed it now would find nothing of the second tap, for good.
  it.captures.advance(recorded([]));
  it.captures.advance(recorded(["node-2"]));
  await new Promise((resolve) => setImmediate(resolve));
  it.kept.set("record-2", new Set([1]));
  // Its node may have closed more.
  it.captures.advance(recorded(["node-2"]));
  await new Promise((resolve) => setImmediate(resolve));
  expect([...it.shelf.keys()]).toEqual([]);
  await expect
    .poll(() => {
      it.captures.advance(recorded([]));
      return packets(it.shelf.get(first));
    })
    .toEqual([1, 1]);
});
