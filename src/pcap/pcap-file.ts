import type { CaptureFormat, CapturePort, PacketSink, Stopped } from "./capture-reader.ts";

/** What a format needs of the reader around it. */
export type FormatPlace = {
  /** [0]: nanoseconds of the present packet since the first one. */
  readonly clock: Float64Array;
  /** Offset in the file of a position in the buffer. */
  readonly offsetOf: (at: number) => number;
  /** Told a packet's nanoseconds since 1970, answers those of the first packet of the input. */
  readonly first: (ns: bigint) => bigint;
};

/** Magic number, read big-endian → byte order, nanoseconds per unit of the fraction, bytes of a record's header. */
const MAGICS: ReadonlyMap<number, { readonly little: boolean; readonly unitNs: number; readonly header: number }> =
  new Map([
    [0xa1b2c3d4, { little: false, unitNs: 1_000, header: 16 }],
    [0xd4c3b2a1, { little: true, unitNs: 1_000, header: 16 }],
    [0xa1b23c4d, { little: false, unitNs: 1, header: 16 }],
    [0x4d3cb2a1, { little: true, unitNs: 1, header: 16 }],
    // The "modified" variant of old Linux distributions: interface index, protocol and packet type follow the lengths.
    [0xa1b2cd34, { little: false, unitNs: 1_000, header: 24 }],
    [0x34cdb2a1, { little: true, unitNs: 1_000, header: 24 }],
  ]);

const FILE_HEADER = 24;
/** No recorder makes longer ones (MAXIMUM_SNAPLEN of tcpdump). */
export const MAX_CAPTURED = 262_144;
const MAX_ORIGINAL = 1 << 24;
const DAY_S = 86_400;
/** So many records in a row must look like records before reading goes on behind damage. */
const CHAIN = 3;
/** Damage longer than this is the end. */
const MAX_GAP = 256 << 20;

/**
 * A pcap file: 24 bytes of header, then records of 16 (24) bytes of header and the packet. Seconds and a fraction since
 * 1970 are 32 bits each; a fraction may exceed a second by up to as much again (seen in old recorders).
 *
 * Damage is bridged: where a header cannot be one, the next place is looked for from which three plausible records follow
 * each other. A second file that was appended is read on with its own header.
 */
export class PcapFile implements CaptureFormat {
  readonly ports: CapturePort[] = [];
  wants = FILE_HEADER;
  readonly #sink: PacketSink;
  readonly #place: FormatPlace;
  #little = true;
  #unitNs = 1_000;
  #header = 16;
  #link = 0;
  #begun = false;
  #firstS = 0;
  #firstFraction = 0;
  #baseNs = 0;
  #timed = false;
  /** Seconds of the last good record, against which others are judged. */
  #lastS = -1;
  /** Offset in the file at which the damage that is being passed over began; -1 outside of damage. */
  #gapFrom = -1;

  static reads(magic: number): boolean {
    return MAGICS.has(magic);
  }

  constructor(sink: PacketSink, place: FormatPlace) {
    this.#sink = sink;
    this.#place = place;
  }

  read(_bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let at = start;
    if (!this.#begun) {
      if (end - at < FILE_HEADER) return this.#want(FILE_HEADER, at);
      this.#begin(view, at);
      at += FILE_HEADER;
    }
    at = this.#gapFrom === -1 ? this.#records(view, at, end) : this.#search(view, at, end);
    const lost = this.#gapFrom !== -1 && this.#place.offsetOf(at) - this.#gapFrom > MAX_GAP;
    return lost ? -1 : at;
  }

