import type { CapturePlace } from "./capture-place.ts";
import type { CaptureFormat, PacketSink, Stopped } from "./capture-reader.ts";

type Kind = { readonly little: boolean; readonly unitNs: number; readonly header: number };

/**
 * Magic number, read big-endian → byte order, nanoseconds per unit of the fraction, bytes of a record's header
 * (draft-ietf-opsawg-pcap, 4). The "modified" variant of old Linux distributions appends interface index, protocol and
 * packet type to a record's header.
 */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0xa1b2c3d4, { little: false, unitNs: 1_000, header: 16 }],
  [0xd4c3b2a1, { little: true, unitNs: 1_000, header: 16 }],
  [0xa1b23c4d, { little: false, unitNs: 1, header: 16 }],
  [0x4d3cb2a1, { little: true, unitNs: 1, header: 16 }],
  [0xa1b2cd34, { little: false, unitNs: 1_000, header: 24 }],
  [0x34cdb2a1, { little: true, unitNs: 1_000, header: 24 }],
]);

const FILE_HEADER = 24;
/** No recorder makes longer records (MAXIMUM_SNAPLEN of tcpdump). */
const MAX_CAPTURED = 262_144;
export const MAX_ORIGINAL = 1 << 24;
const DAY_S = 86_400;
/** So many records in a row must look like records before reading goes on behind damage. */
const CHAIN = 3;
/** Damage longer than this is the end: looking further could take for ever. */
export const MAX_GAP = 256 << 20;

/**
 * A pcap file: 24 bytes of header, then records of 16 (24) bytes of header and the packet. Seconds and a fraction since
 * 1970 are 32 bits each; a fraction may exceed a second by up to as much again (seen in old recorders).
 *
 * Damage is bridged: where a header cannot be one, the next place is looked for from which three plausible records follow
 * each other (fewer at the end of the file). Where another file's header stands in the place of a record, that file is read.
 */
export class PcapFile implements CaptureFormat {
  wants = FILE_HEADER;
  ended: Stopped | "other" | undefined;
  readonly #sink: PacketSink;
  readonly #place: CapturePlace;
  #little = true;
  #unitNs = 1_000;
  /** Nanoseconds of a second and of the unit, as doubles: in whole numbers of 32 bits two seconds are the most. */
  readonly #scale = Float64Array.of(1e9, 1_000);
  #header = 16;
  #link = 0;
  #snapLength = 0;
  /** Index of the interface; -1 before the first packet. */
  #port = -1;
  #begun = false;
  /** Time of this file's first packet, as written, and in nanoseconds since the first of all. */
  #firstS = 0;
  #firstFraction = 0;
  #firstNs = 0;
  /** Seconds of the newest record, against which others are judged behind damage; -1 before the first. */
  #lastS = -1;
  /** What stopped the reading of records was something that cannot be one. */
  #damaged = false;
  /** Offset in the file at which the damage began that is being passed over; -1 outside of damage. */
  #gapFrom = -1;

  static reads(magic: number): boolean {
    return KINDS.has(magic);
  }

  constructor(sink: PacketSink, place: CapturePlace) {
    this.#sink = sink;
    this.#place = place;
  }

