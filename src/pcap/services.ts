import { addressText, endText } from "./address-text.ts";
import { Clients, type ClientTotals } from "./client-totals.ts";
import { clientOf } from "./flow-ends.ts";
import type { Slot } from "./flow-layout.ts";
import * as layout from "./flow-layout.ts";
import { ServiceTotals } from "./service-totals.ts";
import type { TimeLines } from "./time-lines.ts";
import { OPENING, Troubles } from "./troubles.ts";

const {
  ACKED,
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
  FLAGS,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_TOO_BIG_AGAIN,
  FULL_SINCE,
  HANDSHAKE,
  KIND,
  PACKETS,
  PORTS,
  RESET_STATE,
  RESETS,
  RETRANSMISSIONS,
  ROUND_TRIP_SUM,
  ROUND_TRIPS,
  SELDOM,
  STALL_KIND,
  SYN_AT,
  TIMEOUTS,
  UNSEEN,
  WAITS_SINCE,
  ZERO_NS,
  ZERO_SINCE,
} = layout;

const MAX_SERVICES = 1_024;
const BUCKETS = 4_096;
const KEY_WORDS = 6;
/** Nobody waits so long for a connection unless a SYN or its answer was lost: SYNs are sent again after a second. */
const SLOW_HANDSHAKE_NS = 0.9e9;

/**
 * Adds connections up by service when they leave the table, so that what is counted does not depend on how long they were
 * kept. 1,024 services are told apart; all further ones are one.
 *
 * Where connections are short this is done as often as there are ten packets: what is always there is added in a straight
 * line, and what is wrong (troubles.ts) is looked for only in those that show a sign of it.
 */
export class Services {
  readonly others = new ServiceTotals("other servers");
  readonly #list: ServiceTotals[] = [];
  readonly #keys = new Int32Array(MAX_SERVICES * KEY_WORDS);
  readonly #buckets = new Int32Array(BUCKETS).fill(-1);
  readonly #troubles: Troubles;
  readonly clients = new Clients();
  /** Connections whose directions were seen at different interfaces. */
  split = 0;
  #halfSeen = 0;
  /** Connections that were seen at several interfaces. */
  merged = 0;
  /** Pieces of data that were acknowledged but not captured. */
  unseen = 0;

  constructor(lines: TimeLines) {
    this.#troubles = new Troubles(lines);
  }

  get list(): readonly ServiceTotals[] {
    return this.others.flows > 0 ? [...this.#list, this.others] : this.#list;
  }

  /** SYNs for whose answer there was no time before the capture ended. */
  get open(): number {
    return this.#troubles.open;
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
    const { words, at, times, timesAt } = slot;
    const flags = words[at + FLAGS] as number;
    const client = clientOf(words, at);
    const service = this.#of(words, at, 1 - client);
    const from = this.clients.of(words, at + ENDS + client * 4, (words[at + KIND] as number) >> 8 === 6);
    if (merged) this.merged++;
    if (split) this.split++;
    this.unseen += words[at + UNSEEN] as number;
    service.flows++;
    from.flows++;
    const mine = at + DIRECTIONS + client * DIRECTION_WORDS;
    const theirs = at + DIRECTIONS + DIRECTION_WORDS - client * DIRECTION_WORDS;
    const sent = words[mine + COUNTERS + PACKETS] as number;
    const received = words[theirs + COUNTERS + PACKETS] as number;
    const both = sent > 0 && received > 0;
    // Who acknowledges something has got an answer, wherever that went.
    const acknowledges = ((words[mine] as number) & ACKED) !== 0;
    const silent = (flags & OPENING) === FLOW_SYN && received === 0 && !acknowledges;
    if (both) service.bothSides++;
    else if (!silent || split) {
      service.oneSide++;
      if (sent + received > 2 || split) this.#halfSeen++;
    }
    if ((flags & (FLOW_ESTABLISHED | FLOW_REFUSED)) === FLOW_ESTABLISHED) {
      if (!split) this.#addHandshake(service, from, slot);
    } else if (!split && this.#troubles.unopened(service, slot, { silent, acknowledges, until })) from.failed++;

    const bytes = (times[(mine >> 1) + DATA_BYTES] as number) + (times[(theirs >> 1) + DATA_BYTES] as number);
    service.bytes += bytes;
    from.bytes += bytes;
    from.dataPackets +=
      (words[mine + COUNTERS + DATA_PACKETS] as number) + (words[theirs + COUNTERS + DATA_PACKETS] as number);
    // What the client sends is acknowledged by the server: that is the way between the recorder and the server.
    service.toServer += words[mine + COUNTERS + ROUND_TRIPS] as number;
    service.toServerNs += times[(mine >> 1) + ROUND_TRIP_SUM] as number;
    service.toClient += words[theirs + COUNTERS + ROUND_TRIPS] as number;
    service.toClientNs += times[(theirs >> 1) + ROUND_TRIP_SUM] as number;
    service.answers += words[at + ANSWERS] as number;
    service.answerNs += times[timesAt + ANSWER_SUM] as number;
    service.longestAnswerNs = Math.max(service.longestAnswerNs, times[timesAt + ANSWER_LONGEST] as number);

    const told = flags & FLOW_TOO_BIG_AGAIN;
    for (let direction = 0; direction < 2; direction++)
      if ((this.#addCounts(service, from, slot, direction) | told) !== 0)
        this.#troubles.side(service, slot, direction, both);
    if (words[at + STALL_KIND] !== 0) this.#troubles.silence(service, slot);
    if (words[at + RESET_STATE] !== 0) this.#troubles.reset(service, slot);
  }

  #addHandshake(service: ServiceTotals, from: ClientTotals, slot: Slot): void {
    const { times, timesAt } = slot;
    const roundTrip = times[timesAt + HANDSHAKE] as number;
    service.established++;
    from.established++;
    service.handshakes.add(roundTrip);
    service.handshakeNs += Math.max(0, roundTrip);
    from.handshakes++;
    from.handshakeNs += Math.max(0, roundTrip);
    // From the first SYN on: the round trip is that of the one that was answered.
    const took = roundTrip + Math.max(0, (times[timesAt + SYN_AT] as number) - (times[timesAt + BEGAN] as number));
    if (took >= SLOW_HANDSHAKE_NS) this.#troubles.slowHandshake(service, slot, took);
  }

  /** Adds the counters of one direction. Not 0 when they, or what is open at its end, may mean trouble. */
  #addCounts(service: ServiceTotals, from: ClientTotals, { words, at, times }: Slot, direction: number): number {
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    const first = block + COUNTERS;
    const { counts } = service;
    let seldom = 0;
    for (let counter = 0; counter < COUNTED; counter++) {
      const counted = words[first + counter] as number;
      counts[counter] = (counts[counter] as number) + counted;
      if (counter >= SELDOM) seldom |= counted;
    }
    from.retransmissions += words[first + RETRANSMISSIONS] as number;
    from.timeouts += words[first + TIMEOUTS] as number;
    from.resets += words[first + RESETS] as number;
    const double = block >> 1;
    // Times at which something began to last, and for how long others did.
    const lasts =
      (times[double + WAITS_SINCE] as number) +
      (times[double + ZERO_SINCE] as number) +
      (times[double + ZERO_NS] as number) +
      (times[double + FULL_SINCE] as number);
    return lasts > 0 ? 1 : seldom;
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
