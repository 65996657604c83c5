import { Decoder } from "#src/pcap/decode.ts";
import { FlowTable } from "#src/pcap/flow-table.ts";
import { FAMILY, IP_ID, PROTOCOL, TRANSPORT, TRANSPORT_LENGTH, WHOLE } from "#src/pcap/packet-registers.ts";
import { TcpAnalysis } from "#src/pcap/tcp-analysis.ts";
import {
  OVERTAKEN,
  SEEN_TWICE,
  SENT_AFTER_ACKS,
  SENT_AFTER_TIMEOUT,
  SENT_AGAIN,
  SENT_NEEDLESSLY,
  SYN_AGAIN,
  TimeLines,
} from "#src/pcap/time-lines.ts";
import { readCapture, type SeenPacket } from "./read-capture.ts";
import type { TsharkSays } from "./tshark.ts";

/** What a segment behind the highest byte is taken for; tshark does not know "twice". */
type Class = "none" | "sent again" | "fast" | "spurious" | "out of order" | "twice";

const CLASSES: Readonly<Record<number, Class>> = {
  [SENT_AFTER_TIMEOUT]: "sent again",
  [SENT_AGAIN]: "sent again",
  [SYN_AGAIN]: "sent again",
  [SENT_AFTER_ACKS]: "fast",
  [SENT_NEEDLESSLY]: "spurious",
  [OVERTAKEN]: "out of order",
  [SEEN_TWICE]: "twice",
};

/** What a data segment says of itself, and what its direction had shown before it. Times in nanoseconds. */
type Facts = {
  /** When it was sent, less when the newest one before was, by the sender's marks; undefined without marks. */
  readonly ticks: number | undefined;
  readonly ids: number | undefined;
  readonly sinceHighest: number;
  readonly sinceAck: number;
};

type Side = { next: number; highestAt: number; ackAt: number; stamp: number | undefined; id: number | undefined };

const WITHIN_NS = 20e6;
/** Sooner than anybody sends again. */
const AT_ONCE_NS = 1e6;
const UNKNOWN_RTT_NS = 3e6;

/** Takes a capture of one interface apart, packet by packet (numbers from 1): what the engine says, and what can be read. */
class Judge extends TimeLines {
  readonly classes = new Map<number, Class>();
  readonly facts = new Map<number, Facts>();
  readonly #decoder = new Decoder();
  readonly #sides = new Map<string, Side>();

  override add(...event: Parameters<TimeLines["add"]>): void {
    const [, , kind, , , packet] = event;
    const name = CLASSES[kind];
    if (name) this.classes.set(packet, name);
    super.add(...event);
  }

  judge(packets: readonly SeenPacket[]): void {
    const ignore = (): void => undefined;
    const table = new FlowTable(4_096, { left: ignore, dropped: ignore });
    const clock = new Float64Array(1);
    const tcp = new TcpAnalysis(table, { lines: this, clock }, { data: ignore, closing: ignore });
    for (const [index, { ns, bytes, original, link }] of packets.entries()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#decoder.buffer(view);
      tcp.buffer(view);
      const now = Number(ns - (packets[0]?.ns ?? 0n));
      clock[0] = now;
      const { registers } = this.#decoder;
      if (this.#decoder.decode(0, bytes.length, original, link) !== WHOLE || registers[PROTOCOL] !== 6) continue;
      tcp.segment(registers, bytes.length, 0, index + 1);
      this.#note(registers, view, now, index + 1);
    }
  }

  #note(registers: Int32Array, view: DataView, now: number, packet: number): void {
    const at = registers[TRANSPORT] ?? 0;
    const words = registers[FAMILY] === 6 ? 4 : 1;
    const ends = [registers.slice(0, words), registers.slice(4, 4 + words)].map(String);
    const ports = [view.getUint16(at), view.getUint16(at + 2)];
    const side = this.#side(`${ends[0]} ${ports[0]} ${ends[1]} ${ports[1]}`);
    const other = this.#side(`${ends[1]} ${ports[1]} ${ends[0]} ${ports[0]}`);
    const flags = view.getUint8(at + 13);
    const header = (view.getUint8(at + 12) >> 4) << 2;
    const length = (registers[TRANSPORT_LENGTH] ?? 0) - header;
    const stamp = header >= 32 && view.getUint32(at + 20) === 0x0101080a ? view.getInt32(at + 24) : undefined;
    // A zero right behind 65,535 or before 1 is a number like any other.
    const counted = registers[IP_ID] !== 0 || (side.id !== undefined && Math.abs((side.id << 16) >> 16) <= 1_024);
    const id = registers[FAMILY] === 4 && counted ? registers[IP_ID] : undefined;
    const less = (one: number | undefined, two: number | undefined, bits: number): number | undefined =>
      one === undefined || two === undefined ? undefined : ((one - two) << bits) >> bits;
    const ticks = less(stamp, side.stamp, 0);
    const ids = less(id, side.id, 16);
    this.facts.set(packet, { ticks, ids, sinceHighest: now - side.highestAt, sinceAck: now - other.ackAt });
    const end = (view.getInt32(at + 4) + length + ((flags & 3) !== 0 ? 1 : 0)) | 0;
    if (((end - side.next) | 0) > 0 || side.highestAt < 0) {
      side.next = end;
      side.highestAt = now;
      if (length > 0) Object.assign(side, { stamp, id });
    } else if (length > 0 && (this.classes.get(packet) === "sent again" || this.classes.get(packet) === "fast"))
      Object.assign(side, { stamp, id });
    side.ackAt = now;
  }

