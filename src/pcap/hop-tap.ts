import type { PacketSink } from "./capture-reader.ts";
import { Decoder } from "./decode.ts";
import { PacketIdentity } from "./packet-identity.ts";
import * as packetRegisters from "./packet-registers.ts";
import { BACKWARD, KNOWN, type PathEnds, STRANGER } from "./path-ends.ts";

const { FRAGMENT, WHOLE } = packetRegisters;

/** What a tap is read with: when the first packet was, and how long after it the present one. */
export type TapClock = { readonly firstNs: bigint | undefined; readonly clock: Float64Array };

/** A piece of a packet that a tap has seen. */
export type Piece = { backward: boolean; known: boolean; length: number };

type TapUser = {
  /** Nanoseconds since the first packet of all points. */
  readonly sinceBase: (ns: bigint) => number;
  readonly see: (one: number, two: number, piece: Piece, tap: number, ns: number, number: number) => void;
  /** After each packet of the two ends. */
  readonly advance: () => void;
};

/** One point's packets on their way into the table of all points. */
export class HopTap implements PacketSink {
  strangers = 0;
  unidentified = 0;
  /** Packets so far: the present one's number, from 1. */
  number = 0;
  /** Time of the present packet, and of the first and the newest; nanoseconds of this node's clock. Infinite before the first. */
  ns = 0;
  firstNs = Number.POSITIVE_INFINITY;
  newestNs = Number.NEGATIVE_INFINITY;
  ended = false;
  readonly #index: number;
  readonly #ends: PathEnds;
  readonly #mtu: number;
  readonly #user: TapUser;
  readonly #decoder = new Decoder();
  readonly #identity = new PacketIdentity();
  readonly #piece: Piece = { backward: false, known: false, length: 0 };
  #clock: TapClock | undefined;
  #offsetNs: number | undefined;

  constructor(
    index: number,
    { ends, mtu, user }: { readonly ends: PathEnds; readonly mtu: number; readonly user: TapUser },
  ) {
    this.#index = index;
    this.#ends = ends;
    this.#mtu = mtu;
    this.#user = user;
  }

  /** Whoever reads for this tap says so before the first packet. */
  readBy(clock: TapClock): void {
    this.#clock = clock;
  }

  buffer(_bytes: Uint8Array, view: DataView): void {
    this.#decoder.buffer(view);
    this.#identity.buffer(view);
  }

  packet(at: number, captured: number, original: number, link: number): void {
    const decoder = this.#decoder;
    const outcome = decoder.decode(at, captured, original, link);
    const clock = this.#clock as TapClock;
    // Exact: whole numbers of nanoseconds up to 104 days.
    this.#offsetNs ??= this.#user.sinceBase(clock.firstNs as bigint);
    const ns = this.#offsetNs + (clock.clock[0] as number);
    this.number++;
    this.ns = ns;
    if (ns < this.firstNs) this.firstNs = ns;
    if (ns > this.newestNs) this.newestNs = ns;
    const registers = decoder.registers;
    const way = outcome === WHOLE || outcome === FRAGMENT ? this.#ends.wayOf(registers) : STRANGER;
    if (way === STRANGER) {
      this.strangers++;
      return;
    }
    const pieces = this.#identity.of(registers, outcome, at + captured, this.#mtu);
    if (pieces === 0) this.unidentified++;
    const { words, lengths } = this.#identity;
    const about = this.#piece;
    about.backward = (way & BACKWARD) !== 0;
    about.known = (way & KNOWN) !== 0;
    for (let piece = 0; piece < pieces; piece++) {
      about.length = lengths[piece] as number;
      this.#user.see(words[piece * 2] as number, words[piece * 2 + 1] as number, about, this.#index, ns, this.number);
    }
    this.#user.advance();
  }

  /** A time of this tap, from nanoseconds since its first packet. */
  at(sinceFirstNs: number): number {
    return (this.#offsetNs ?? 0) + sinceFirstNs;
  }

  gap(): void {}
}
