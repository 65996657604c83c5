import type { CaptureFormat, CapturePort, PacketSink, Stopped } from "./capture-reader.ts";
import type { FormatPlace } from "./pcap-file.ts";

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const STATISTICS = 5;
const ENHANCED_PACKET = 6;

const BLOCK_HEADER = 8;
/** The shortest block: type, length, length. */
const MIN_BLOCK = 12;
const MAX_BLOCK = 16 << 20;
const MAX_GAP = 256 << 20;
const MAX_PORTS = 65_536;
/** Options of an interface: its name, the unit and the offset of its times. */
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
/** Options of statistics: packets dropped by the interface, and by the operating system. */
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;

type Port = {
  readonly about: CapturePort & { droppedByKernel: number };
  readonly unitNs: number;
  /** Seconds that are added to each time. */
  readonly offsetS: bigint;
  /** Units per second, for times that must be exact. */
  readonly unitsPerSecond: bigint;
  /** The first packet's time in units, high and low word, and what that is in nanoseconds since the first of all. */
  refHigh: number;
  refLow: number;
  baseNs: number;
  timed: boolean;
};

/**
 * A pcapng file (draft-ietf-opsawg-pcapng): blocks of a type, a length, a body and the length again, each section in its own
 * byte order with its own interfaces. Link type, unit and offset of times belong to the interface. Blocks that are not
 * needed are passed over by their length; where a block cannot be one, the next place is looked for at which the two
 * lengths of a block of known type agree.
 */
export class PcapngFile implements CaptureFormat {
  /** All interfaces of all sections so far. */
  readonly ports: CapturePort[] = [];
  wants = MIN_BLOCK;
  readonly #sink: PacketSink;
  readonly #place: FormatPlace;
  #little = true;
  /** Interfaces of the present section, by their index in it; and where they begin in `ports`. */
  #section: Port[] = [];
  #sectionAt = 0;
  #gapFrom = -1;
  /** Packets of interfaces that were never described: they have neither link type nor time. */
  undescribed = 0;

  static reads(magic: number): boolean {
    return magic === SECTION;
  }

  constructor(sink: PacketSink, place: FormatPlace) {
    this.#sink = sink;
    this.#place = place;
  }

  read(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const at = this.#gapFrom === -1 ? this.#blocks(bytes, view, start, end) : this.#search(bytes, view, start, end);
    return this.#gapFrom !== -1 && this.#place.offsetOf(at) - this.#gapFrom > MAX_GAP ? -1 : at;
  }