  #side(name: string): Side {
    const known = this.#sides.get(name);
    if (known) return known;
    const side = { next: 0, highestAt: -1, ackAt: -1, stamp: undefined, id: undefined };
    this.#sides.set(name, side);
    return side;
  }
}

/** The reasons for which the engine differs from tshark on purpose. docs/pcap.md tells them to people. */
export const REASONS = {
  late: "it left before the newest one, by the sender's marks: overtaken, however long it took",
  soon: "it left after the newest one, by the sender's marks: sent again, however soon it came",
  twice: "the same packet twice, by the sender's marks; where there are none, sooner than anybody sends again",
  far: "asked for by duplicate ACKs, but more than 20 ms after the last of them",
} as const;
type Reason = keyof typeof REASONS;

type Difference = { readonly packet: number; readonly ours: Class; readonly theirs: Class; readonly why?: Reason };

type Differences = {
  /** How many packets the engine takes for each. */
  readonly ours: Readonly<Record<Class, number>>;
  readonly packets: readonly Difference[];
};

/** Every packet on which the engine and tshark differ, and why; `why` is missing where no reason that is known holds. */
export function flagDifferences(bytes: Uint8Array, theirs: TsharkSays): Differences {
  const judge = new Judge();
  judge.judge(readCapture(bytes).packets);
  const packets = [...judge.facts].flatMap(([packet, facts]): Difference[] => {
    const [our, their] = [judge.classes.get(packet) ?? "none", theirClass(theirs, packet)];
    if (our === their) return [];
    const why = reasonFor(our, their, facts, theirs.rttNs.get(packet) ?? UNKNOWN_RTT_NS);
    return [{ packet, ours: our, theirs: their, ...(why ? { why } : {}) }];
  });
  const count = (name: Class): number => [...judge.classes.values()].filter((one) => one === name).length;
  const ours = Object.fromEntries(Object.values(CLASSES).map((name) => [name, count(name)])) as Differences["ours"];
  return { ours, packets };
}

function reasonFor(ours: Class, theirs: Class, facts: Facts, rttNs: number): Reason | undefined {
  const { ticks, ids, sinceHighest, sinceAck } = facts;
  const order = ticks === undefined || ticks === 0 ? (ids ?? ticks) : ticks;
  const again = ours === "sent again" || ours === "fast" || ours === "spurious";
  if (ours === "twice" && (order === undefined ? sinceHighest < AT_ONCE_NS : order <= 0)) return "twice";
  if (ours === "out of order" && order !== undefined && order < 0) return "late";
  if (again && theirs === "out of order" && order !== undefined && order > 0 && sinceHighest <= rttNs) return "soon";
  if (ours === "fast" && theirs === "sent again" && sinceAck >= WITHIN_NS) return "far";
  return undefined;
}

function theirClass({ flagged }: TsharkSays, packet: number): Class {
  if (flagged.outOfOrder.has(packet)) return "out of order";
  if (flagged.spuriousRetransmissions.has(packet)) return "spurious";
  if (flagged.fastRetransmissions.has(packet)) return "fast";
  return flagged.retransmissions.has(packet) ? "sent again" : "none";
}
