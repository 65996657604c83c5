import type { Tap } from "#src/core/capture.ts";
import { addSlices, type PathFindings } from "#src/pcap/add-slices.ts";
import { analysePath, type SliceResult } from "#src/pcap/path-analysis.ts";
import { recordedBy, segmentsFor } from "#src/pcap/path-points.ts";
import type { SegmentBytes } from "#src/pcap/path-tap.ts";
import type { Recorded } from "./capture-file.ts";
import { ADDRESSES, BEGAN_NS, FAR, MTU, type PathOptions, POINTS, recordedOf, segmentsOf } from "./hop-path.ts";

/** Taps of a generated path and the files they have left, analysed as a worker does it. */

const BEGAN_MS = Number(BEGAN_NS / 1_000_000n);
const KINDS = ["pod", "host-end", "tunnel", "nic", "nic", "tunnel", "pod"] as const;

export type Held = ReturnType<typeof segmentsOf>[number];
export type SlicedPath = {
  readonly taps: readonly Tap[];
  /** By task. */
  readonly held: Readonly<Record<string, readonly Held[]>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly ahead: Readonly<Record<string, number>>;
  readonly fromMs: number;
  readonly toMs: number;
};

/** `bond`: the near NIC is a bond of two, that are tapped as well and behind it. `drop`: which files nobody has any more. */
export function slicedPath(
  options: PathOptions,
  more: {
    readonly skippable?: readonly number[];
    readonly bond?: boolean;
    readonly segmentMs?: number;
    readonly drop?: (point: number, number: number) => boolean;
    readonly dropped?: Readonly<Record<string, number>>;
    /** What was measured of the far node's clock is wrong by so much; absent: nothing was measured. */
    readonly clockErrorMs?: number;
  } = {},
): SlicedPath {
  const { points } = recordedOf(options);
  const { skippable = [], segmentMs = 1_000_000, drop = () => false } = more;
  const members = more.bond ? split(points[FAR - 1] ?? []) : [];
  const placed = points.flatMap((packets, point) => [
    { packets, point, label: POINTS[point] ?? "", kind: KINDS[point] ?? "nic" },
    ...(point === FAR - 1
      ? members.map((packets, member) => ({ packets, point, label: `port${member}`, kind: "bond-member" as const }))
      : []),
  ]);
  const taps = placed.map(
    ({ point, label, kind }, order): Tap => ({
      ...{ task: `capture-${order}`, label, order, node: point < FAR ? "near" : "far", netns: "node", device: label },
      ...{ kind, mtu: MTU, snapLength: 128, mayBeSkipped: skippable.includes(point) || kind === "bond-member" },
    }),
  );
  return {
    taps,
    held: Object.fromEntries(
      placed.map(({ packets, point }, order) => [
        `capture-${order}`,
        segmentsOf(packets, segmentMs).filter(({ number }) => !drop(point, number)),
      ]),
    ),
    dropped: more.dropped ?? {},
    ahead: more.clockErrorMs === undefined ? {} : { near: 0, far: (options.skewMs ?? 0) + more.clockErrorMs },
    fromMs: BEGAN_MS - 1_000,
    toMs: BEGAN_MS + (options.seconds ?? 8) * 1_000 + 1_000,
  };
}

/** Packets of a connection go one way or the other; here by their IP ID. */
function split(packets: readonly Recorded[]): readonly (readonly Recorded[])[] {
  return [0, 1].map((member) => packets.filter(({ bytes }) => ((bytes[69] ?? 0) & 1) === member));
}

/** From when to when each task was recording, and a source of what is given. */
export function sliceOf(
  { taps, held, ahead }: SlicedPath,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): SliceResult {
  const given = Object.fromEntries(
    taps.map(({ task, node }) => {
      const aheadMs = ahead[node];
      const own = held[task] ?? [];
      // Of clocks that nobody has measured it is not known which files are needed.
      return [task, aheadMs === undefined ? own : segmentsFor(own, { fromMs, toMs }, aheadMs)];
    }),
  );
  const recorded = Object.fromEntries(
    taps.map(({ task }) => [task, recordedBy(given[task] ?? [], { segments: [], letGo: [] })]),
  );
  const left = new Map(Object.entries(given).map(([task, own]) => [task, own.values()]));
  return analysePath({ taps, ...ADDRESSES, ahead, fromMs, toMs, recorded }, (task) => {
    const next = left.get(task)?.next().value;
    return next && bytesOf(next);
  });
}

function bytesOf({ number, toMs, bytes }: Held): SegmentBytes {
  let at = 0;
  const read = (room: Uint8Array): number => {
    const piece = bytes.subarray(at, at + Math.min(room.length, 20_000));
    room.set(piece);
    at += piece.length;
    return piece.length;
  };
  return { number, toMs, read, close: () => undefined };
}

/** Everything in slices of so long, added up. */
export function findingsOf(path: SlicedPath, everyMs = Number.POSITIVE_INFINITY): PathFindings {
  const slices: SliceResult[] = [];
  for (let fromMs = path.fromMs; fromMs < path.toMs; fromMs += everyMs) {
    const slice = sliceOf(path, { fromMs, toMs: Math.min(path.toMs, fromMs + everyMs) });
    // As it is stored.
    slices.push(JSON.parse(JSON.stringify(slice)) as SliceResult);
  }
  const recordings = Object.fromEntries(
    path.taps.map(({ task, label }) => [task, { dropped: path.dropped[label] ?? 0, letGo: [] }]),
  );
  return addSlices({ taps: path.taps, ahead: path.ahead, recordings }, slices);
}
