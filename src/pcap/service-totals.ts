import { addressText, endText } from "./address-text.ts";
import { type FlowEnds, flowEnds } from "./flow-ends.ts";
import {
  ANSWER_LONGEST,
  ANSWER_SUM,
  ANSWERS,
  BEGAN,
  COUNTED,
  COUNTERS,
  DATA_BYTES,
  DIRECTION_WORDS,
  DIRECTIONS,
  ENDS,
  FIRST_PACKET,
  FLAGS,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FULL_NS,
  FULL_SINCE,
  KIND,
  NEWEST,
  OUT_OF_ORDER,
  PORTS,
  RESET_BY_1,
  RESET_IDLE,
  RESET_OF_SYN,
  RESET_PACKET,
  RESET_STATE,
  RESET_TTL,
  RESET_WITH_DATA,
  RETRANSMISSIONS,
  type Slot,
  SPURIOUS,
  STALL_BEGAN,
  STALL_BY_1,
  STALL_KIND,
  STALL_LONGEST,
  STALL_NO_ACK,
  STALL_NO_ANSWER,
  STALL_PACKET,
  STUCK_LENGTH,
  STUCK_TIMES,
  TIME_LINE,
  TTLS,
  WAITS_SINCE,
  ZERO_NS,
  ZERO_SINCE,
} from "./flow-layout.ts";
import { clientOf } from "./tcp-analysis.ts";
import {
  FILLED,
  OVERTAKEN,
  SENT_AFTER_ACKS,
  SENT_AFTER_TIMEOUT,
  SENT_AGAIN,
  SENT_NEEDLESSLY,
  type TimeLines,
  WINDOW_CLOSED,
} from "./time-lines.ts";

const MAX_SERVICES = 1_024;
const BUCKETS = 4_096;
const KEY_WORDS = 6;
/** A SYN that has waited for less may still be answered. */
const UNANSWERED_NS = 1e9;
const STALL_NS = 1e9;

/** What examples are kept of. */
export type Trouble =
  | "loss"
  | "spurious"
  | "reordering"
  | "blackHole"
  | "refused"
  | "unanswered"
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
  unanswered = 0;
  bytes = 0;
  /** Sums of both directions, by counter. */
  readonly counts = new Float64Array(COUNTED);
  zeroNs = 0;
  fullNs = 0;
  stalls = 0;
  /** Connections with a full-size segment that never got through. */
  blackHoles = 0;
  blackHoleBytes = 0;
  resetsWithData = 0;
  resetsIdle = 0;
  foreignResets = 0;
  answers = 0;
  slowAnswers = 0;
  answerNs = 0;
  longestAnswerNs = 0;
  readonly examples = new Map<Trouble, Example>();

  constructor(server: string) {
    this.server = server;
  }

  /** Counts one case; remembers it when it is the worst so far. */
  example(trouble: Trouble, score: number, make: () => Omit<Example, "score">): void {
    if (score <= (this.examples.get(trouble)?.score ?? 0)) return;
    this.examples.set(trouble, { score, ...make() });
  }
}

/**
 * Adds connections up by service when they leave the table, so that what is counted does not depend on how long they were
 * kept. 1,024 services are told apart; all further ones are one.
 */
export class Services {
  readonly others = new ServiceTotals("other servers");
  readonly #list: ServiceTotals[] = [];
  readonly #keys = new Int32Array(MAX_SERVICES * KEY_WORDS);
  readonly #buckets = new Int32Array(BUCKETS).fill(-1);
  readonly #lines: TimeLines;
  /** Connections of which packets of one side only were seen. */
  halfSeen = 0;

  constructor(lines: TimeLines) {
    this.#lines = lines;
  }

