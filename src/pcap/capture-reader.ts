import { PcapFile } from "./pcap-file.ts";
import { PcapngFile } from "./pcapng-file.ts";

/**
 * Takes what a capture holds, packet by packet. Positions are into the buffer that was announced last; both are valid
 * during the call only.
 */
export type PacketSink = {
  /** Announced before the first packet and whenever the bytes have moved. */
  readonly buffer: (bytes: Uint8Array, view: DataView) => void;
  /**
   * One packet of `captured` bytes at `at`; `original` is its length on the wire. `link` is a LINKTYPE_ number, `port` the
   * interface (index of its description; 0 in pcap files). Its time is in `clock[0]`.
   */
  readonly packet: (at: number, captured: number, original: number, link: number, port: number) => void;
  /** Bytes of the file that were passed over because they are no records. What came before and after is not connected. */
  readonly gap: (offset: number, bytes: number) => void;
};

/** What is known of an interface that packets were recorded at. */
export type CapturePort = {
  readonly link: number;
  readonly snapLength: number;
  readonly name: string;
  /** Packets that the recorder says it lost, by its own counters. */
  droppedByKernel: number;
};

/** Why reading ended before the end of the input. */
export type Stopped = { readonly reason: string; readonly offset: number };

/** How a file format is read: as much as possible of what is in the buffer, which it leaves as it finds it. */
export type CaptureFormat = {
  /** Reads from `start` up to `end`; returns where it stopped for want of bytes, or -1 when it reads no further. */
  readonly read: (bytes: Uint8Array, view: DataView, start: number, end: number) => number;
  /** How many bytes from the place where it stopped are needed before it makes sense to call again. */
  readonly wants: number;
  /** Called once behind the last byte, with what is left of the buffer. */
  readonly finish: (start: number, end: number) => Stopped | undefined;
  readonly ports: readonly CapturePort[];
};

const FIRST_ROOM = 1 << 20;
/** Magic numbers are told from each other by four bytes. */
const MAGIC_BYTES = 4;

/**
 * Reads pcap and pcapng files from bytes as they come, in one pass, without copying packets: whoever has bytes writes them
 * into `room()` and calls `filled()`. How the input is cut never changes what comes out.
 *
 * `clock[0]` is the present packet's time in nanoseconds since the first packet: exact for 104 days, which the time since
 * 1970 would not be (a double holds 53 bits).
 */
export class CaptureReader {
  readonly clock = new Float64Array(1);
  readonly #sink: PacketSink;
  #bytes = new Uint8Array(FIRST_ROOM);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  /** Offset in the file of the first byte of the buffer. */
  #base = 0;
  #format: CaptureFormat | undefined;
  #stopped: Stopped | undefined;
  /** Nanoseconds since 1970 of the first packet. */
  firstNs: bigint | undefined;

  constructor(sink: PacketSink) {
    this.#sink = sink;
    sink.buffer(this.#bytes, this.#view);
  }

  /** Where the next bytes of the input go. Valid until `filled` is called. */
  room(): Uint8Array {
    return this.#bytes.subarray(this.#end);
  }

  /** Reads what the first `count` bytes of the room have brought. */
  filled(count: number): void {
    this.#end += count;
    this.#read();
    this.#makeRoom();
  }

  /** Takes bytes that lie elsewhere. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const room = this.room();
      const piece = chunk.subarray(at, at + room.length);
      room.set(piece);
      this.filled(piece.length);
      at += piece.length;
    }
  }

  /** Behind the last byte. Says where and why reading stopped early, if it did. */
  end(): Stopped | undefined {
    if (this.#stopped) return this.#stopped;
    const offset = this.#base + this.#start;
    const left = this.#end - this.#start;
    if (this.#format) return this.#format.finish(this.#start, this.#end);
    return { reason: left === 0 ? "the input is empty" : `not a capture: it ends after ${left} bytes`, offset };
  }

  get ports(): readonly CapturePort[] {
    return this.#format?.ports ?? [];
  }

  #read(): void {
    if (this.#stopped) {
      this.#start = this.#end;
      return;
    }
    if (!this.#format) {
      if (this.#end - this.#start < MAGIC_BYTES) return;
      const place = { clock: this.clock, offsetOf: (at: number) => this.#base + at, first: this.#first };
      const magic = this.#view.getUint32(this.#start, false);
      this.#format = PcapFile.reads(magic)
        ? new PcapFile(this.#sink, place)
        : PcapngFile.reads(magic)
          ? new PcapngFile(this.#sink, place)
          : undefined;
      if (!this.#format) {
        this.#stopped = { reason: "not a capture: it begins like neither pcap nor pcapng", offset: 0 };
        this.#start = this.#end;
        return;
      }
    }
    if (this.#end - this.#start < this.#format.wants) return;
    const next = this.#format.read(this.#bytes, this.#view, this.#start, this.#end);
    if (next === -1) this.#stopped = this.#format.finish(this.#start, this.#end);
    this.#start = next === -1 ? this.#end : next;
  }

  /** Told the time of the first packet, nanoseconds since 1970; answers what counts as the first. */
  readonly #first = (ns: bigint): bigint => {
    this.firstNs ??= ns;
    return this.firstNs;
  };

  /** Moves what is left to the front; grows for a block that is larger than the buffer, and shrinks behind it. */
  #makeRoom(): void {
    const left = this.#end - this.#start;
    const needed = Math.max(FIRST_ROOM, (this.#format?.wants ?? 0) + MAGIC_BYTES);
    const fits = needed <= this.#bytes.length && (this.#bytes.length === FIRST_ROOM || needed > FIRST_ROOM);
    if (fits && this.#end < this.#bytes.length && this.#start < this.#bytes.length >> 1) return;
    if (fits) this.#bytes.copyWithin(0, this.#start, this.#end);
    else {
      const larger = new Uint8Array(Math.max(needed, left + MAGIC_BYTES));
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
      this.#sink.buffer(this.#bytes, this.#view);
    }
    this.#base += this.#start;
    this.#start = 0;
    this.#end = left;
  }
}
