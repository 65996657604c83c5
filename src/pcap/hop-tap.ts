import type { PacketSink } from "./capture-reader.ts";
import type { ConnectionPoints } from "./connection-points.ts";
import { Decoder } from "./decode.ts";
import { PacketIdentity } from "./packet-identity.ts";
import * as packetRegisters from "./packet-registers.ts";
import { BACKWARD, connectionOf, FROM_OWN, type PathEnds, STRANGER, TO_OWN } from "./path-ends.ts";
import type { Sightings } from "./sightings.ts";

const { FRAGMENT, TTL, WHOLE } = packetRegisters;

/** What a tap is read with: when the first packet was, and how long after it the present one. */
export type TapClock = { readonly firstNs: bigint | undefined; readonly clock: Float64Array };

/** Where a tap stands, and who wants its packets. */
type TapUser = {
  readonly point: number;
  /** Told a packet's number here, answers the one under which it is known to all. */
  readonly numberOf: (number: number) => number;
  readonly ends: PathEnds;
  /** The largest IP packet that either end puts on the wire, bytes. */
  readonly mtu: number;
  readonly sightings: Sightings;
  /** Where packets may be masked on the way: notes who sees a connection by its own addresses. */
  readonly connections?: ConnectionPoints | undefined;
  /** Nanoseconds since the first packet of all points. */
  readonly sinceBase: (ns: bigint) => number;
  /** The present packet had no room. */
  readonly refused: () => void;
  /** Now and then. */
  readonly advance: () => void;
};

/**
 * With so few routers left a packet is a trace, or has gone in circles. Systems send with 64 and more, and a path through a
 * cluster has fewer routers than that takes. Neighbours talk with 1, but not to other networks.
 */
const FADING_TTL = 8;
/** So often, in packets. */
const ADVANCE_EVERY = 64;

/** One point's packets on their way into the table of all points. */
export class HopTap implements PacketSink {
  strangers = 0;
  unidentified = 0;
  /** Packets so far: the present one's number, from 1. */
  number = 0;
  /** [0]: time of the present packet, nanoseconds of this node's clock. */
  readonly now = new Float64Array(1);
  /** Of the first and the newest; infinite before the first. */
  firstNs = Number.POSITIVE_INFINITY;
  newestNs = Number.NEGATIVE_INFINITY;
  ended = false;
  readonly #user: TapUser;
  readonly #decoder = new Decoder();
  readonly #identity = new PacketIdentity();
  readonly #piece = { backward: false, fromOwn: false, toOwn: false, fading: false, length: 0, flow: 0 };
  #view: DataView = new DataView(new ArrayBuffer(0));
  #clock: TapClock | undefined;
  #offsetNs: number | undefined;

  constructor(user: TapUser) {
    this.#user = user;
  }

  /** Whoever reads for this tap says so before the first packet. */
  readBy(clock: TapClock): void {
    this.#clock = clock;
  }

  buffer(_bytes: Uint8Array, view: DataView): void {
    this.#view = view;
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
    this.now[0] = ns;
    if (ns < this.firstNs) this.firstNs = ns;
    if (ns > this.newestNs) this.newestNs = ns;
    if (this.number % ADVANCE_EVERY === 0) this.#user.advance();
    const { ends, mtu, sightings, connections, point } = this.#user;
    const registers = decoder.registers;
    const way = outcome === WHOLE || outcome === FRAGMENT ? ends.wayOf(registers) : STRANGER;
    if (way === STRANGER) {
      this.strangers++;
      return;
    }
    const pieces = this.#identity.of(registers, outcome, at + captured, mtu);
    if (pieces === 0) this.unidentified++;
    const { words, lengths } = this.#identity;
    const about = this.#piece;
    about.backward = (way & BACKWARD) !== 0;
    about.fromOwn = (way & FROM_OWN) !== 0;
    about.toOwn = (way & TO_OWN) !== 0;
    // Its goal is not seen by its own address yet: whether that is who is meant, other packets of the connection tell.
    const translated = about.backward ? about.fromOwn : about.toOwn;
    about.flow = translated && !connections ? 0 : connectionOf(registers, this.#view, outcome, at + captured);
    if (connections && about.fromOwn && about.toOwn) connections.note(about.flow, point, about.backward);
    about.fading = (registers[TTL] as number) <= FADING_TTL;
    const number = this.#user.numberOf(this.number);
    const { refused } = sightings;
    for (let piece = 0; piece < pieces; piece++) {
      about.length = lengths[piece] as number;
      sightings.see(words[piece * 2] as number, words[piece * 2 + 1] as number, about, point, this.now, number);
    }
    if (sightings.refused !== refused) this.#user.refused();
  }

  /** A time of this tap, from nanoseconds since its first packet. */
  at(sinceFirstNs: number): number {
    return (this.#offsetNs ?? 0) + sinceFirstNs;
  }

  gap(): void {}
}