  finish(start: number, end: number): Stopped | undefined {
    if (this.#gapFrom !== -1) return { reason: "no further record was found behind damage", offset: this.#gapFrom };
    if (start === end) return undefined;
    const offset = this.#place.offsetOf(start);
    return { reason: this.#begun ? "the last record is cut" : "the file header is cut", offset };
  }

  #want(bytes: number, at: number): number {
    this.wants = bytes;
    return at;
  }

  #begin(view: DataView, at: number): void {
    const kind = MAGICS.get(view.getUint32(at, false));
    if (!kind) throw new Error("not a pcap header");
    this.#little = kind.little;
    this.#unitNs = kind.unitNs;
    this.#header = kind.header;
    const snapLength = view.getUint32(at + 16, kind.little);
    // The upper bits may tell of frame check sequences.
    this.#link = view.getUint32(at + 20, kind.little) & 0xffff;
    this.#begun = true;
    this.#timed = false;
    const usual = snapLength === 0 || snapLength > MAX_CAPTURED ? MAX_CAPTURED : snapLength;
    this.ports[0] ??= { link: this.#link, snapLength: usual, name: "", droppedByKernel: 0 };
  }

  /** Reads records until bytes are wanting or something is no record. */
  #records(view: DataView, start: number, end: number): number {
    const header = this.#header;
    const little = this.#little;
    const unitNs = this.#unitNs;
    const maxFraction = unitNs === 1 ? 2_000_000_000 : 2_000_000;
    const clock = this.#place.clock;
    let at = start;
    while (end - at >= header) {
      // Byte orders apart: with a constant one, each read is one machine instruction.
      const seconds = little ? view.getUint32(at, true) : view.getUint32(at, false);
      const fraction = little ? view.getUint32(at + 4, true) : view.getUint32(at + 4, false);
      const captured = little ? view.getUint32(at + 8, true) : view.getUint32(at + 8, false);
      const original = little ? view.getUint32(at + 12, true) : view.getUint32(at + 12, false);
      if (
        captured > MAX_CAPTURED ||
        fraction >= maxFraction ||
        original > MAX_ORIGINAL ||
        (seconds | fraction | captured | original) === 0
      )
        return this.#damaged(view, at, end);
      if (end - at - header < captured) return this.#want(header + captured, at);
      if (!this.#timed) this.#setFirst(seconds, fraction);
      clock[0] = (seconds - this.#firstS) * 1e9 + (fraction - this.#firstFraction) * unitNs + this.#baseNs;
      this.#lastS = seconds;
      this.#sink.packet(at + header, captured, original < captured ? captured : original, this.#link, 0);
      at += header + captured;
    }
    return this.#want(header, at);
  }

  #setFirst(seconds: number, fraction: number): void {
    this.#firstS = seconds;
    this.#firstFraction = fraction;
    const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * BigInt(this.#unitNs);
    this.#baseNs = Number(ns - this.#place.first(ns));
    this.#timed = true;
  }

  /** At something that is no record: another file's header, or damage. */
  #damaged(view: DataView, at: number, end: number): number {
    if (PcapFile.reads(view.getUint32(at, false))) {
      this.#begun = false;
      if (end - at < FILE_HEADER) return this.#want(FILE_HEADER, at);
      this.#begin(view, at);
      return this.#records(view, at + FILE_HEADER, end);
    }
    this.#gapFrom = this.#place.offsetOf(at);
    return this.#search(view, at + 1, end);
  }

  /** Looks for the next place from which a chain of records follows; each position is tried once. */
  #search(view: DataView, start: number, end: number): number {
    for (let at = start; end - at >= this.#header; at++) {
      const found = this.#chain(view, at, end);
      // Bytes that are not here yet will tell.
      if (found === "unknown") return this.#want(end - at + 1, at);
      if (found !== "yes") continue;
      const from = this.#gapFrom;
      this.#gapFrom = -1;
      this.#sink.gap(from, this.#place.offsetOf(at) - from);
      return this.#records(view, at, end);
    }
    return this.#want(this.#header, Math.max(start, end - this.#header + 1));
  }

  #chain(view: DataView, start: number, end: number): "yes" | "no" | "unknown" {
    let at = start;
    for (let links = 0; links < CHAIN; links++) {
      if (end - at < this.#header) return links > 0 && at === end ? "yes" : "unknown";
      const captured = this.#plausible(view, at);
      if (captured === -1) return "no";
      at += this.#header + captured;
    }
    return "yes";
  }

  /** Captured length of what may be a record's header, or -1. Stricter than reading: here it could be anything. */
  #plausible(view: DataView, at: number): number {
    const little = this.#little;
    const captured = view.getUint32(at + 8, little);
    const original = view.getUint32(at + 12, little);
    const fraction = view.getUint32(at + 4, little);
    const seconds = view.getUint32(at, little);
    const near = this.#lastS === -1 || Math.abs(seconds - this.#lastS) <= DAY_S;
    const lengths = captured >= 1 && captured <= MAX_CAPTURED && original <= MAX_ORIGINAL;
    const fits = lengths && (original >= captured || original === 0);
    return near && fits && fraction < 1_000_000_000 / this.#unitNs ? captured : -1;
  }
}
