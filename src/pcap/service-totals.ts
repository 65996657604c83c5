import type { FlowEnds } from "./flow-ends.ts";
import { COUNTED } from "./flow-layout.ts";
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
  flows = 0;
  established = 0;
  refused = 0;
  /** Of these, those that an ICMP message refused. */
  refusedByIcmp = 0;
  /** Connections of which SYNs were seen and nothing else; those that are counted are `unanswered`. */
  silent = 0;
  /** The server answered the SYN, and the client never acknowledged it. */
  halfOpen = 0;
  /** Connections of which packets of both sides, and of one side only, were seen. */
  bothSides = 0;
  oneSide = 0;
  bytes = NONE;
  /** Sums of both directions, by counter. */
  readonly counts = new Float64Array(COUNTED);
  /** Round trips of handshakes; added up; those that took a second and more with all their SYNs; the longest of these, nanoseconds. */
  readonly handshakes = new Spread(3);
  handshakeNs = NONE;
  slowHandshakes = 0;
  /** SYNs, and answers to them, that were sent again: also among the retransmissions. */
  synsAgain = 0;
  /** Segments that were sent again and again until their connections were seen last, without an answer: also among them. */
  inVain = 0;
  longestHandshakeNs = NONE;
  /** Round trips of data from the recorder to each side, and back, added up, nanoseconds. */
  toServerNs = NONE;
  toServer = 0;
  toClientNs = NONE;
  toClient = 0;
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
  answers = 0;
  slowAnswers = 0;
  answerNs = NONE;
  longestAnswerNs = NONE;
  readonly examples = new Map<Trouble, Example>();

  constructor(server: string) {
    this.server = server;
  }

  /** Where the answers of a service go another way, nobody can tell here that there is none. */
  get unanswered(): number {
    return this.bothSides === 0 && this.oneSide > 0 ? 0 : this.silent;
  }
}