  read(view: DataView, start: number, end: number, last: boolean): number {
    let at = start;
    if (!this.#begun) {
      if (end - at < FILE_HEADER) return last ? this.#stop("the file header is cut", at) : at;
      this.#begin(view, at);
      at += FILE_HEADER;
    }
    for (;;) {
      if (this.#gapFrom === -1) {
        at = this.#records(view, at, end);
        if (at === end || (!this.#damaged && !last)) return at;
        if (this.#damaged && beginsFile(view, at)) {
          this.ended = "other";
          return at;
        }
        // A record that goes on behind the end of the file: cut, or its length is wrong.
        if (!this.#damaged) {
          if (end - at < this.#header) return this.#stop("the last record is cut", at);
          this.#lastS = view.getUint32(at, this.#little);
        }
        this.#gapFrom = this.#offsetOf(at++);
      }
      at = this.#search(view, at, end, last);
      if (this.#gapFrom !== -1) return at;
    }
  }

  #offsetOf(at: number): number {
    return this.#place.base + at;
  }

  #want(bytes: number, at: number): number {
    this.wants = bytes;
    return at;
  }

  #stop(reason: string, at: number): number {
    this.ended = { reason, offset: this.#offsetOf(at) };
    return at;
  }

  #begin(view: DataView, at: number): void {
    const kind = KINDS.get(view.getUint32(at, false));
    if (!kind) throw new Error("not a pcap header");
    this.#little = kind.little;
    this.#unitNs = kind.unitNs;
    this.#scale[1] = kind.unitNs;
    this.#header = kind.header;
    const snapLength = view.getUint32(at + 16, kind.little);
    this.#snapLength = snapLength === 0 || snapLength > MAX_CAPTURED ? MAX_CAPTURED : snapLength;
    // The upper bits may tell of frame check sequences.
    this.#link = view.getUint32(at + 20, kind.little) & 0xffff;
    this.#begun = true;
    this.#place.begin();
  }

  /** Reads records until bytes are wanting or, `#damaged`, something cannot be a record. */
  #records(view: DataView, start: number, end: number): number {
    const header = this.#header;
    const little = this.#little;
    const maxFraction = this.#unitNs === 1 ? 2_000_000_000 : 2_000_000;
    const nsPerS = this.#scale[0] as number;
    const unitNs = this.#scale[1] as number;
    const clock = this.#place.clock;
    let at = start;
    let wants = header;
    this.#damaged = false;
    while (end - at >= header) {
      // Byte orders apart: with a constant one, each read is one machine instruction.
      const seconds = little ? view.getUint32(at, true) : view.getUint32(at, false);
      const fraction = little ? view.getUint32(at + 4, true) : view.getUint32(at + 4, false);
      // As signed numbers, so that sums of them are: those that are too large are told by their sign.
      const captured = little ? view.getInt32(at + 8, true) : view.getInt32(at + 8, false);
      const original = little ? view.getInt32(at + 12, true) : view.getInt32(at + 12, false);
      if (
        captured < 0 ||
        captured > MAX_CAPTURED ||
        fraction >= maxFraction ||
        original < 0 ||
        original > MAX_ORIGINAL ||
        // Either happens by itself; together, one of the lengths is wrong.
        (captured > original && captured > this.#snapLength) ||
        ((captured | original) === 0 && (seconds === 0 || beginsFile(view, at)))
      ) {
        this.#damaged = true;
        return at;
      }
      if (end - at - header < captured) {
        wants = header + captured;
        break;
      }
      if (this.#port === -1) this.#setFirst(seconds, fraction);
      clock[0] = (seconds - this.#firstS) * nsPerS + (fraction - this.#firstFraction) * unitNs + this.#firstNs;
      this.#lastS = seconds;
      this.#sink.packet(at + header, captured, Math.max(original, captured), this.#link, this.#port);
      at += header + captured;
    }
    return this.#want(wants, at);
  }

  #setFirst(seconds: number, fraction: number): void {
    this.#firstS = seconds;
    this.#firstFraction = fraction;
    this.#firstNs = this.#place.sinceFirst(BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * BigInt(this.#unitNs));
    const about = { link: this.#link, snapLength: this.#snapLength, name: "", droppedByKernel: 0 };
    this.#port = this.#place.portOf(about, this.#firstNs);
  }

  /**
   * Looks for the next place from which a chain of records follows; each is looked at once. At the end of the file with
   * none, what began the search was the last record, cut or damaged.
   */
  #search(view: DataView, start: number, end: number, last: boolean): number {
    const from = this.#gapFrom;
    const limit = from + MAX_GAP - this.#place.base;
    const little = this.#little;
    const stop = Math.min(limit, end - this.#header + 1);
    let at = start;
    for (; at < stop; at++) {
      // Most places end here: no length, or one that is absurd. Where eight bytes are zero, the next four places have none.
      const captured = little ? view.getUint32(at + 8, true) : view.getUint32(at + 8, false);
      if (captured > MAX_CAPTURED) continue;
      if (captured === 0) {
        if (view.getUint32(at + 12, true) === 0) at = Math.min(at + 4, stop - 1);
        continue;
      }
      const found = this.#chain(view, at, end, last);
      // Bytes that are not here yet will tell.
      if (found === "unknown") return this.#want(end - at + 1, at);
      if (found === "no") continue;
      this.#gapFrom = -1;
      this.#sink.gap(from, this.#offsetOf(at) - from);
      return at;
    }
    if (last || at >= limit) {
      const reason = this.#damaged ? "no further record was found behind damage" : "the last record is cut";
      this.ended = { reason, offset: from };
    }
    return this.#want(this.#header, at);
  }

  #chain(view: DataView, start: number, end: number, last: boolean): "yes" | "no" | "unknown" {
    let at = start;
    let near = this.#lastS;
    for (let links = 0; links < CHAIN; links++) {
      if (end - at < this.#header) {
        if (!last) return "unknown";
        return at === end && (links > 1 || this.#lastS !== -1) ? "yes" : "no";
      }
      const captured = this.#plausible(view, at, near);
      if (captured === -1) return "no";
      near = view.getUint32(at, this.#little);
      at += this.#header + captured;
    }
    return "yes";
  }

  /** Captured length of what may be a record's header, or -1. Stricter than reading: here it could be anything. */
  #plausible(view: DataView, at: number, near: number): number {
    const little = this.#little;
    if (near !== -1 && Math.abs(view.getUint32(at, little) - near) > DAY_S) return -1;
    if (view.getUint32(at + 4, little) >= 1_000_000_000 / this.#unitNs) return -1;
    const captured = view.getUint32(at + 8, little);
    const original = view.getUint32(at + 12, little);
    const lengths = captured >= 1 && captured <= MAX_CAPTURED && original <= MAX_ORIGINAL;
    return lengths && (original >= captured || original === 0) ? captured : -1;
  }
}

/** True where the header of a capture file stands (12 bytes are looked at): files were joined. */
function beginsFile(view: DataView, at: number): boolean {
  const magic = view.getUint32(at, false);
  const kind = KINDS.get(magic);
  if (kind) return view.getUint16(at + 4, kind.little) === 2;
  const order = view.getUint32(at + 8, false);
  return magic === 0x0a0d0d0a && (order === 0x1a2b3c4d || order === 0x4d3c2b1a);
}
