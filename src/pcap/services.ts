import { addressText, endText } from "./address-text.ts";
import { Clients, type ClientTotals } from "./client-totals.ts";
import { flowEnds } from "./flow-ends.ts";
import type { Slot } from "./flow-layout.ts";
import * as layout from "./flow-layout.ts";
import { ServiceTotals, type Trouble } from "./service-totals.ts";
import { clientOf } from "./tcp-analysis.ts";
import {
  FILLED,
  OVERTAKEN,
  RESET,
  SENT_AFTER_ACKS,
  SENT_AFTER_TIMEOUT,
  SENT_AGAIN,
  SENT_NEEDLESSLY,
  type TimeLines,
  TOLD_TOO_BIG,
  WINDOW_CLOSED,
} from "./time-lines.ts";

const {
  ACKED,
  AGAIN_TIMES,
  ANSWER_LONGEST,
  ANSWER_SUM,
  ANSWERS,
  BEGAN,
  COUNTED,
  COUNTERS,
  DATA_BYTES,
  DATA_PACKETS,
  DIRECTION_WORDS,
  DIRECTIONS,
  ENDS,
  FIRST_PACKET,
  FLAGS,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FLOW_TOO_BIG,
  FLOW_TOO_BIG_1,
  FLOW_TOO_BIG_AGAIN,
  FLOW_UNREACHABLE,
  FULL_NS,
  FULL_SINCE,
  HANDSHAKE,
  KIND,
  NEWEST,
  NEWEST_ACK,
  OTHER_TTL,
  OUT_OF_ORDER,
  PACKETS,
  PORTS,
  RESET_BY_1,
  RESET_IDLE,
  RESET_ODD,
  RESET_OF_SYN,
  RESET_PACKET,
  RESET_STATE,
  RESET_TTL,
  RESET_WENT_ON,
  RESET_WITH_DATA,
  RESETS,
  RETRANSMISSIONS,
  ROUND_TRIP_SUM,
  ROUND_TRIPS,
  SPURIOUS,
  STALL_BEGAN,
  STALL_BY_1,
  STALL_KIND,
  STALL_LONGEST,
  STALL_NO_ACK,
  STALL_PACKET,
  STUCK_LENGTH,
  STUCK_TIMES,
  SYN_AT,
  TIME_LINE,
  TIMEOUTS,
  TOO_BIG_AT,
  TTLS,
  UNSEEN,
  WAITS_SINCE,
  ZERO_NS,
  ZERO_SINCE,
} = layout;

const MAX_SERVICES = 1_024;
const BUCKETS = 4_096;
const KEY_WORDS = 6;
/** A SYN that has waited for less may still be answered. */
const UNANSWERED_NS = 1e9;
const STALL_NS = 1e9;
/** Nobody waits so long for a connection unless a SYN or its answer was lost: SYNs are sent again after a second. */
const SLOW_HANDSHAKE_NS = 0.9e9;
/** A connection is held back by its receiver when it waits for so much of its time. */
const FULL_SHARE = 0.1;

/** A segment that was sent so often again was sent to somebody who is gone. */
const LEAST_IN_VAIN = 3;
/** Flags that say how far the opening of a connection went. */
const OPENING = FLOW_SYN | FLOW_SYN_ACK | FLOW_REFUSED | FLOW_ESTABLISHED;