  get list(): readonly ServiceTotals[] {
    return this.others.flows > 0 ? [...this.#list, this.others] : this.#list;
  }

  /** Adds a connection; `until` is the time of the newest packet of the capture. */
  add({ words, at, times, timesAt }: Slot, until: number): void {
    const flags = words[at + FLAGS] as number;
    const client = clientOf(words, at);
    const service = this.#of(words, at, 1 - client);
    const blocks = [0, 1].map((direction) => at + DIRECTIONS + direction * DIRECTION_WORDS);
    const packets = blocks.map((block) => words[block + COUNTERS] as number);
    const both = (packets[0] ?? 0) > 0 && (packets[1] ?? 0) > 0;
    const example = (
      trouble: Trouble,
      score: number,
      side: number,
      kinds: readonly number[],
      where?: { atNs: number; packet: number },
    ): void =>
      service.example(trouble, score, () => {
        const event = this.#lines.of(words, at + TIME_LINE).find((one) => kinds.includes(one.event));
        return {
          ends: flowEnds(words, at),
          by: side === client ? "client" : "server",
          atNs: where?.atNs ?? event?.atNs ?? (times[timesAt + BEGAN] as number),
          packet: where?.packet ?? event?.packet ?? (words[at + FIRST_PACKET] as number),
        };
      });
    service.flows++;
    if ((flags & FLOW_ESTABLISHED) !== 0) service.established++;
    if ((flags & FLOW_REFUSED) !== 0) {
      service.refused++;
      const atNs = times[timesAt + NEWEST] as number;
      example("refused", 1, 1 - client, [], { atNs, packet: words[at + RESET_PACKET] as number });
    }
    const unanswered = (flags & (FLOW_SYN | FLOW_SYN_ACK | FLOW_REFUSED | FLOW_ESTABLISHED)) === FLOW_SYN;
    if (unanswered && until - (times[timesAt + BEGAN] as number) >= UNANSWERED_NS && (packets[1 - client] ?? 0) === 0) {
      service.unanswered++;
      example("unanswered", words[(blocks[client] ?? 0) + COUNTERS] as number, client, []);
    } else if (!both && !unanswered && (packets[0] ?? 0) + (packets[1] ?? 0) > 2) this.halfSeen++;

    for (const [direction, block] of blocks.entries()) {
      const count = (counter: number): number => words[block + COUNTERS + counter] as number;
      for (let counter = 0; counter < COUNTED; counter++)
        service.counts[counter] = (service.counts[counter] as number) + count(counter);
      const double = block >> 1;
      service.bytes += times[double + DATA_BYTES] as number;
      const resent = count(RETRANSMISSIONS) - count(SPURIOUS);
      if (resent > 0) example("loss", resent, direction, [SENT_AFTER_TIMEOUT, SENT_AFTER_ACKS, SENT_AGAIN]);
      if (count(SPURIOUS) > 0) example("spurious", count(SPURIOUS), direction, [SENT_NEEDLESSLY]);
      if (count(OUT_OF_ORDER) > 0) example("reordering", count(OUT_OF_ORDER), direction, [OVERTAKEN]);
      const end = times[timesAt + NEWEST] as number;
      const zero = (times[double + ZERO_NS] as number) + openEnd(times[double + ZERO_SINCE] as number, end);
      const full = (times[double + FULL_NS] as number) + openEnd(times[double + FULL_SINCE] as number, end);
      service.zeroNs += zero;
      service.fullNs += full;
      if (zero > 0) example("zero", zero, direction, [WINDOW_CLOSED]);
      if (full > 0) example("full", full, direction, [FILLED]);
      if ((words[block + STUCK_TIMES] as number) >= 2 && both) {
        service.blackHoles++;
        service.blackHoleBytes = Math.max(service.blackHoleBytes, words[block + STUCK_LENGTH] as number);
        example("blackHole", words[block + STUCK_TIMES] as number, direction, [SENT_AFTER_TIMEOUT, SENT_AGAIN]);
      }
      // It waits for an ACK that has not come when the connection is seen last.
      const since = times[double + WAITS_SINCE] as number;
      if (both && !unanswered && since > 0 && end - since >= STALL_NS) {
        service.stalls++;
        example("stall", end - since, 1 - direction, [SENT_AFTER_TIMEOUT, SENT_AGAIN]);
      }
    }
    this.#addStall(service, words, at, times, timesAt, example);
    this.#addReset(service, words, at, times, timesAt, client, flags, example);
  }

  #addStall(
    service: ServiceTotals,
    words: Int32Array,
    at: number,
    times: Float64Array,
    timesAt: number,
    example: (
      trouble: Trouble,
      score: number,
      side: number,
      kinds: readonly number[],
      where: { atNs: number; packet: number },
    ) => void,
  ): void {
    service.answers += words[at + ANSWERS] as number;
    service.answerNs += times[timesAt + ANSWER_SUM] as number;
    const longest = times[timesAt + ANSWER_LONGEST] as number;
    service.longestAnswerNs = Math.max(service.longestAnswerNs, longest);
    const kind = words[at + STALL_KIND] as number;
    if (kind === 0) return;
    const where = { atNs: times[timesAt + STALL_BEGAN] as number, packet: words[at + STALL_PACKET] as number };
    const side = (kind & STALL_BY_1) !== 0 ? 1 : 0;
    const trouble = (kind & ~STALL_BY_1) === STALL_NO_ACK ? "stall" : "slow";
    if (trouble === "stall") service.stalls++;
    if ((kind & ~STALL_BY_1) === STALL_NO_ANSWER) service.slowAnswers++;
    example(trouble, times[timesAt + STALL_LONGEST] as number, side, [], where);
  }

