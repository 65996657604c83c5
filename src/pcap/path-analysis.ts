import { z } from "zod";
import type { Tap } from "../core/capture.ts";
import { triggerKindSchema } from "../core/capture-triggers.ts";
import { HopMatching, type LostPacket } from "./hop-matching.ts";
import { matchedSchema } from "./hop-summary.ts";
import { type ClocksAhead, pathPoints } from "./path-points.ts";
import { PathTap, type SegmentBytes } from "./path-tap.ts";

/** A piece of time of a path: every packet counts in one of those that follow each other. */
export type PathSlice = {
  readonly taps: readonly Tap[];
  /** All addresses that packets of either end carry on the way: its own, those of its Service, and of whoever masks it. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** See `HopMatchingOptions`. */
  readonly mayBeMasked?: boolean;
  /** The same in all slices of a recording: they say where one ends and the next one begins. */
  readonly ahead: ClocksAhead;
  /** Unix milliseconds by our clock. */
  readonly fromMs: number;
  readonly toMs: number;
  /** By task: when it was recording, of what is given here; milliseconds of the node's clock. */
  readonly recorded: Readonly<Record<string, readonly (readonly [fromMs: number, toMs: number])[]>>;
};

/** Gives the files of a tap one after the other, in order; undefined when there are no more. */
export type SegmentSource = (task: string) => SegmentBytes | undefined;

const count = z.number().int().nonnegative();

/** A single packet that a person should look at. */
export const suspectSchema = z.object({
  kind: triggerKindSchema,
  /** Label of the tap; for `lost` the last one that saw it. */
  tap: z.string(),
  /** Its file there, and the how-manieth packet of that it is, from 1. */
  segment: count,
  packet: count,
  /** By our clock. */
  atMs: z.number(),
  /** Of lost packets. */
  direction: z.enum(["forward", "backward"]).optional(),
});
export type Suspect = z.infer<typeof suspectSchema>;

/** What was found in a slice. Plain data: it can be stored, and added up with others. */
export const sliceResultSchema = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  matched: matchedSchema,
  taps: z.array(
    z.object({
      task: z.string(),
      packets: count,
      /** Recorded, without what files add. */
      bytes: count,
      /** First and last packet by our clock. */
      fromMs: z.number().optional(),
      toMs: z.number().optional(),
      /** Unix second by our clock, and a count for each of `COUNTED`. */
      seconds: z.array(z.object({ second: z.number(), counts: z.array(count) })),
      /** What was read, margins included. */
      files: z.array(z.object({ segment: count, packets: count })),
      damaged: z.array(z.object({ segment: count, reason: z.string() })),
      evidence: z.array(z.object({ kind: z.string(), subject: z.string(), atMs: z.number(), data: z.unknown() })),
    }),
  ),
  suspects: z.array(suspectSchema),
});
export type SliceResult = z.infer<typeof sliceResultSchema>;

/** Lost packets that are told of one by one: so many of each point and direction. */
const MOST_LOST = 300;

/**
 * Analyses what all taps of a path have recorded in a slice of time: which packets crossed which hops, and what each tap's own
 * packets say. All are read in turn, so that none runs far ahead: memory depends on the packet rate, and not on how much
 * there is. The same files give the same result.
 *
 * What is cut where slices meet: a connection that goes on counts in each, and what was sent before the slice is not known
 * to be sent again within it. Counts of packets and hops are exact.
 */
export function analysePath(slice: PathSlice, source: SegmentSource): SliceResult {
  const { points, taps } = pathPoints(slice.taps, slice.ahead);
  const lost = new Map<string, LostPacket[]>();
  const ns = (ms: number): bigint => BigInt(Math.round(ms * 1e3)) * 1_000n;
  const matching = new HopMatching({
    points,
    taps: taps.map(({ tap, point }) => ({
      point,
      recorded: (slice.recorded[tap.task] ?? []).map(([from, to]) => [ns(from), ns(to)] as const),
    })),
    from: slice.from,
    to: slice.to,
    ...(slice.mayBeMasked && { mayBeMasked: true }),
    mtu: Math.min(...slice.taps.map(({ mtu }) => mtu)),
    counted: { fromNs: ns(slice.fromMs), toNs: ns(slice.toMs) },
    lost: (packet) => {
      const key = `${packet.point} ${packet.backward}`;
      const before = lost.get(key) ?? [];
      lost.set(key, before);
      if (before.length < MOST_LOST) before.push(packet);
    },
  });
  const readers = taps.map(({ tap: { label, node, task } }, index) => {
    const about = { label, aheadMs: slice.ahead[node] ?? 0 };
    return new PathTap(about, index, matching, () => source(task));
  });
  try {
    for (let next = matching.behind; next !== -1; next = matching.behind) (readers[next] as PathTap).step();
  } finally {
    for (const reader of readers) reader.close();
  }
  const matched = matching.take();
  const found = taps.map(({ tap }, index) => {
    const reader = readers[index] as PathTap;
    // First: what waits for the end of the capture is counted there.
    const evidence = reader.evidence();
    const { packets, bytes, damaged, seconds, files } = reader;
    return {
      ...{ task: tap.task, packets, bytes, ...reader.times, files, damaged, evidence },
      seconds: [...seconds].sort(([one], [other]) => one - other).map(([second, counts]) => ({ second, counts })),
    };
  });
  const lostPackets = [...lost.values()].flat().flatMap(({ tap, backward, number, atMs }): readonly Suspect[] => {
    const place = readers[tap]?.placeOf(number);
    const direction = backward ? ("backward" as const) : ("forward" as const);
    return place ? [{ kind: "lost", tap: readers[tap]?.label ?? "", ...place, atMs, direction }] : [];
  });
  const others = readers.flatMap(({ label, suspects }, index): readonly Suspect[] =>
    suspects.flatMap(({ kind, packet, atMs }) => {
      const place = readers[index]?.placeOf(packet);
      return place ? [{ kind, tap: label, ...place, atMs }] : [];
    }),
  );
  return {
    fromMs: slice.fromMs,
    toMs: slice.toMs,
    matched,
    taps: found,
    suspects: [...lostPackets, ...others].sort((one, other) => one.atMs - other.atMs),
  };
}
