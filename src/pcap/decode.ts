import * as packetRegisters from "./packet-registers.ts";

const {
  SOURCE,
  DESTINATION,
  FAMILY,
  PROTOCOL,
  TRANSPORT,
  TRANSPORT_LENGTH,
  IP_ID,
  TTL,
  DEPTH,
  COOKED_INDEX,
  COOKED_TYPE,
  FRAGMENTED,
  TUNNEL,
  FRAGMENT_AT,
  FRAGMENT_ID,
  OUTER_BYTES,
  REGISTERS,
  RAW_IP,
  WHOLE,
  NOT_IP,
  FRAGMENT,
  CUT,
  MALFORMED,
  UNKNOWN_LINK,
} = packetRegisters;

const VXLAN = 1;
const GENEVE = 2;
const IPIP = 3;
const GRE = 4;
const SIX_IN_FOUR = 5;
const WIREGUARD = 6;
/** Behind the end of anything: the length on the wire of a packet whose later fragments are elsewhere. */
const FAR = 0x7fffffff;
const MAX_DEPTH = 5;
const MAX_TAGS = 4;
/** IPv6 extension headers that are passed over: hop by hop, routing, destination options; 44 is the fragment header. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const DESTINATION_OPTIONS = 60;
const AUTHENTICATION = 51;

/**
 * From the link layer down to TCP, UDP or ICMP, through VLAN tags and tunnels. Nothing is allocated per packet: what was
 * found stands in `registers` (packet-registers.ts). Every read lies behind a check of its length, every loop is
 * bounded by the bytes that it consumes or by MAX_DEPTH.
 */
export class Decoder {
  readonly registers = new Int32Array(REGISTERS);
  #begin = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  /** Decodes `captured` bytes at `at` that were `original` bytes on the wire. Answers one of WHOLE … UNKNOWN_LINK. */
  decode(at: number, captured: number, original: number, link: number): number {
    const view = this.#view;
    const registers = this.registers;
    const end = at + captured;
    const wireEnd = at + original;
    this.#begin = at;
    registers[DEPTH] = 0;
    registers[TUNNEL] = 0;
    registers[COOKED_INDEX] = 0;
    registers[COOKED_TYPE] = -1;
    switch (link) {
      case 1:
        // What most packets are, as in #ethernet: each call on the way to it costs as much as what is done there.
        if (captured >= 54 && (view.getInt32(at + 12, false) & 0xffffff00) === 0x08004500) {
          const about = view.getInt32(at + 20, false);
          if ((about & 0x3fff00ff) === 6) return this.#plainTcp4(at + 14, about, wireEnd);
        }
        return this.#ethernet(at, end, wireEnd);
      case 113:
        if (captured < 16) return CUT;
        registers[COOKED_TYPE] = view.getUint16(at, false);
        return this.#network(view.getUint16(at + 14, false), at + 16, end, wireEnd);
      case 276:
        if (captured < 20) return CUT;
        registers[COOKED_INDEX] = view.getInt32(at + 4, false);
        registers[COOKED_TYPE] = view.getUint8(at + 10);
        return this.#network(view.getUint16(at, false), at + 20, end, wireEnd);
      case RAW_IP:
      case 12:
      case 14:
      case 228:
      case 229:
        return this.#ip(at, end, wireEnd);
      case 0:
      case 108:
        return captured < 4 ? CUT : this.#ip(at + 4, end, wireEnd);
      default:
        return UNKNOWN_LINK;
    }
  }