  #addReset(
    service: ServiceTotals,
    words: Int32Array,
    at: number,
    times: Float64Array,
    timesAt: number,
    client: number,
    flags: number,
    example: (
      trouble: Trouble,
      score: number,
      side: number,
      kinds: readonly number[],
      where: { atNs: number; packet: number },
    ) => void,
  ): void {
    const state = words[at + RESET_STATE] as number;
    if (state === 0) return;
    const side = (state & RESET_BY_1) !== 0 ? 1 : 0;
    const found = state & ~RESET_BY_1;
    const where = { atNs: times[timesAt + NEWEST] as number, packet: words[at + RESET_PACKET] as number };
    // A side whose packets had another number of hops to go did not send the reset itself (or its route has changed).
    const usual = ((words[at + TTLS] as number) >> (side * 8)) & 255;
    const foreign = usual !== 0 && usual !== (words[at + RESET_TTL] as number) && found !== RESET_OF_SYN;
    if (foreign) {
      service.foreignResets++;
      example("foreignReset", 1, side, [], where);
    } else if (found === RESET_WITH_DATA) service.resetsWithData++;
    else if (found === RESET_IDLE && side !== client && (flags & FLOW_SYN) !== 0) service.resetsIdle++;
    else return;
    if (!foreign) example("reset", found === RESET_WITH_DATA ? 2 : 1, side, [], where);
  }

  #of(words: Int32Array, at: number, server: number): ServiceTotals {
    const end = at + ENDS + server * 4;
    const ports = words[at + PORTS] as number;
    const port = server === 0 ? ports >>> 16 : ports & 0xffff;
    const kind = words[at + KIND] as number;
    let hash = Math.imul(port ^ kind, 0x85ebca6b);
    for (let word = 0; word < 4; word++)
      hash = Math.imul(hash ^ (words[end + word] as number), 0xc2b2ae35) ^ (hash >>> 13);
    let bucket = (hash ^ (hash >>> 16)) & (BUCKETS - 1);
    for (;;) {
      const service = this.#buckets[bucket] as number;
      if (service === -1) break;
      if (this.#matches(service * KEY_WORDS, words, end, port, kind)) return this.#list[service] as ServiceTotals;
      bucket = (bucket + 1) & (BUCKETS - 1);
    }
    const index = this.#list.length;
    if (index === MAX_SERVICES) return this.others;
    this.#buckets[bucket] = index;
    this.#keys.set([kind, port], index * KEY_WORDS);
    for (let word = 0; word < 4; word++) this.#keys[index * KEY_WORDS + 2 + word] = words[end + word] as number;
    const made = new ServiceTotals(endText(addressText(words, end, kind >> 8 === 6), port));
    this.#list.push(made);
    return made;
  }

  #matches(key: number, words: Int32Array, end: number, port: number, kind: number): boolean {
    const keys = this.#keys;
    if (keys[key] !== kind || keys[key + 1] !== port) return false;
    for (let word = 0; word < 4; word++) if (keys[key + 2 + word] !== words[end + word]) return false;
    return true;
  }
}

/** How long something lasts that has not ended when the connection is seen last. */
function openEnd(since: number, end: number): number {
  return since > 0 ? Math.max(0, end - since) : 0;
}
