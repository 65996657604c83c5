import type { CapturePlace } from "./capture-place.ts";
import type { CaptureFormat, PacketSink, Stopped } from "./capture-reader.ts";
import { MAX_GAP, MAX_ORIGINAL, PcapFile } from "./pcap-file.ts";
import { describePort, type PortDescription, pcapngOptions } from "./pcapng-options.ts";

/** Block types (draft-ietf-opsawg-pcapng, 11.1). The section header's reads the same in both byte orders. */
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const STATISTICS = 5;
const ENHANCED_PACKET = 6;

/** Options of statistics: packets dropped by the interface, and by the operating system (4.6). */
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;
/** Option of a packet: packets lost between it and the one before (4.3). */
const EPB_DROPCOUNT = 4;
/** The obsolete packet block counts them in a field; this means that it does not know. */
const UNKNOWN_DROPS = 0xffff;

const BLOCK_HEADER = 8;
/** The shortest block: type, length, length. */
const MIN_BLOCK = 12;
const MAX_BLOCK = 16 << 20;
/** Fields of a packet block before the packet. */
const PACKET_FIELDS = 20;
const MAX_PORTS = 65_536;

/** An interface of the present section; its times are counted from its first packet's, to stay exact in doubles. */
type SectionPort = PortDescription & {
  /** Index among all interfaces; -1 before the first packet or drop. */
  index: number;
  timed: boolean;
  /** Time of its first packet as written, high and low word, and in nanoseconds since the first packet of all. */
  firstHigh: number;
  firstLow: number;
  firstNs: number;
  /** Dropped packets by its newest statistics. */
  counted: number;
};

/**
 * A pcapng file (draft-ietf-opsawg-pcapng): blocks of a type, a length, a body and the length again, each section in its own
 * byte order with its own interfaces. Link type, unit and offset of times belong to the interface. Blocks that are not
 * needed are passed over by their length; where a block cannot be one, the next place is looked for at which the two
 * lengths of a block of known type agree.
 */
export class PcapngFile implements CaptureFormat {
  wants = MIN_BLOCK;
  ended: Stopped | "other" | undefined;
  readonly #sink: PacketSink;
  readonly #place: CapturePlace;
  #little = true;
  /** Interfaces of the present section, by their index in it. */
  #section: SectionPort[] = [];
  #damaged = false;
  /** Offset in the file at which the damage began that is being passed over; -1 outside of damage. */
  #gapFrom = -1;

  static reads(magic: number): boolean {
    return magic === SECTION;
  }

  constructor(sink: PacketSink, place: CapturePlace) {
    this.#sink = sink;
    this.#place = place;
  }

