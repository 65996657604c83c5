import type { FlowEnds } from "./flow-ends.ts";
import { COUNTED } from "./flow-layout.ts";
import * as serviceSums from "./service-sums.ts";
import { Spread } from "./spread.ts";

/**
 * Where sums with fractions begin: minus zero is stored as a number with a fraction. From a whole number on, all code that
 * knows the class would be compiled again when the first fraction comes.
 */
export const NONE = -0;

/** What examples are kept of. */
export type Trouble =
  | "loss"
  | "spurious"
  | "reordering"
  | "blackHole"
  | "tooBig"
  | "refused"
  | "unanswered"
  | "halfOpen"
  | "handshake"
  | "reset"
  | "foreignReset"
  | "zero"
  | "full"
  | "stall"
  | "slow";

/** The worst connection of a service in one respect. Times in nanoseconds, `atNs` since the first packet. */
export type Example = {
  readonly score: number;
  readonly ends: FlowEnds;
  readonly atNs: number;
  readonly packet: number;
  /** Which side it is about: the one that lost, was silent, did not read, sent the reset. */
  readonly by: "client" | "server";
};

/** All connections of one server address and port. */
export class ServiceTotals {
  readonly server: string;
  readonly #room: serviceSums.ServiceSums;
  readonly #service: number;
  refused = 0;
  /** Of these, those that an ICMP message refused. */
  refusedByIcmp = 0;
  /** Connections of which SYNs were seen and nothing else; those that are counted are `unanswered`. */
  silent = 0;
  /** The server answered the SYN, and the client never acknowledged it. */
  halfOpen = 0;
  /** Handshakes that took a second and more with all their SYNs. */
  slowHandshakes = 0;
  /** SYNs, and answers to them, that were sent again: also among the retransmissions. */
  synsAgain = 0;
  /** Segments that were sent again and again until their connections were seen last, without an answer: also among them. */
  inVain = 0;
  longestHandshakeNs = NONE;
  /** How long receivers had no room, and senders filled the room that there was; and in how many connections. */
  zeroNs = NONE;
  zeroConnections = 0;
  fullNs = NONE;
  fullConnections = 0;
  stalls = 0;
  /** Connections with a full-size segment that never got through. */
  blackHoles = 0;
  blackHoleBytes = 0;
  /** Of these, those about which a router said that a packet is too big. */
  blackHolesTold = 0;
  /** Connections whose sender went on with what a router had called too big, and it never got through. */
  tooBig = 0;
  resetsWithData = 0;
  resetsIdle = 0;
  /** Of these, those with another TTL than what came before from the same side. */
  resetsOtherTtl = 0;
  /** Resets that the side which they name did not send: it went on afterwards; or two of their marks are not its own. */
  foreignResets = 0;
  foreignCertain = 0;
  slowAnswers = 0;
  readonly examples = new Map<Trouble, Example>();

  /** `service` is the number under which `room` has its sums. */
  constructor(server: string, room: serviceSums.ServiceSums, service: number) {
    this.server = server;
    this.#room = room;
    this.#service = service;
  }

  get flows(): number {
    return this.#room.sum(this.#service, serviceSums.FLOWS);
  }

  get established(): number {
    return this.#room.sum(this.#service, serviceSums.ESTABLISHED);
  }

  get bothSides(): number {
    return this.#room.sum(this.#service, serviceSums.BOTH_SIDES);
  }

  get bytes(): number {
    return this.#room.sum(this.#service, serviceSums.BYTES);
  }

  /** Sums of both directions, by counter. */
  get counts(): Float64Array {
    const first = this.#service * serviceSums.ROW + serviceSums.COUNTS;
    return this.#room.sums.subarray(first, first + COUNTED);
  }

  /** Round trips of handshakes, and the mean of them, nanoseconds. */
  get handshakes(): Spread {
    const spread = new Spread(serviceSums.HANDSHAKE_BITS);
    spread.addCounters(this.#room.handshakesOf(this.#service));
    return spread;
  }

  get meanHandshakeNs(): number | undefined {
    return this.#mean(serviceSums.HANDSHAKE_NS, serviceSums.TIMED);
  }

  /** Means of the round trips of data from the recorder to each side and back, nanoseconds. */
  get meanToServerNs(): number | undefined {
    return this.#mean(serviceSums.TO_SERVER_NS, serviceSums.TO_SERVER);
  }

  get meanToClientNs(): number | undefined {
    return this.#mean(serviceSums.TO_CLIENT_NS, serviceSums.TO_CLIENT);
  }

  get answers(): number {
    return this.#room.sum(this.#service, serviceSums.ANSWERED);
  }

  /** 0 without answers. */
  get meanAnswerNs(): number {
    return this.#mean(serviceSums.ANSWER_NS, serviceSums.ANSWERED) ?? 0;
  }

  get longestAnswerNs(): number {
    return this.#room.sum(this.#service, serviceSums.LONGEST_ANSWER_NS);
  }

  #mean(sum: number, count: number): number | undefined {
    const of = this.#room.sum(this.#service, count);
    return of === 0 ? undefined : this.#room.sum(this.#service, sum) / of;
  }

  /** Where the answers of a service go another way, nobody can tell here that there is none. */
  get unanswered(): number {
    const oneSide = this.#room.sum(this.#service, serviceSums.ONE_SIDE);
    return this.bothSides === 0 && oneSide > 0 ? 0 : this.silent;
  }
}