  finish(start: number, end: number): Stopped | undefined {
    if (this.#gapFrom !== -1) return { reason: "no further block was found behind damage", offset: this.#gapFrom };
    return start === end ? undefined : { reason: "the last block is cut", offset: this.#place.offsetOf(start) };
  }

  #want(bytes: number, at: number): number {
    this.wants = bytes;
    return at;
  }

  #blocks(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let at = start;
    while (end - at >= MIN_BLOCK) {
      const section = view.getUint32(at, false) === SECTION;
      if (section && !this.#setOrder(view, at)) return this.#damaged(bytes, view, at, end);
      const type = section ? SECTION : view.getUint32(at, this.#little);
      const length = view.getUint32(at + 4, this.#little);
      if (!plausible(length)) return this.#damaged(bytes, view, at, end);
      if (end - at < length) return this.#want(length, at);
      // A wrong length behind a block harms nothing as long as the next block begins where the first length says.
      if (view.getUint32(at + length - 4, this.#little) !== length) {
        if (end - at < length + MIN_BLOCK) return this.#want(length + MIN_BLOCK, at);
        if (!plausible(view.getUint32(at + length + 4, this.#little))) return this.#damaged(bytes, view, at, end);
      }
      this.#block(bytes, view, type, at + BLOCK_HEADER, at + length - 4);
      at += length;
    }
    return this.#want(MIN_BLOCK, at);
  }

  /** Takes a section's byte order from its magic; false when it has none. */
  #setOrder(view: DataView, at: number): boolean {
    const magic = view.getUint32(at + 8, false);
    if (magic !== 0x1a2b3c4d && magic !== 0x4d3c2b1a) return false;
    this.#little = magic === 0x4d3c2b1a;
    return true;
  }

  #damaged(bytes: Uint8Array, view: DataView, at: number, end: number): number {
    this.#gapFrom = this.#place.offsetOf(at);
    return this.#search(bytes, view, at + 1, end);
  }

  #search(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    for (let at = start; end - at >= MIN_BLOCK; at++) {
      const type = view.getUint32(at, this.#little);
      const section = type === SECTION;
      if (!section && (type < INTERFACE || type > ENHANCED_PACKET)) continue;
      const length = view.getUint32(at + 4, this.#little);
      if (!plausible(length)) continue;
      if (end - at < length) return this.#want(length, at);
      if (view.getUint32(at + length - 4, this.#little) !== length) continue;
      const from = this.#gapFrom;
      this.#gapFrom = -1;
      this.#sink.gap(from, this.#place.offsetOf(at) - from);
      return this.#blocks(bytes, view, at, end);
    }
    return this.#want(MIN_BLOCK, Math.max(start, end - MIN_BLOCK + 1));
  }

  #block(bytes: Uint8Array, view: DataView, type: number, at: number, end: number): void {
    const little = this.#little;
    switch (type) {
      case ENHANCED_PACKET: {
        if (end - at < 20) return;
        const port = view.getUint32(at, little);
        const captured = view.getUint32(at + 12, little);
        const original = view.getUint32(at + 16, little);
        const room = Math.min(captured, end - at - 20);
        this.#packet(port, view.getUint32(at + 4, little), view.getUint32(at + 8, little), at + 20, room, original);
        return;
      }
      case OLD_PACKET: {
        if (end - at < 20) return;
        const port = view.getUint16(at, little);
        const captured = view.getUint32(at + 12, little);
        const original = view.getUint32(at + 16, little);
        const room = Math.min(captured, end - at - 20);
        this.#packet(port, view.getUint32(at + 4, little), view.getUint32(at + 8, little), at + 20, room, original);
        return;
      }
      case SIMPLE_PACKET: {
        const port = this.#section[0];
        if (end - at < 4 || !port) return;
        const original = view.getUint32(at, little);
        const captured = Math.min(original, end - at - 4, port.about.snapLength);
        // It has no time of its own: it keeps that of the packet before it.
        this.#sink.packet(at + 4, captured, original, port.about.link, this.#sectionAt);
        return;
      }
      case INTERFACE:
        this.#describe(bytes, view, at, end);
        return;
      case STATISTICS:
        this.#count(view, at, end);
        return;
      case SECTION:
        this.#section = [];
        this.#sectionAt = this.ports.length;
    }
  }

  // Positional, because it is called for every packet: an object would have to be made for each.
  #packet(index: number, high: number, low: number, at: number, captured: number, original: number): void {
    const port = this.#section[index];
    if (!port) {
      this.undescribed++;
      return;
    }
    if (!port.timed) this.#setFirst(port, high, low);
    const units = (high - port.refHigh) * 4_294_967_296 + (low - port.refLow);
    this.#place.clock[0] = units * port.unitNs + port.baseNs;
    this.#sink.packet(at, captured, Math.max(captured, original), port.about.link, this.#sectionAt + index);
  }

  #setFirst(port: Port, high: number, low: number): void {
    const units = (BigInt(high) << 32n) + BigInt(low);
    const ns = (units * 1_000_000_000n) / port.unitsPerSecond + port.offsetS * 1_000_000_000n;
    port.refHigh = high;
    port.refLow = low;
    port.baseNs = Number(ns - this.#place.first(ns));
    port.timed = true;
  }

  #describe(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    if (end - at < 8 || this.ports.length >= MAX_PORTS) return;
    const snap = view.getUint32(at + 4, this.#little);
    let name = "";
    let unitNs = 1_000;
    let unitsPerSecond = 1_000_000n;
    let offsetS = 0n;
    for (const [code, from, length] of this.#options(view, at + 8, end)) {
      if (code === IF_NAME) name = new TextDecoder().decode(bytes.subarray(from, from + length));
      if (code === IF_TSOFFSET && length >= 8) offsetS = view.getBigInt64(from, this.#little);
      if (code === IF_TSRESOL && length >= 1) {
        const resolution = view.getUint8(from);
        const power = BigInt(resolution & 0x7f);
        unitsPerSecond = (resolution & 0x80) === 0 ? 10n ** power : 1n << power;
        unitNs = 1e9 / Number(unitsPerSecond);
      }
    }
    const about = {
      link: view.getUint16(at, this.#little),
      snapLength: snap === 0 ? MAX_BLOCK : snap,
      name,
      droppedByKernel: 0,
    };
    this.ports.push(about);
    this.#section.push({ about, unitNs, unitsPerSecond, offsetS, refHigh: 0, refLow: 0, baseNs: 0, timed: false });
  }

  /** Statistics are running totals; the newest ones count. */
  #count(view: DataView, at: number, end: number): void {
    const port = end - at >= 12 ? this.#section[view.getUint32(at, this.#little)] : undefined;
    if (!port) return;
    let dropped = 0;
    for (const [code, from, length] of this.#options(view, at + 12, end))
      if ((code === ISB_IFDROP || code === ISB_OSDROP) && length >= 8)
        dropped += Number(view.getBigUint64(from, this.#little));
    port.about.droppedByKernel = Math.max(port.about.droppedByKernel, dropped);
  }

  /** Code, position and length of each option. */
  *#options(view: DataView, start: number, end: number): Generator<readonly [number, number, number]> {
    for (let at = start; end - at >= 4; ) {
      const code = view.getUint16(at, this.#little);
      const length = view.getUint16(at + 2, this.#little);
      if (code === 0 || at + 4 + length > end) return;
      yield [code, at + 4, length];
      at += 4 + ((length + 3) & ~3);
    }
  }
}

function plausible(length: number): boolean {
  return length >= MIN_BLOCK && length <= MAX_BLOCK && length % 4 === 0;
}
