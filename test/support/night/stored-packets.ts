import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { MARK } from "./counted-traffic.ts";

const FILE = /^(\d{6})\.([0-9a-f]{64})\.pcap$/;
/** Bytes from the beginning of a bare frame to its UDP payload, and what a VXLAN tunnel puts around it. */
const [BARE, TUNNEL] = [42, 50] as const;

/** What came into the store from one tap, whether it is still there or not. */
export type TapStored = {
  readonly packets: number;
  /** By number of the counted packets: how often it was recorded. */
  readonly seen: Uint8Array;
};

export type Stored = {
  readonly taps: ReadonlyMap<string, TapStored>;
  /** Checksum by `task number`, of every segment that ever was in the store. */
  readonly segments: ReadonlyMap<string, string>;
  /** Of those: `task number` of what is there now. */
  readonly kept: ReadonlySet<string>;
  /** What the store's own list says was let go. */
  readonly letGo: ReadonlySet<string>;
  /** Most bytes that segments of the check took at any look, what they take now, and what everything of it takes now. */
  readonly mostBytes: number;
  readonly segmentBytes: number;
  readonly bytes: number;
  /** Stretches of the window whose analyses are kept. */
  readonly slices: number;
};

/**
 * Reads every segment of a check that comes into the store, with none of netcheck's own code, until it is stopped. `most`: more
 * counted packets than are sent.
 */
export function watchStore(dataDir: string, check: string, most: number): { readonly stop: () => Promise<Stored> } {
  const root = join(dataDir, "artifacts", "captures", check);
  const stopping = new AbortController();
  const taps = new Map<string, { packets: number; readonly seen: Uint8Array }>();
  const segments = new Map<string, string>();
  let mostBytes = 0;
  let segmentBytes = 0;

  function look(): Set<string> {
    const here = new Set<string>();
    let bytes = 0;
    for (const task of entries(root).filter((name) => name.startsWith("record-")))
      for (const name of entries(join(root, task))) {
        const [, number, sha256 = ""] = FILE.exec(name) ?? [];
        const path = join(root, task, name);
        const size = number === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.size;
        if (size === undefined) continue;
        bytes += size;
        const key = `${task} ${Number(number)}`;
        here.add(key);
        if (segments.has(key)) continue;
        segments.set(key, sha256);
        const tap = taps.get(task) ?? { packets: 0, seen: new Uint8Array(most) };
        taps.set(task, tap);
        tap.packets += count(readFileSync(path), tap.seen);
      }
    segmentBytes = bytes;
    mostBytes = Math.max(mostBytes, bytes);
    return here;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      look();
      await sleep(3_000, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      const kept = look();
      return {
        taps,
        segments,
        kept,
        letGo: letGoList(root),
        mostBytes,
        segmentBytes,
        bytes: bytesBelow(root),
        slices: entries(join(root, "slices")).length,
      };
    },
  };
}

/** Marks the counted packets of a file and answers how many packets it has in all. */
function count(bytes: Buffer, seen: Uint8Array): number {
  let packets = 0;
  for (let at = 24; at < bytes.length; packets++) {
    const packet = bytes.subarray(at + 16, at + 16 + bytes.readUInt32LE(at + 8));
    const mark = packet.indexOf(MARK, BARE, "latin1");
    if (mark === BARE || mark === BARE + TUNNEL) {
      const number = packet.readUInt32BE(mark + MARK.length);
      seen[number] = (seen[number] ?? 0) + 1;
    }
    at += 16 + packet.length;
  }
  return packets;
}

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there yet, or let go
  }
};

function letGoList(root: string): ReadonlySet<string> {
  const name = entries(root).find((one) => one.startsWith("let-go."));
  if (name === undefined) return new Set();
  const list = z.array(z.object({ task: z.string(), number: z.number() }));
  return new Set(
    list.parse(JSON.parse(readFileSync(join(root, name), "utf8"))).map(({ task, number }) => `${task} ${number}`),
  );
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
