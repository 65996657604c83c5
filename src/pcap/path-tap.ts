import type { TriggerKind } from "../core/capture-triggers.ts";
import type { Evidence } from "../core/evidence.ts";
import { CaptureAnalysis } from "./capture-analysis.ts";
import { captureEvidence } from "./capture-evidence.ts";
import { CaptureReader, type PacketSink } from "./capture-reader.ts";
import type { HopMatching } from "./hop-matching.ts";
import type { HopTap } from "./hop-tap.ts";
import { TapFacts } from "./tap-facts.ts";
import { RESET, SENT_AFTER_ACKS, SENT_AFTER_TIMEOUT, SENT_AGAIN, SENT_NEEDLESSLY, SYN_AGAIN } from "./time-lines.ts";

/** Kinds of what is counted by second, and told of packet by packet. */
export const COUNTED = ["retransmissions", "resets", "handshakes", "dns-failures"] as const satisfies TriggerKind[];
type Counted = (typeof COUNTED)[number];

const KIND_OF: Readonly<Record<number, Counted>> = {
  [SENT_AFTER_TIMEOUT]: "retransmissions",
  [SENT_AFTER_ACKS]: "retransmissions",
  [SENT_AGAIN]: "retransmissions",
  [SENT_NEEDLESSLY]: "retransmissions",
  [SYN_AGAIN]: "handshakes",
  [RESET]: "resets",
};

/** Packets of one kind that are told of: of each second so many, and of all. */
const MOST_A_SECOND = 20;
const MOST = 500;

/** A file of a recording, as bytes. */
export type SegmentBytes = {
  readonly number: number;
  /** When it was closed, by the node's clock. */
  readonly toMs: number;
  /** Puts its next bytes there; how many, 0 = no more. */
  readonly read: (room: Uint8Array) => number;
  readonly close: () => void;
};

/** Reads one tap's files for everybody who wants its packets: to be matched, and to be analysed on their own. */
export class PathTap {
  readonly label: string;
  /** By second: one count of each kind. */
  readonly seconds = new Map<number, number[]>();
  readonly suspects: { readonly kind: Counted; readonly packet: number; readonly atMs: number }[] = [];
  /** Files that could not be read to their end. */
  readonly damaged: { readonly segment: number; readonly reason: string }[] = [];
  packets = 0;
  bytes = 0;
  readonly #index: number;
  readonly #matching: HopMatching;
  readonly #tap: HopTap;
  readonly #next: () => SegmentBytes | undefined;
  readonly #analysis: CaptureAnalysis;
  readonly #facts = new TapFacts();
  readonly #aheadMs: number;
  readonly #told = new Map<Counted, number>();
  #firstNs = Number.POSITIVE_INFINITY;
  #newestNs = Number.NEGATIVE_INFINITY;
  #segment: SegmentBytes | undefined;
  /** Packets before each file. */
  readonly #begun: { readonly segment: number; readonly after: number }[] = [];

  /** `aheadMs`: how far the clock of its node is ahead of ours. */
  constructor(
    { label, aheadMs }: { readonly label: string; readonly aheadMs: number },
    index: number,
    matching: HopMatching,
    next: () => SegmentBytes | undefined,
  ) {
    this.label = label;
    this.#aheadMs = aheadMs;
    this.#index = index;
    this.#matching = matching;
    this.#tap = matching.tap(index);
    this.#next = next;
    this.#analysis = new CaptureAnalysis({
      readBy: (sink, clock) => new CaptureReader(this.#both(sink), clock),
      told: (event) => {
        const kind = KIND_OF[event];
        if (kind) this.#happened(kind, this.#tap.now[0] as number, this.#tap.number);
      },
      dnsFailed: (sinceFirstNs) => this.#happened("dns-failures", this.#tap.at(sinceFirstNs), 0),
    });
    this.#tap.readBy(this.#analysis.reader);
    this.#facts.readBy(this.#analysis.reader);
  }

  /** Reads some more. */
  step(): void {
    const segment = this.#segment ?? this.#next();
    if (!segment) {
      this.#tap.ended = true;
      return;
    }
    if (!this.#segment) {
      this.#segment = segment;
      this.#begun.push({ segment: segment.number, after: this.#tap.number });
    }
    const { reader } = this.#analysis;
    const count = reader.done ? 0 : segment.read(reader.room());
    if (count > 0) {
      reader.filled(count);
      return;
    }
    this.close();
    const stopped = this.#analysis.end();
    if (!stopped) return;
    this.damaged.push({ segment: segment.number, reason: stopped.reason });
    const from = Number.isFinite(this.#tap.newestNs) ? this.#tap.newestNs : Number.NEGATIVE_INFINITY;
    this.#matching.unread(this.#index, from, this.#matching.nsOf(segment.toMs));
  }

  /** Lets go of the file that is being read. */
  close(): void {
    this.#segment?.close();
    this.#segment = undefined;
  }

  /** In which file a packet is, and the how-manieth there, from 1. */
  placeOf(number: number): { readonly segment: number; readonly packet: number } | undefined {
    const found = this.#begun.findLast(({ after }) => after < number);
    return found && { segment: found.segment, packet: number - found.after };
  }

  /** The files that were read, and how many packets each holds. */
  get files(): { readonly segment: number; readonly packets: number }[] {
    return this.#begun.map(({ segment, after }, index) => {
      const end = this.#begun[index + 1]?.after ?? this.#tap.number;
      return { segment, packets: end - after };
    });
  }

  /** First and last packet by our clock; undefined without packets. */
  get times(): { readonly fromMs: number; readonly toMs: number } | undefined {
    if (this.packets === 0) return undefined;
    const [fromMs, toMs] = [this.#firstNs, this.#newestNs].map((ns) => this.#matching.msOf(this.#index, ns));
    return { fromMs: fromMs as number, toMs: toMs as number };
  }

  /** What this tap's packets say on their own. No packets may follow. */
  evidence(): Evidence[] {
    const facts = this.packets === 0 ? [] : [this.#facts.evidence(this.label, this.#aheadMs)];
    return [...captureEvidence(this.label, this.#analysis.summary()), ...facts];
  }

  /** All packets are matched; those of the slice are analysed. */
  #both(sink: PacketSink): PacketSink {
    const tap = this.#tap;
    return {
      buffer: (bytes, view) => {
        tap.buffer(bytes, view);
        this.#facts.buffer(bytes, view);
        sink.buffer(bytes, view);
      },
      packet: (at, captured, original, link, port) => {
        tap.packet(at, captured, original, link);
        const ns = tap.now[0] as number;
        if (!this.#matching.counts(this.#index, ns)) return;
        this.packets++;
        this.bytes += captured;
        if (ns < this.#firstNs) this.#firstNs = ns;
        if (ns > this.#newestNs) this.#newestNs = ns;
        this.#facts.packet(at, captured, original, link);
        sink.packet(at, captured, original, link, port);
      },
      gap: (offset, bytes) => sink.gap(offset, bytes),
    };
  }

  #happened(kind: Counted, ns: number, number: number): void {
    const atMs = this.#matching.msOf(this.#index, ns);
    const second = Math.floor(atMs / 1e3);
    const counts = this.seconds.get(second) ?? COUNTED.map(() => 0);
    this.seconds.set(second, counts);
    const place = COUNTED.indexOf(kind);
    const count = (counts[place] as number) + 1;
    counts[place] = count;
    const told = this.#told.get(kind) ?? 0;
    if (number === 0 || count > MOST_A_SECOND || told >= MOST) return;
    this.#told.set(kind, told + 1);
    this.suspects.push({ kind, packet: number, atMs });
  }
}
