import type { z } from "zod";
import { recordingEvidence, type Segment } from "./capture.ts";
import { evidenceOf } from "./evidence.ts";
import { lineReader } from "./line-reader.ts";
import type { Reader } from "./probe.ts";

/** What a node is asked to record at one point. All limits are the node's own; it keeps them without being asked again. */
export type RecordOrder = {
  /** Never `any`: that would show a packet once per device. */
  readonly device: string;
  /** Bytes kept of each packet. */
  readonly snapLength: number;
  /** What the kernel holds for tcpdump, KiB. */
  readonly bufferKib: number;
  /** Largest size of a segment, bytes. */
  readonly segmentBytes: number;
  /** How long after its first packet a segment is closed at the latest. */
  readonly segmentSeconds: number;
  /** Most that lies on the node: beyond it the oldest sealed segments are let go. At least two segments. */
  readonly ringBytes: number;
  /** Ends the recording; 0 = never. */
  readonly totalBytes: number;
  /** Ends the recording when it takes more of one core for 20 s, per cent; 0 = never. */
  readonly cpuPercent: number;
  /** See `capture-filter.ts`; absent = every packet. */
  readonly filter?: string | undefined;
};

/** Room for the lines of a recorder: 16 hours of five-second counts and segments a minute. */
const OUTPUT_BYTES = 4 * 1024 * 1024;
const LARGEST_SNAP = 262_144;

/** The node task of a recording. Throws RangeError for limits that cannot hold together. */
export function recordArgv(order: RecordOrder): string[] {
  const { device, snapLength, bufferKib, segmentBytes, segmentSeconds, ringBytes, totalBytes, cpuPercent } = order;
  const numbers = [snapLength, bufferKib, segmentBytes, segmentSeconds, ringBytes, totalBytes, cpuPercent];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0 && number < 1e15))
    throw new RangeError(`Limits of a recording are whole numbers: ${numbers.join(" ")}`);
  if (snapLength < 1 || snapLength > LARGEST_SNAP || bufferKib < 1 || segmentSeconds < 1)
    throw new RangeError("A recording needs room for packets and time for segments.");
  if (segmentBytes < 64 + snapLength) throw new RangeError("A segment has to hold at least one packet.");
  if (ringBytes < 2 * segmentBytes) throw new RangeError("The ring of a recording has to hold at least two segments.");
  return ["netcheck-record", device, ...numbers.map(String), ...(order.filter === undefined ? [] : [order.filter])];
}

/** Byte limit for the node task: it holds for each file that the task writes, its lines and its segments. */
export const recordMaxBytes = ({ segmentBytes }: Pick<RecordOrder, "segmentBytes">): number =>
  Math.max(OUTPUT_BYTES, segmentBytes);

/** A node task that says whether a filter can be used on a device; its output is for `compiled`. */
export const compileArgv = (device: string, filter: string): string[] => [
  "netcheck-record",
  "--compile",
  device,
  filter,
];

/** What the whole output of `compileArgv` says: how long the filter's program is, or what is wrong, in tcpdump's words. */
export function compiled(output: string): { readonly instructions: number } | { readonly trouble: string } | undefined {
  const [, instructions, trouble] = /^(?:compiled (\d+)|trouble (.+))\n/m.exec(output) ?? [];
  if (instructions !== undefined) return { instructions: Number(instructions) };
  return trouble === undefined ? undefined : { trouble };
}

type Recording = z.infer<typeof recordingEvidence.schema>;

const TIME = String.raw`(\d+(?:\.\d+)?)`;
const LISTENING = new RegExp(`^listening ${TIME} \\S+$`);
const COUNTED = new RegExp(`^counted ${TIME} (\\d+) (\\d+) (\\d+)$`);
const SEALED = new RegExp(`^(?:sealed|salvaged) (\\d+) (\\d+) ([0-9a-f]{64}) ${TIME} ${TIME}(?: (\\d+))?$`);
const LET_GO = /^let-go (\d+)$/;
const TROUBLE = /^trouble (.+)$/;
const ENDED = new RegExp(`^ended ${TIME} (stopped|tcpdump|total-bytes|cpu|disk)$`);

/** Reads what `netcheck-record` prints; its head describes the lines. Subject of the evidence is the task. */
export function openRecording(task: string): Reader {
  const segments = new Map<number, Segment>();
  const letGo = new Map<number, Segment>();
  let known: Omit<Recording, "segments" | "letGo"> = { written: 0, matched: 0, dropped: 0 };
  /** What the lives of the recorder before this one have counted. */
  let before = { written: 0, matched: 0, dropped: 0 };
  let atMs: number | undefined;
  const at = (time: string | undefined): number => {
    const ms = Number(time);
    atMs = Math.max(atMs ?? ms, ms);
    return ms;
  };

  const push = lineReader((line) => {
    const listening = LISTENING.exec(line);
    if (listening && known.listeningMs !== undefined) {
      const { endedMs: _, endReason: __, ...rest } = known;
      const firstSegment = Math.max(0, ...segments.keys(), ...letGo.keys()) + 1;
      before = { written: known.written, matched: known.matched, dropped: known.dropped };
      known = { ...rest, resumed: [...(known.resumed ?? []), { atMs: at(listening[1]), firstSegment }] };
    } else if (listening) known = { ...known, listeningMs: at(listening[1]) };
    const counted = COUNTED.exec(line);
    if (counted) {
      at(counted[1]);
      const [written = 0, matched = 0, dropped = 0] = counted.slice(2).map(Number);
      known = {
        ...known,
        written: before.written + written,
        matched: before.matched + matched,
        dropped: before.dropped + dropped,
      };
    }
    const sealed = SEALED.exec(line);
    if (sealed) {
      const number = Number(sealed[1]);
      const cut = sealed[6] === undefined ? {} : { cutBytes: Number(sealed[6]) };
      // A recorder that was killed as it said so is followed by whoever closed the file for it: the same segment.
      segments.set(number, {
        number,
        bytes: Number(sealed[2]),
        sha256: sealed[3] ?? "",
        fromMs: Number(sealed[4]),
        toMs: at(sealed[5]),
        ...cut,
      });
    }
    const gone = segments.get(Number(LET_GO.exec(line)?.[1]));
    if (gone) {
      segments.delete(gone.number);
      letGo.set(gone.number, gone);
    }
    const trouble = TROUBLE.exec(line)?.[1];
    if (trouble !== undefined) {
      known = { ...known, trouble };
      atMs ??= 0;
    }
    const ended = ENDED.exec(line);
    if (ended) known = { ...known, endedMs: at(ended[1]), endReason: ended[2] as NonNullable<Recording["endReason"]> };
  });

  return {
    push,
    evidence: () => {
      if (atMs === undefined) return [];
      const ascending = (some: ReadonlyMap<number, Segment>) =>
        [...some.values()].toSorted((a, b) => a.number - b.number);
      const data = { ...known, segments: ascending(segments), letGo: ascending(letGo) };
      return [evidenceOf(recordingEvidence, task, atMs, data)];
    },
  };
}
