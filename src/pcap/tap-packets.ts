import { CaptureReader, type PacketSink, type Stopped } from "./capture-reader.ts";
import { Decoder } from "./decode.ts";
import { headerBytes } from "./header-bytes.ts";

/** Fills the room with the next bytes of a file and says how many; 0 at its end. */
export type ReadBytes = (room: Uint8Array) => number;

/** A packet in the reader's buffer; valid during the call only. */
export type PacketAt = {
  /** Counted from 1 over all segments of the tap. */
  number: number;
  /** Since the base, by the common clock. */
  ns: number;
  link: number;
  original: number;
  /** Bytes that are kept: what was recorded, or its headers. */
  kept: number;
  bytes: Uint8Array;
  view: DataView;
  at: number;
  captured: number;
  outcome: number;
  registers: Int32Array;
};

/** What a clock shows more than the common one: `offsetMs` at `atMs` (Unix milliseconds of the common one), and how it runs away. */
export type TapClock = { readonly offsetMs: number; readonly driftPpm: number; readonly atMs: number };

const CHUNK = 1 << 16;

/** Reads the segments of a tap, one after the other, a piece with each `pull`. */
export class TapPackets implements PacketSink {
  readonly #reader: CaptureReader;
  readonly #decoder = new Decoder();
  readonly #segments: Iterator<ReadBytes>;
  readonly #visit: (packet: PacketAt) => void;
  readonly #headersOnly: boolean;
  readonly #toCommon: (ns: number) => number;
  readonly #baseNs: bigint;
  readonly #packet: PacketAt;
  #present: ReadBytes | undefined;
  #segment = 0;
  #ended = false;
  /** Segments, counted from 1, that could not be read to their end, and why. */
  readonly cut: (Stopped & { readonly segment: number })[] = [];
  /** Places of damage that were passed over. */
  gaps = 0;

  constructor(
    { segments, clock }: { readonly segments: Iterable<ReadBytes>; readonly clock?: TapClock | undefined },
    { baseNs, headersOnly }: { readonly baseNs: bigint; readonly headersOnly: boolean },
    visit: (packet: PacketAt) => void,
  ) {
    this.#segments = segments[Symbol.iterator]();
    this.#visit = visit;
    this.#headersOnly = headersOnly;
    this.#baseNs = baseNs;
    this.#toCommon = clock ? correction(clock, baseNs) : (ns) => ns;
    const nothing = new Uint8Array(0);
    this.#packet = {
      ...{ number: 0, ns: 0, link: 0, original: 0, kept: 0, bytes: nothing, view: new DataView(nothing.buffer) },
      ...{ at: 0, captured: 0, outcome: 0, registers: this.#decoder.registers },
    };
    this.#reader = new CaptureReader(this);
  }

  /** Reads on a little; false when everything has been read. */
  pull(): boolean {
    if (this.#ended) return false;
    if (!this.#present) {
      const { value, done } = this.#segments.next();
      if (done) {
        this.#ended = true;
        return false;
      }
      this.#present = value;
      this.#segment++;
    }
    const count = this.#reader.done ? 0 : this.#present(this.#reader.room().subarray(0, CHUNK));
    if (count > 0) this.#reader.filled(count);
    else {
      const stopped = this.#reader.end();
      if (stopped) this.cut.push({ ...stopped, segment: this.#segment });
      this.#present = undefined;
    }
    return true;
  }

  /** Lets go what the segments hold open, when not all of them are read. */
  close(): void {
    this.#ended = true;
    this.#segments.return?.();
  }

  buffer(bytes: Uint8Array, view: DataView): void {
    this.#decoder.buffer(view);
    this.#packet.bytes = bytes;
    this.#packet.view = view;
  }

  packet(at: number, captured: number, original: number, link: number): void {
    const { registers } = this.#decoder;
    const outcome = this.#decoder.decode(at, captured, original, link);
    const packet = this.#packet;
    packet.number++;
    packet.ns = this.#toCommon(Number((this.#reader.firstNs ?? 0n) - this.#baseNs) + (this.#reader.clock[0] as number));
    packet.link = link;
    packet.original = original;
    packet.at = at;
    packet.captured = captured;
    packet.outcome = outcome;
    packet.kept = this.#headersOnly
      ? headerBytes(packet.view, { at, end: at + captured, link, outcome, registers })
      : captured;
    this.#visit(packet);
  }

  gap(): void {
    this.gaps++;
  }
}

/** From nanoseconds of a tap's clock since the base to those of the common one. */
export function correction({ offsetMs, driftPpm, atMs }: TapClock, baseNs: bigint): (ns: number) => number {
  const at = Number(BigInt(Math.round(atMs * 1e6)) - baseNs);
  return (ns) => at + (ns - offsetMs * 1e6 - at) / (1 + driftPpm / 1e6);
}