  read(view: DataView, start: number, end: number, last: boolean): number {
    let at = start;
    for (;;) {
      if (this.#gapFrom === -1) {
        at = this.#blocks(view, at, end, last);
        if (at === end || (!this.#damaged && !last)) return at;
        if (this.#damaged && PcapFile.reads(view.getUint32(at, false))) {
          this.ended = "other";
          return at;
        }
        this.#gapFrom = this.#place.base + at++;
      }
      at = this.#search(view, at, end, last);
      if (this.#gapFrom !== -1) return at;
    }
  }

  #want(bytes: number, at: number): number {
    this.wants = bytes;
    return at;
  }

  /** Reads blocks until bytes are wanting or, `#damaged`, something cannot be a block. */
  #blocks(view: DataView, start: number, end: number, last: boolean): number {
    let at = start;
    this.#damaged = false;
    while (end - at >= MIN_BLOCK) {
      if (view.getUint32(at, false) === SECTION && orderAt(view, at) !== undefined)
        this.#little = orderAt(view, at) === "little";
      const length = view.getUint32(at + 4, this.#little);
      if (!this.#possible(view, at, length)) {
        this.#damaged = true;
        return at;
      }
      if (end - at < length) return this.#want(length, at);
      // A wrong length behind a block harms nothing as long as the next block begins where the first length says.
      if (view.getUint32(at + length - 4, this.#little) !== length) {
        if (end - at < length + BLOCK_HEADER) {
          if (!last) return this.#want(length + BLOCK_HEADER, at);
        } else if (!possibleLength(view.getUint32(at + length + 4, this.#little))) {
          this.#damaged = true;
          return at;
        }
      }
      this.#block(view, view.getUint32(at, this.#little), at + BLOCK_HEADER, at + length - 4);
      at += length;
    }
    return this.#want(MIN_BLOCK, at);
  }

  #possible(view: DataView, at: number, length: number): boolean {
    return possibleLength(length) && (view.getUint32(at, false) !== SECTION || orderAt(view, at) !== undefined);
  }

  /**
   * Looks for the next block of a known type whose lengths agree; each place is looked at once. At the end of the file with
   * none, what began the search was the last block, cut or damaged.
   */
  #search(view: DataView, start: number, end: number, last: boolean): number {
    const from = this.#gapFrom;
    const limit = from + MAX_GAP - this.#place.base;
    const stop = Math.min(limit, end - MIN_BLOCK + 1);
    let at = start;
    for (; at < stop; at++) {
      // Where eight bytes are zero, no type stands here nor at the next four places.
      if (view.getUint32(at, true) === 0) {
        if (view.getUint32(at + 4, true) === 0) at = Math.min(at + 4, stop - 1);
        continue;
      }
      const order = view.getUint32(at, false) === SECTION ? orderAt(view, at) : undefined;
      const little = order === undefined ? this.#little : order === "little";
      const type = view.getUint32(at, little);
      if (order === undefined && (type < INTERFACE || type > ENHANCED_PACKET)) continue;
      const length = view.getUint32(at + 4, little);
      if (!possibleLength(length)) continue;
      if (end - at < length) {
        if (last) continue;
        return this.#want(length, at);
      }
      if (view.getUint32(at + length - 4, little) !== length) continue;
      this.#gapFrom = -1;
      this.#sink.gap(from, this.#place.base + at - from);
      return at;
    }
    if (last || at >= limit) {
      const reason = this.#damaged ? "no further block was found behind damage" : "the last block is cut";
      this.ended = { reason, offset: from };
    }
    return this.#want(MIN_BLOCK, at);
  }

  #block(view: DataView, type: number, at: number, end: number): void {
    const little = this.#little;
    const room = end - at;
    switch (type) {
      case ENHANCED_PACKET: {
        if (room < PACKET_FIELDS) return;
        const port = this.#section[view.getUint32(at, little)];
        const captured = Math.min(view.getUint32(at + 12, little), room - PACKET_FIELDS);
        const options = at + PACKET_FIELDS + ((captured + 3) & ~3);
        if (port && end - options >= 12) this.#lost(port, dropsIn(view, options, end, little, [EPB_DROPCOUNT]));
        this.#packet(view, port, at, captured);
        return;
      }
      case OLD_PACKET: {
        if (room < PACKET_FIELDS) return;
        const port = this.#section[view.getUint16(at, little)];
        const drops = view.getUint16(at + 2, little);
        if (port && drops !== UNKNOWN_DROPS) this.#lost(port, drops);
        this.#packet(view, port, at, Math.min(view.getUint32(at + 12, little), room - PACKET_FIELDS));
        return;
      }
      case SIMPLE_PACKET:
        if (room >= 4) this.#simplePacket(view, at, end);
        return;
      case INTERFACE:
        if (room >= 8 && this.#section.length < MAX_PORTS)
          this.#section.push({
            ...describePort(view, at, end, little),
            ...{ index: -1, timed: false, firstHigh: 0, firstLow: 0, firstNs: 0, counted: 0 },
          });
        return;
      case STATISTICS:
        if (room >= 12) this.#count(view, at, end);
        return;
      case SECTION:
        this.#section = [];
        this.#place.begin();
    }
  }

  /** A packet whose fields begin at `at`: interface, time (two words), captured and original length, in both kinds of block. */
  #packet(view: DataView, port: SectionPort | undefined, at: number, captured: number): void {
    if (!port) {
      this.#place.undescribed++;
      return;
    }
    const little = this.#little;
    const high = view.getUint32(at + 4, little);
    const low = view.getUint32(at + 8, little);
    const original = view.getUint32(at + 16, little);
    if (!port.timed) this.#setFirst(port, high, low);
    const units = (high - port.firstHigh) * 4_294_967_296 + (low - port.firstLow);
    this.#place.clock[0] = units * port.unitNs + port.firstNs;
    const wire = original < captured || original > MAX_ORIGINAL ? captured : original;
    this.#sink.packet(at + PACKET_FIELDS, captured, wire, port.about.link, port.index);
  }

  /** It has no time of its own, so it keeps that of the packet before it; its interface is the section's first. */
  #simplePacket(view: DataView, at: number, end: number): void {
    const port = this.#section[0];
    if (!port) {
      this.#place.undescribed++;
      return;
    }
    if (port.index === -1) port.index = this.#place.portOf(port.about, this.#place.clock[0]);
    const original = view.getUint32(at, this.#little);
    const captured = Math.min(original, end - at - 4, port.about.snapLength);
    const wire = original > MAX_ORIGINAL ? captured : original;
    this.#sink.packet(at + 4, captured, wire, port.about.link, port.index);
  }

  #setFirst(port: SectionPort, high: number, low: number): void {
    const units = (BigInt(high) << 32n) + BigInt(low);
    const ns = (units * 1_000_000_000n) / port.unitsPerSecond + port.offsetS * 1_000_000_000n;
    port.firstHigh = high;
    port.firstLow = low;
    port.firstNs = this.#place.sinceFirst(ns);
    if (port.index === -1) port.index = this.#place.portOf(port.about, port.firstNs);
    port.timed = true;
  }

  /** Statistics are running totals; the newest ones count. */
  #count(view: DataView, at: number, end: number): void {
    const port = this.#section[view.getUint32(at, this.#little)];
    if (!port) return;
    const total = dropsIn(view, at + 12, end, this.#little, [ISB_IFDROP, ISB_OSDROP]);
    this.#lost(port, Math.max(0, total - port.counted));
    port.counted = Math.max(port.counted, total);
  }

  #lost(port: SectionPort, packets: number): void {
    if (packets === 0) return;
    if (port.index === -1) port.index = this.#place.portOf(port.about);
    const about = this.#place.ports[port.index];
    if (about) about.droppedByKernel += packets;
  }
}

function orderAt(view: DataView, at: number): "big" | "little" | undefined {
  const magic = view.getUint32(at + 8, false);
  return magic === 0x1a2b3c4d ? "big" : magic === 0x4d3c2b1a ? "little" : undefined;
}

/** The sum of those options that count dropped packets in 64 bits. */
function dropsIn(view: DataView, at: number, end: number, little: boolean, codes: readonly number[]): number {
  let dropped = 0;
  for (const [code, from, length] of pcapngOptions(view, at, end, little))
    if (codes.includes(code) && length >= 8) dropped += Number(view.getBigUint64(from, little));
  return dropped;
}

function possibleLength(length: number): boolean {
  return length >= MIN_BLOCK && length <= MAX_BLOCK && length % 4 === 0;
}
