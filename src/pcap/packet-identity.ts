import * as packetRegisters from "./packet-registers.ts";
import { stampOf } from "./tcp-options.ts";

const { FAMILY, FRAGMENT, FRAGMENT_AT, FRAGMENT_ID, FRAGMENTED, IP_ID, PROTOCOL, TRANSPORT, TRANSPORT_LENGTH, WHOLE } =
  packetRegisters;

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const TCP_HEADER = 20;
const OTHER_HEADER = 8;
/** How much data of a datagram tells it from others; recorded at every point, or the points do not know it again. */
const TELLING_BYTES = 16;
/** Flags that stay the same when segments are merged or cut: FIN, SYN, RST, ACK. */
const STEADY_FLAGS = 0x17;
const FIN = 1;
/** A segment of 64 KiB in the smallest pieces that make sense. */
const MAX_PIECES = 128;

/**
 * What is the same about a packet wherever it is seen: not its addresses and ports (a Service changes them), not its TTL and
 * checksums (every router does), not what is around it (tunnels), but what only its sender decides. Of TCP: sequence and ACK
 * number, length, time stamp; of others: IP ID and data. Two numbers of 32 bits each.
 *
 * Network cards cut large segments and merge small ones, so that one packet at one point may be forty at the next. All are
 * counted in the pieces that were on the wire, which end every `unit` bytes from the beginning of a segment.
 */
export class PacketIdentity {
  /** Identities of the pieces of the packet that was asked about last: two words each. */
  readonly words = new Int32Array(MAX_PIECES * 2);
  /** Length of each piece as an IP packet, bytes. */
  readonly lengths = new Int32Array(MAX_PIECES);
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  /**
   * Of how many pieces the decoded packet is, up to `end`; 0 when too little of it was recorded. `mtu` is the largest IP
   * packet that its sender puts on the wire, bytes.
   */
  of(registers: Int32Array, outcome: number, end: number, mtu: number): number {
    const at = registers[TRANSPORT] as number;
    const header = registers[FAMILY] === 6 ? 40 : 20;
    this.lengths[0] = header + (registers[TRANSPORT_LENGTH] as number);
    if (outcome === FRAGMENT) return this.#one(registers[FRAGMENT_ID] as number, registers[FRAGMENT_AT] as number, 1);
    if (outcome !== WHOLE) return 0;
    switch (registers[PROTOCOL]) {
      case TCP:
        return this.#segment(registers, at, end, mtu - header);
      case UDP:
        return this.#message(registers, at, end, 0);
      case ICMP:
      case ICMPV6:
        // Type and code, and the sequence number of an echo; its identifier may be changed by NAT.
        return end - at < OTHER_HEADER
          ? 0
          : this.#message(
              registers,
              at,
              end,
              (this.#view.getUint16(at, false) << 16) | this.#view.getUint16(at + 6, false),
            );
      default:
        return 0;
    }
  }

  /** `room` is what an IP packet carries, bytes. */
  #segment(registers: Int32Array, at: number, end: number, room: number): number {
    const view = this.#view;
    if (end - at < TCP_HEADER) return 0;
    const header = (view.getUint8(at + 12) >> 4) << 2;
    if (header < TCP_HEADER) return 0;
    const sequence = view.getInt32(at + 4, false);
    const acknowledged = view.getInt32(at + 8, false);
    const flags = view.getUint8(at + 13) & STEADY_FLAGS;
    const length = (registers[TRANSPORT_LENGTH] as number) - header;
    const stamp = stampOf(view, at, header, end);
    if (length <= 0) {
      // Only segments with data are merged; the others keep their IP ID.
      const rest = mixed(view.getUint16(at + 14, false), registers[IP_ID] as number);
      return this.#piece(0, sequence, acknowledged, mixed(flags, rest), stamp);
    }
    const unit = room - header;
    const around = (this.lengths[0] as number) - length;
    const pieces = unit <= 0 ? 1 : Math.min(MAX_PIECES, Math.ceil(length / unit));
    for (let piece = 0; piece < pieces; piece++) {
      const from = piece * unit;
      const last = piece === pieces - 1;
      const size = last ? length - from : unit;
      this.lengths[piece] = around + size;
      this.#piece(piece, (sequence + from) | 0, acknowledged, mixed(last ? flags : flags & ~FIN, size), stamp);
    }
    return pieces;
  }

  #message(registers: Int32Array, at: number, end: number, about: number): number {
    const view = this.#view;
    const length = registers[TRANSPORT_LENGTH] as number;
    const data = at + OTHER_HEADER;
    const telling = Math.min(TELLING_BYTES, length - OTHER_HEADER);
    // The first fragment announces less than the whole, and says no more about the data than that.
    if (telling < 0 || end - data < telling) return 0;
    let hash = mixed(about, registers[FRAGMENTED] as number);
    let place = data;
    for (; place + 4 <= data + telling; place += 4) hash = mixed(hash, view.getInt32(place, false));
    for (; place < data + telling; place++) hash = mixed(hash, view.getUint8(place));
    return this.#one(registers[IP_ID] as number, hash, mixed(length, registers[PROTOCOL] as number));
  }

  #one(first: number, second: number, third: number): number {
    return this.#piece(0, first, second, third, 0);
  }

  #piece(piece: number, first: number, second: number, third: number, fourth: number): 1 {
    this.words[piece * 2] = mixed(mixed(first, second), mixed(third, fourth));
    this.words[piece * 2 + 1] = mixed(mixed(fourth ^ 0x2545f491, third), mixed(second ^ 0x9e3779b1, first));
    return 1;
  }
}

function mixed(hash: number, word: number): number {
  let next = Math.imul(hash ^ (hash >>> 16) ^ Math.imul(word, 0x27d4eb2f), 0x85ebca6b);
  next = Math.imul(next ^ (next >>> 13) ^ word, 0xc2b2ae35);
  return next ^ (next >>> 16);
}