/** Events that show where a trouble began. */
const NO_EVENTS: readonly number[] = [];
const RESENT = [SENT_AFTER_TIMEOUT, SENT_AFTER_ACKS, SENT_AGAIN];
const NEEDLESS = [SENT_NEEDLESSLY];
const REORDERED = [OVERTAKEN];
const CLOSED = [WINDOW_CLOSED];
const FULL = [FILLED];
const RESETS_SEEN = [RESET];
const TOLD = [TOLD_TOO_BIG];

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
  readonly clients = new Clients();
  /** Connections whose directions were seen at different interfaces. */
  split = 0;
  /** SYNs for whose answer there was no time before the capture ended. */
  open = 0;
  #halfSeen = 0;
  /** Connections that were seen at several interfaces. */
  merged = 0;
  /** Pieces of data that were acknowledged but not captured. */
  unseen = 0;

  constructor(lines: TimeLines) {
    this.#lines = lines;
  }

  get list(): readonly ServiceTotals[] {
    return this.others.flows > 0 ? [...this.#list, this.others] : this.#list;
  }

  /** Of a counter, over all. */
  total(counter: number): number {
    return this.list.reduce((sum, { counts }) => sum + (counts[counter] as number), 0);
  }

  /** Connections of which packets of one side only were seen, and whose other side may have been somewhere else. */
  get halfSeen(): number {
    return this.list.reduce((sum, { silent, unanswered }) => sum + silent - unanswered, this.#halfSeen);
  }

  /**
   * Adds a connection of which nothing more will be seen up to `until`. `merged` tells that it was seen at several
   * interfaces, `split` that its directions were seen at different ones.
   */
  add(slot: Slot, merged: boolean, until: number, split: boolean): void {
    const { words, at } = slot;
    const flags = words[at + FLAGS] as number;
    const client = clientOf(words, at);
    const service = this.#of(words, at, 1 - client);
    const from = this.clients.of(words, at + ENDS + client * 4, (words[at + KIND] as number) >> 8 === 6);
    if (merged) this.merged++;
    if (split) this.split++;
    this.unseen += words[at + UNSEEN] as number;
    service.flows++;
    from.flows++;
    const packets = at + DIRECTIONS + COUNTERS + PACKETS;
    const mine = words[packets + client * DIRECTION_WORDS] as number;
    const theirs = words[packets + (1 - client) * DIRECTION_WORDS] as number;
    const both = mine > 0 && theirs > 0;
    // Who acknowledges something has got an answer, wherever that went.
    const acknowledges = ((words[at + DIRECTIONS + client * DIRECTION_WORDS] as number) & ACKED) !== 0;
    const silent = (flags & OPENING) === FLOW_SYN && theirs === 0 && !acknowledges;
    if (both) service.bothSides++;
    else if (!silent || split) {
      service.oneSide++;
      if (mine + theirs > 2 || split) this.#halfSeen++;
    }
    if (!split) this.#addOpening(service, from, slot, client, silent, acknowledges, until);
    this.#addSide(service, from, slot, 0, both);
    this.#addSide(service, from, slot, 1, both);
    this.#addSilence(service, slot);
    if (words[at + RESET_STATE] !== 0) this.#addReset(service, slot, client);
  }

  /** How it began: `silent` tells that nothing came back, `acknowledges` that the client said that something did. */
  #addOpening(
    service: ServiceTotals,
    from: ClientTotals,
    slot: Slot,
    client: 0 | 1,
    silent: boolean,
    acknowledges: boolean,
    until: number,
  ): void {
    const { words, at, times, timesAt } = slot;
    const flags = words[at + FLAGS] as number;
    const began = times[timesAt + BEGAN] as number;
    const waited = until - began >= UNANSWERED_NS;
    if ((flags & FLOW_REFUSED) !== 0) {
      service.refused++;
      from.failed++;
      const newest = times[timesAt + NEWEST] as number;
      this.#example(service, slot, "refused", 1, 1 - client, NO_EVENTS, newest, words[at + RESET_PACKET] as number);
    } else if (silent && (flags & FLOW_UNREACHABLE) !== 0) {
      service.refused++;
      service.refusedByIcmp++;
      from.failed++;
      this.#example(service, slot, "refused", 1, 1 - client, NO_EVENTS);
    } else if (silent && !waited) this.open++;
    else if (silent) {
      service.silent++;
      from.failed++;
      const tries = words[at + DIRECTIONS + client * DIRECTION_WORDS + COUNTERS + PACKETS] as number;
      this.#example(service, slot, "unanswered", tries, client, NO_EVENTS);
    } else if ((flags & OPENING) === (FLOW_SYN | FLOW_SYN_ACK) && !acknowledges && waited) {
      if (words[at + RESET_STATE] !== 0) return;
      service.halfOpen++;
      from.failed++;
      const answers = words[at + DIRECTIONS + (1 - client) * DIRECTION_WORDS + COUNTERS + PACKETS] as number;
      this.#example(service, slot, "halfOpen", answers, client, NO_EVENTS);
    } else if ((flags & FLOW_ESTABLISHED) !== 0) {
      service.established++;
      from.established++;
      const roundTrip = times[timesAt + HANDSHAKE] as number;
      service.handshakes.add(roundTrip);
      service.handshakeNs += Math.max(0, roundTrip);
      from.handshakes++;
      from.handshakeNs += Math.max(0, roundTrip);
      // From the first SYN on: the round trip is that of the one that was answered.
      const took = roundTrip + Math.max(0, (times[timesAt + SYN_AT] as number) - began);
      if (took < SLOW_HANDSHAKE_NS) return;
      service.slowHandshakes++;
      service.longestHandshakeNs = Math.max(service.longestHandshakeNs, took);
      this.#example(service, slot, "handshake", took, client, NO_EVENTS);
    }
  }

  /** Adds what one direction sent; `both` tells that its ACKs could be seen. */
  #addSide(service: ServiceTotals, from: ClientTotals, slot: Slot, direction: 0 | 1, both: boolean): void {
    const { words, at, times, timesAt } = slot;
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    const double = block >> 1;
    const first = block + COUNTERS;
    const counts = service.counts;
    for (let counter = 0; counter < COUNTED; counter++) {
      const counted = words[first + counter] as number;
      if (counted !== 0) counts[counter] = (counts[counter] as number) + counted;
    }
    service.bytes += times[double + DATA_BYTES] as number;
    from.bytes += times[double + DATA_BYTES] as number;
    from.dataPackets += words[first + DATA_PACKETS] as number;
    from.retransmissions += words[first + RETRANSMISSIONS] as number;
    from.timeouts += words[first + TIMEOUTS] as number;
    from.resets += words[first + RESETS] as number;
    // What the client sends is acknowledged by the server: that is the way between the recorder and the server.
    if (direction === clientOf(words, at)) {
      service.toServer += words[first + ROUND_TRIPS] as number;
      service.toServerNs += times[double + ROUND_TRIP_SUM] as number;
    } else {
      service.toClient += words[first + ROUND_TRIPS] as number;
      service.toClientNs += times[double + ROUND_TRIP_SUM] as number;
    }
    const spurious = words[first + SPURIOUS] as number;
    const syns = ((words[at + TTLS] as number) >>> (16 + direction * 8)) & 255;
    service.synsAgain += syns;
    // One segment again and again until the end is no loss among others: nobody is there any more.
    const again = words[block + AGAIN_TIMES] as number;
    const inVain = again >= LEAST_IN_VAIN ? again : 0;
    service.inVain += inVain;
    const resent = (words[first + RETRANSMISSIONS] as number) - spurious - syns - inVain;
    const overtaken = words[first + OUT_OF_ORDER] as number;
    if (resent > 0) this.#example(service, slot, "loss", resent, direction, RESENT);
    if (spurious > 0) this.#example(service, slot, "spurious", spurious, direction, NEEDLESS);
    if (overtaken > 0) this.#example(service, slot, "reordering", overtaken, direction, REORDERED);
    const end = times[timesAt + NEWEST] as number;
    const zero = (times[double + ZERO_NS] as number) + openEnd(times[double + ZERO_SINCE] as number, end);
    const full = (times[double + FULL_NS] as number) + openEnd(times[double + FULL_SINCE] as number, end);
    if (zero > 0) {
      service.zeroNs += zero;
      service.zeroConnections++;
      this.#example(service, slot, "zero", zero, direction, CLOSED);
    }
    if (full > 0) {
      service.fullNs += full;
      service.fullConnections++;
      if (full >= FULL_SHARE * (end - (times[timesAt + BEGAN] as number)))
        this.#example(service, slot, "full", full, direction, FULL);
    }
    if (!both) return;
    const stuck = words[block + STUCK_TIMES] as number;
    if (stuck >= 2) {
      service.blackHoles++;
      if (((words[at + FLAGS] as number) & FLOW_TOO_BIG) !== 0) service.blackHolesTold++;
      service.blackHoleBytes = Math.max(service.blackHoleBytes, words[block + STUCK_LENGTH] as number);
      this.#example(service, slot, "blackHole", stuck, direction, RESENT);
    } else this.#addTooBig(service, slot, direction);
    // It waits for an ACK that has not come when the connection is seen last.
    const since = times[double + WAITS_SINCE] as number;
    if (((words[at + FLAGS] as number) & OPENING) === (FLOW_SYN | FLOW_SYN_ACK)) return;
    if (since > 0 && end - since >= STALL_NS) {
      service.stalls++;
      this.#example(service, slot, "stall", end - since, 1 - direction, RESENT);
    }
  }

  /** What a router calls too big is sent in smaller pieces: that is no trouble, unless it is not. */
  #addTooBig(service: ServiceTotals, slot: Slot, direction: 0 | 1): void {
    const { words, at } = slot;
    const flags = words[at + FLAGS] as number;
    const sender = (flags & FLOW_TOO_BIG_1) !== 0 ? 1 : 0;
    if ((flags & FLOW_TOO_BIG_AGAIN) === 0 || sender !== direction) return;
    const other = at + DIRECTIONS + (1 - direction) * DIRECTION_WORDS;
    const beyond = ((words[other + NEWEST_ACK] as number) - (words[at + TOO_BIG_AT] as number)) | 0;
    if (((words[other] as number) & ACKED) !== 0 && beyond > 0) return;
    service.tooBig++;
    this.#example(service, slot, "tooBig", 1, direction, TOLD);
  }

  /** Adds the times to answers, and the longest silence while something was waited for. */
  #addSilence(service: ServiceTotals, slot: Slot): void {
    const { words, at, times, timesAt } = slot;
    service.answers += words[at + ANSWERS] as number;
    service.answerNs += times[timesAt + ANSWER_SUM] as number;
    service.longestAnswerNs = Math.max(service.longestAnswerNs, times[timesAt + ANSWER_LONGEST] as number);
    const kind = words[at + STALL_KIND] as number;
    if (kind === 0) return;
    const side = (kind & STALL_BY_1) !== 0 ? 1 : 0;
    const trouble = (kind & ~STALL_BY_1) === STALL_NO_ACK ? "stall" : "slow";
    if (trouble === "stall") service.stalls++;
    else service.slowAnswers++;
    const began = times[timesAt + STALL_BEGAN] as number;
    const packet = words[at + STALL_PACKET] as number;
    this.#example(service, slot, trouble, times[timesAt + STALL_LONGEST] as number, side, NO_EVENTS, began, packet);
  }

  #addReset(service: ServiceTotals, slot: Slot, client: number): void {
    const { words, at } = slot;
    const state = words[at + RESET_STATE] as number;
    const side = (state & RESET_BY_1) !== 0 ? 1 : 0;
    const found = state & ~RESET_BY_1;
    // Another number of hops alone may be another way; kernels and load balancers answer with other TTLs of their own.
    const about = words[at + RESET_TTL] as number;
    const usual = ((words[at + TTLS] as number) >> (side * 8)) & 255;
    const block = words[at + DIRECTIONS + side * DIRECTION_WORDS] as number;
    const otherTtl = usual !== 0 && usual !== (about & 255) && (block & OTHER_TTL) === 0 && found !== RESET_OF_SYN;
    const wentOn = (about & RESET_WENT_ON) !== 0;
    const odd = (about & RESET_ODD) !== 0;
    if ((otherTtl ? 1 : 0) + (odd ? 1 : 0) + (wentOn ? 1 : 0) >= 2) {
      service.foreignResets++;
      if (wentOn) service.foreignCertain++;
      this.#example(service, slot, "foreignReset", wentOn ? 2 : 1, side, RESETS_SEEN);
      return;
    }
    // A client that ends a connection by a reset after everything has arrived does no harm.
    if (found === RESET_WITH_DATA) service.resetsWithData++;
    else if (found === RESET_IDLE && side !== client && ((words[at + FLAGS] as number) & FLOW_SYN) !== 0)
      service.resetsIdle++;
    else return;
    if (otherTtl) service.resetsOtherTtl++;
    this.#example(service, slot, "reset", found === RESET_WITH_DATA ? 2 : 1, side, RESETS_SEEN);
  }

  /**
   * Remembers a connection when it is the worst so far. Where it began to show is `atNs` and `packet`, or the first event of
   * its time line that is one of `events`.
   */
  #example(
    service: ServiceTotals,
    { words, at, times, timesAt }: Slot,
    trouble: Trouble,
    score: number,
    side: number,
    events: readonly number[],
    atNs?: number,
    packet?: number,
  ): void {
    if (score <= (service.examples.get(trouble)?.score ?? 0)) return;
    const event = this.#lines.of(words, at + TIME_LINE).find((one) => events.includes(one.event));
    service.examples.set(trouble, {
      score,
      ends: flowEnds(words, at),
      by: side === clientOf(words, at) ? "client" : "server",
      atNs: atNs ?? event?.atNs ?? (times[timesAt + BEGAN] as number),
      packet: packet ?? event?.packet ?? (words[at + FIRST_PACKET] as number),
    });
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