  #ethernet(at: number, end: number, wireEnd: number): number {
    const view = this.#view;
    if (end - at >= 54) {
      // EtherType, version and header length of what most packets are: IPv4 without options, or IPv6, with TCP inside.
      const kind = view.getInt32(at + 12, false) & 0xffffff00;
      if (kind === 0x08004500) {
        // Fragment offset and flags; TTL; protocol.
        const about = view.getInt32(at + 20, false);
        if ((about & 0x3fff00ff) === 6) return this.#plainTcp4(at + 14, about, wireEnd);
      } else if ((kind & 0xfffff000) === (0x86dd6000 | 0) && view.getUint8(at + 20) === 6)
        return this.#plainTcp6(at + 14, wireEnd);
    } else if (end - at < 14) return CUT;
    return this.#network(view.getUint16(at + 12, false), at + 14, end, wireEnd);
  }

  /** An IPv4 header of 20 bytes, all of which are there, in front of TCP. */
  #plainTcp4(at: number, about: number, wireEnd: number): number {
    const view = this.#view;
    const registers = this.registers;
    const lengthAndId = view.getInt32(at + 2, false);
    const announced = lengthAndId >>> 16;
    registers[OUTER_BYTES] = at - this.#begin;
    if (announced !== 0 && announced < 20) return MALFORMED;
    // Segments that were never cut into packets (TSO) may have no length of their own.
    const stop = announced === 0 || announced > wireEnd - at ? wireEnd : at + announced;
    registers[FAMILY] = 4;
    registers[SOURCE] = view.getInt32(at + 12, false);
    registers[DESTINATION] = view.getInt32(at + 16, false);
    registers[IP_ID] = lengthAndId & 0xffff;
    registers[TTL] = (about >> 8) & 0xff;
    registers[PROTOCOL] = 6;
    registers[TRANSPORT] = at + 20;
    registers[TRANSPORT_LENGTH] = stop - at > 20 ? stop - at - 20 : 0;
    registers[FRAGMENTED] = 0;
    return WHOLE;
  }

  /** An IPv6 header, all of which is there, in front of TCP. */
  #plainTcp6(at: number, wireEnd: number): number {
    const view = this.#view;
    const registers = this.registers;
    const about = view.getInt32(at + 4, false);
    const announced = about >>> 16;
    const length = wireEnd - at - 40;
    registers[OUTER_BYTES] = at - this.#begin;
    registers[FAMILY] = 6;
    this.#addresses6(at);
    registers[IP_ID] = -1;
    registers[TTL] = about & 0xff;
    registers[PROTOCOL] = 6;
    registers[TRANSPORT] = at + 40;
    registers[TRANSPORT_LENGTH] = announced === 0 || announced > length ? Math.max(0, length) : announced;
    registers[FRAGMENTED] = 0;
    return WHOLE;
  }

  #addresses6(at: number): void {
    const view = this.#view;
    const registers = this.registers;
    registers[SOURCE] = view.getInt32(at + 8, false);
    registers[SOURCE + 1] = view.getInt32(at + 12, false);
    registers[SOURCE + 2] = view.getInt32(at + 16, false);
    registers[SOURCE + 3] = view.getInt32(at + 20, false);
    registers[DESTINATION] = view.getInt32(at + 24, false);
    registers[DESTINATION + 1] = view.getInt32(at + 28, false);
    registers[DESTINATION + 2] = view.getInt32(at + 32, false);
    registers[DESTINATION + 3] = view.getInt32(at + 36, false);
  }

  /** Behind an EtherType: VLAN tags, then IP. */
  #network(etherType: number, start: number, end: number, wireEnd: number): number {
    let type = etherType;
    let at = start;
    for (let tags = 0; (type === 0x8100 || type === 0x88a8 || type === 0x9100) && tags < MAX_TAGS; tags++) {
      if (end - at < 4) return CUT;
      type = this.#view.getUint16(at + 2, false);
      at += 4;
    }
    return type === 0x0800 || type === 0x86dd ? this.#ip(at, end, wireEnd) : NOT_IP;
  }

  #ip(at: number, end: number, wireEnd: number): number {
    if (at >= end) return CUT;
    const version = this.#view.getUint8(at) >> 4;
    if (version === 4) return this.#ip4(at, end, wireEnd);
    return version === 6 ? this.#ip6(at, end, wireEnd) : MALFORMED;
  }

  #ip4(at: number, end: number, wireEnd: number): number {
    const view = this.#view;
    const registers = this.registers;
    registers[OUTER_BYTES] = at - this.#begin;
    if (end - at < 20) return CUT;
    const header = (view.getUint8(at) & 15) << 2;
    if (header < 20) return MALFORMED;
    // Segments that were never cut into packets (TSO) may have no length of their own.
    const announced = view.getUint16(at + 2, false);
    if (announced !== 0 && announced < header) return MALFORMED;
    const stop = announced === 0 ? wireEnd : Math.min(at + announced, wireEnd);
    const protocol = view.getUint8(at + 9);
    registers[FAMILY] = 4;
    registers[SOURCE] = view.getInt32(at + 12, false);
    registers[DESTINATION] = view.getInt32(at + 16, false);
    registers[IP_ID] = view.getUint16(at + 4, false);
    registers[TTL] = view.getUint8(at + 8);
    registers[PROTOCOL] = protocol;
    registers[TRANSPORT] = at + header;
    registers[TRANSPORT_LENGTH] = Math.max(0, stop - at - header);
    const fragment = view.getUint16(at + 6, false) & 0x3fff;
    if (fragment !== 0) return this.#fragment(fragment, protocol, at + header, end);
    registers[FRAGMENTED] = 0;
    return protocol === 6 ? WHOLE : this.#transport(protocol, at + header, end, stop);
  }

  /** Behind the header of an IPv4 fragment: 1 bit "more fragments", 13 bits of its place in units of eight bytes. */
  #fragment(fragment: number, protocol: number, at: number, end: number): number {
    const registers = this.registers;
    registers[FRAGMENTED] = (fragment & 0x2000) !== 0 ? 1 : 0;
    registers[FRAGMENT_AT] = (fragment & 0x1fff) << 3;
    registers[FRAGMENT_ID] = registers[IP_ID] as number;
    return (fragment & 0x1fff) !== 0 ? FRAGMENT : this.#transport(protocol, at, end, FAR);
  }

  #ip6(at: number, end: number, wireEnd: number): number {
    const view = this.#view;
    const registers = this.registers;
    registers[OUTER_BYTES] = at - this.#begin;
    if (end - at < 40) return CUT;
    const announced = view.getUint16(at + 4, false);
    const stop = announced === 0 ? wireEnd : Math.min(at + 40 + announced, wireEnd);
    registers[FAMILY] = 6;
    this.#addresses6(at);
    registers[IP_ID] = -1;
    registers[TTL] = view.getUint8(at + 7);
    registers[FRAGMENTED] = 0;
    let next = view.getUint8(at + 6);
    let place = at + 40;
    while (
      next === HOP_BY_HOP ||
      next === ROUTING ||
      next === DESTINATION_OPTIONS ||
      next === FRAGMENT_HEADER ||
      next === AUTHENTICATION
    ) {
      if (end - place < 8) return CUT;
      const following = view.getUint8(place);
      if (next === FRAGMENT_HEADER) {
        const fragment = view.getUint16(place + 2, false);
        registers[FRAGMENTED] = (fragment & 1) !== 0 ? 1 : 0;
        registers[PROTOCOL] = following;
        registers[FRAGMENT_AT] = fragment & 0xfff8;
        registers[FRAGMENT_ID] = view.getInt32(place + 4, false);
        place += 8;
        if ((fragment & 0xfff8) !== 0) {
          registers[TRANSPORT] = place;
          registers[TRANSPORT_LENGTH] = Math.max(0, stop - place);
          return FRAGMENT;
        }
      } else if (next === AUTHENTICATION) place += (view.getUint8(place + 1) + 2) << 2;
      else place += (view.getUint8(place + 1) + 1) << 3;
      next = following;
    }
    registers[PROTOCOL] = next;
    registers[TRANSPORT] = place;
    registers[TRANSPORT_LENGTH] = Math.max(0, stop - place);
    return this.#transport(next, place, end, registers[FRAGMENTED] === 1 ? FAR : stop);
  }

  /** A transport header, or another packet inside. */
  #transport(protocol: number, at: number, end: number, stop: number): number {
    switch (protocol) {
      case 17:
        return this.#udp(at, end, stop);
      case 4:
        return this.#inside(IPIP) ? this.#ip(at, end, stop) : MALFORMED;
      case 41:
        return this.#inside(SIX_IN_FOUR) ? this.#ip(at, end, stop) : MALFORMED;
      case 47:
        return this.#gre(at, end, stop);
      default:
        return WHOLE;
    }
  }

  /** Goes one tunnel deeper; false when there are too many. */
  #inside(tunnel: number): boolean {
    const registers = this.registers;
    const depth = (registers[DEPTH] ?? 0) + 1;
    if (depth > MAX_DEPTH) return false;
    registers[DEPTH] = depth;
    if (depth === 1) registers[TUNNEL] = tunnel;
    return true;
  }

  /** VXLAN (RFC 7348; 8472 is Linux's older port) and Geneve (RFC 8926), by port and a header that could be one. */
  #udp(at: number, end: number, stop: number): number {
    if (end - at < 8) return WHOLE;
    const view = this.#view;
    const port = view.getUint16(at + 2, false);
    if (port === 4789 || port === 8472) {
      if (end - at < 16) return CUT;
      // The I bit says that there is a network identifier; all other flags and the last byte are reserved.
      if ((view.getUint8(at + 8) & 0x08) === 0 || view.getUint8(at + 15) !== 0) return WHOLE;
      return this.#inside(VXLAN) ? this.#ethernet(at + 16, end, stop) : MALFORMED;
    }
    if (port === 6081) {
      if (end - at < 16) return CUT;
      const first = view.getUint8(at + 8);
      if (first >> 6 !== 0) return WHOLE;
      const inner = at + 16 + ((first & 0x3f) << 2);
      const type = view.getUint16(at + 10, false);
      if (!this.#inside(GENEVE)) return MALFORMED;
      return type === 0x6558 ? this.#ethernet(inner, end, stop) : this.#network(type, inner, end, stop);
    }
    // Encrypted: nothing but the outer packet can be read. Messages have a type of 1 to 4 and three bytes of zero.
    if ((port === 51_820 || port === 51_871) && end - at >= 12 && this.registers[TUNNEL] === 0) {
      const type = view.getUint32(at + 8, false) >>> 24;
      if (type >= 1 && type <= 4 && (view.getUint32(at + 8, false) & 0xffffff) === 0)
        this.registers[TUNNEL] = WIREGUARD;
    }
    return WHOLE;
  }

  /** GRE (RFC 2784, 2890): checksum, key and sequence are there when their flag is. */
  #gre(at: number, end: number, stop: number): number {
    if (end - at < 4) return CUT;
    const flags = this.#view.getUint16(at, false);
    const type = this.#view.getUint16(at + 2, false);
    if ((flags & 7) !== 0) return WHOLE;
    const inner =
      at + 4 + ((flags & 0x8000) !== 0 ? 4 : 0) + ((flags & 0x2000) !== 0 ? 4 : 0) + ((flags & 0x1000) !== 0 ? 4 : 0);
    if (type !== 0x0800 && type !== 0x86dd && type !== 0x6558) return WHOLE;
    if (!this.#inside(GRE)) return MALFORMED;
    return type === 0x6558 ? this.#ethernet(inner, end, stop) : this.#ip(inner, end, stop);
  }
}
