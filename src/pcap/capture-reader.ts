import { CapturePlace } from "./capture-place.ts";
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
   * interface (an index of `CaptureReader.ports`). Its time is in `CaptureReader.clock[0]`.
   */
  readonly packet: (at: number, captured: number, original: number, link: number, port: number) => void;
  /** Bytes of the file that were passed over because they are no records. What came before and after is not connected. */
  readonly gap: (offset: number, bytes: number) => void;
};

/** What is known of an interface that packets were recorded at. */
export type CapturePort = {
  readonly link: number;
  /** Most bytes that were recorded of a packet; what the recorder says, which is not always true. */
  readonly snapLength: number;
  /** Empty when the file does not say. */
  readonly name: string;
  /** Packets that the recorder says it lost, by its own counters. */
  droppedByKernel: number;
};

/** Why reading ended before the end of the input, and the byte behind which nothing could be read. */
export type Stopped = { readonly reason: string; readonly offset: number };

/**
 * A file format. `read` takes as much as it can of what lies between `start` and `end`, and returns where it stopped: for
 * want of bytes (`wants` of them, counted from there, before it makes sense to call again), or for good when `ended` says so.
 * `last` tells that no more bytes will come: then everything is read that ever will be.
 */
export type CaptureFormat = {
  readonly read: (view: DataView, start: number, end: number, last: boolean) => number;
  readonly wants: number;
  /** "other": another capture begins here, perhaps of another format. */
  readonly ended: Stopped | "other" | undefined;
};

/** Bytes of the buffer at first, and for inputs that are longer than that. */
const FIRST_ROOM = 1 << 16;
const ROOM = 1 << 20;
/** Magic numbers are told from each other by four bytes. */
const MAGIC_BYTES = 4;

/**
 * Reads pcap and pcapng files from bytes as they come, in one pass, without copying packets: whoever has bytes writes them
 * into `room()` and calls `filled()`. How the input is cut never changes what comes out. Several inputs may follow each
 * other, as a recorder that begins a new file every hour leaves them: each is closed by `end()`.
 *
 * `clock[0]` is the present packet's time in nanoseconds since the first packet: exact for 104 days, which the time since
 * 1970 would not be (a double holds 53 bits).
 */
export class CaptureReader {
  readonly clock: Float64Array;
  readonly #sink: PacketSink;
  readonly #place: CapturePlace;
  #bytes = new Uint8Array(FIRST_ROOM);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes of the buffer, except for a block that is larger. */
  #least = FIRST_ROOM;
  #start = 0;
  #end = 0;
  #format: CaptureFormat | undefined;
  #stopped: Stopped | undefined;

  constructor(sink: PacketSink, clock = new Float64Array(1)) {
    this.#sink = sink;
    this.clock = clock;
    this.#place = new CapturePlace(clock);
    sink.buffer(this.#bytes, this.#view);
  }

  /** Nanoseconds since 1970 of the first packet of all; undefined before it. */
  get firstNs(): bigint | undefined {
    return this.#place.firstNs;
  }

  /** All interfaces that packets or counters belong to, in the order of their first. */
  get ports(): readonly CapturePort[] {
    return this.#place.ports;
  }

  /** Packets of interfaces that the file never describes: they have neither link type nor time, and are left out. */
  get undescribed(): number {
    return this.#place.undescribed;
  }

  /** True when the rest of the present input will not be looked at. */
  get done(): boolean {
    return this.#stopped !== undefined;
  }

  /** File and section headers so far. An input that adds none is no capture; one that does is, if perhaps an empty one. */
  get headers(): number {
    return this.#place.headers;
  }

  /** Where the next bytes of the input go; never empty. Valid until `filled` is called. */
  room(): Uint8Array {
    return this.#bytes.subarray(this.#end);
  }

  /** Reads what the first `count` bytes of the room have brought. */
  filled(count: number): void {
    this.#end += count;
    this.#read(false);
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

  /** Behind the last byte of an input. Says where and why reading stopped before it, if it did. */
  end(): Stopped | undefined {
    this.#read(true);
    const left = this.#end - this.#start;
    const stopped =
      this.#stopped ??
      (this.#format
        ? undefined
        : {
            reason: left === 0 ? "the input is empty" : `not a capture: it ends after ${left} bytes`,
            offset: this.#place.base + this.#start,
          });
    this.#format = undefined;
    this.#stopped = undefined;
    this.#start = 0;
    this.#end = 0;
    this.#place.base = 0;
    this.#makeRoom();
    return stopped;
  }

  #read(last: boolean): void {
    while (!this.#stopped) {
      this.#format ??= this.#recognise();
      if (!this.#format || (!last && this.#end - this.#start < this.#format.wants)) return;
      this.#start = this.#format.read(this.#view, this.#start, this.#end, last);
      const { ended } = this.#format;
      if (ended === undefined) return;
      if (ended === "other") this.#format = undefined;
      else this.#stopped = ended;
    }
    this.#start = this.#end;
  }

  #recognise(): CaptureFormat | undefined {
    if (this.#end - this.#start < MAGIC_BYTES) return undefined;
    const magic = this.#view.getUint32(this.#start, false);
    if (PcapFile.reads(magic)) return new PcapFile(this.#sink, this.#place);
    if (PcapngFile.reads(magic)) return new PcapngFile(this.#sink, this.#place);
    const reason = "not a capture: it begins like neither pcap nor pcapng";
    this.#stopped = { reason, offset: this.#place.base + this.#start };
    return undefined;
  }

  /** Moves what is left to the front; grows for a block that is larger than the buffer, and shrinks behind it. */
  #makeRoom(): void {
    const left = this.#end - this.#start;
    if (this.#end === this.#bytes.length) this.#least = ROOM;
    const least = this.#least;
    const needed = Math.max(least, (this.#format?.wants ?? 0) + MAGIC_BYTES);
    const fits = needed <= this.#bytes.length && (this.#bytes.length === least || needed > least);
    if (fits && this.#end < this.#bytes.length && this.#start < this.#bytes.length >> 1) return;
    if (fits) this.#bytes.copyWithin(0, this.#start, this.#end);
    else {
      const larger = new Uint8Array(Math.max(needed, left + MAGIC_BYTES));
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
      this.#sink.buffer(this.#bytes, this.#view);
    }
    this.#place.base += this.#start;
    this.#start = 0;
    this.#end = left;
  }
}
