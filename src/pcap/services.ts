import { addressText, endText } from "./address-text.ts";
import { Clients, type ClientTotals } from "./client-totals.ts";
import { clientOf } from "./flow-ends.ts";
import type { Slot } from "./flow-layout.ts";
import * as layout from "./flow-layout.ts";
import * as serviceSums from "./service-sums.ts";
import { ServiceTotals } from "./service-totals.ts";
import { placeOf } from "./spread.ts";
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
const {
  ANSWER_NS,
  ANSWERED,
  BOTH_SIDES,
  BYTES,
  COUNTS,
  ESTABLISHED,
  FLOWS,
  HANDSHAKE_BITS,
  HANDSHAKE_NS,
  LONGEST_ANSWER_NS,
  ONE_SIDE,
  ROW,
  TIMED,
  TO_CLIENT,
  TO_CLIENT_NS,
  TO_SERVER,
  TO_SERVER_NS,
} = serviceSums;

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
  readonly #room = new serviceSums.ServiceSums();
  readonly others = new ServiceTotals("other servers", this.#room, 0);
  readonly #list = [this.others];
  readonly #keys = new Int32Array((MAX_SERVICES + 1) * KEY_WORDS);
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
  /** Until then nothing more is seen of the connections that are added: the end of the capture, once it is known. */
  until = Number.POSITIVE_INFINITY;

  constructor(lines: TimeLines) {
    this.#troubles = new Troubles(lines);
  }

  get list(): readonly ServiceTotals[] {
    const known = this.#list.slice(1);
    return this.others.flows > 0 ? [...known, this.others] : known;
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
   * Adds a connection that has left the table. `merged` tells that it was seen at several interfaces, `split` that its
   * directions were seen at different ones.
   */
  add(slot: Slot, merged: boolean, split: boolean): void {
    const { words, at, times, timesAt } = slot;
    const flags = words[at + FLAGS] as number;
    const client = clientOf(words, at);
    const service = this.#of(words, at, 1 - client);
    const from = this.clients.of(words, at + ENDS + client * 4, (words[at + KIND] as number) >> 8 === 6);
    const { sums } = this.#room;
    const row = service * ROW;
    if (merged) this.merged++;
    if (split) this.split++;
    this.unseen += words[at + UNSEEN] as number;
    sums[row + FLOWS] = (sums[row + FLOWS] as number) + 1;
    from.flows++;
    const mine = at + DIRECTIONS + client * DIRECTION_WORDS;
    const theirs = at + DIRECTIONS + DIRECTION_WORDS - client * DIRECTION_WORDS;
    const sent = words[mine + COUNTERS + PACKETS] as number;
    const received = words[theirs + COUNTERS + PACKETS] as number;
    const both = sent > 0 && received > 0;
    // Who acknowledges something has got an answer, wherever that went.
    const acknowledges = ((words[mine] as number) & ACKED) !== 0;
    const silent = (flags & OPENING) === FLOW_SYN && received === 0 && !acknowledges;
    if (both) sums[row + BOTH_SIDES] = (sums[row + BOTH_SIDES] as number) + 1;
    else if (!silent || split) {
      sums[row + ONE_SIDE] = (sums[row + ONE_SIDE] as number) + 1;
      if (sent + received > 2 || split) this.#halfSeen++;
    }
    if ((flags & (FLOW_ESTABLISHED | FLOW_REFUSED)) === FLOW_ESTABLISHED) {
      if (!split) this.#addHandshake(service, from, slot);
    } else if (!split && this.#isUnopened(service, slot, silent, acknowledges)) from.failed++;

    const bytes = (times[(mine >> 1) + DATA_BYTES] as number) + (times[(theirs >> 1) + DATA_BYTES] as number);
    sums[row + BYTES] = (sums[row + BYTES] as number) + bytes;
    from.bytes += bytes;
    from.dataPackets +=
      (words[mine + COUNTERS + DATA_PACKETS] as number) + (words[theirs + COUNTERS + DATA_PACKETS] as number);
    // What the client sends is acknowledged by the server: that is the way between the recorder and the server.
    sums[row + TO_SERVER] = (sums[row + TO_SERVER] as number) + (words[mine + COUNTERS + ROUND_TRIPS] as number);
    sums[row + TO_SERVER_NS] = (sums[row + TO_SERVER_NS] as number) + (times[(mine >> 1) + ROUND_TRIP_SUM] as number);
    sums[row + TO_CLIENT] = (sums[row + TO_CLIENT] as number) + (words[theirs + COUNTERS + ROUND_TRIPS] as number);
    sums[row + TO_CLIENT_NS] = (sums[row + TO_CLIENT_NS] as number) + (times[(theirs >> 1) + ROUND_TRIP_SUM] as number);
    const answers = words[at + ANSWERS] as number;
    if (answers > 0) {
      sums[row + ANSWERED] = (sums[row + ANSWERED] as number) + answers;
      sums[row + ANSWER_NS] = (sums[row + ANSWER_NS] as number) + (times[timesAt + ANSWER_SUM] as number);
      const longest = times[timesAt + ANSWER_LONGEST] as number;
      if (longest > (sums[row + LONGEST_ANSWER_NS] as number)) sums[row + LONGEST_ANSWER_NS] = longest;
    }
    for (let counter = 0; counter < SELDOM; counter++)
      sums[row + COUNTS + counter] =
        (sums[row + COUNTS + counter] as number) +
        (words[mine + COUNTERS + counter] as number) +
        (words[theirs + COUNTERS + counter] as number);

    const told = flags & FLOW_TOO_BIG_AGAIN;
    for (let direction = 0; direction < 2; direction++)
      if ((this.#addSeldom(row, from, slot, direction) | told) !== 0)
        this.#troubles.side(this.#totals(service), slot, direction, both);
    if (words[at + STALL_KIND] !== 0) this.#troubles.silence(this.#totals(service), slot);
    if (words[at + RESET_STATE] !== 0) this.#troubles.reset(this.#totals(service), slot);
  }

  // Of its own, as `#begin` below.
  #isUnopened(service: number, slot: Slot, silent: boolean, acknowledges: boolean): boolean {
    return this.#troubles.unopened(this.#totals(service), slot, { silent, acknowledges, until: this.until });
  }

  #totals(service: number): ServiceTotals {
    return this.#list[service] as ServiceTotals;
  }

  #addHandshake(service: number, from: ClientTotals, slot: Slot): void {
    const { times, timesAt } = slot;
    const { sums } = this.#room;
    const row = service * ROW;
    const roundTrip = times[timesAt + HANDSHAKE] as number;
    sums[row + ESTABLISHED] = (sums[row + ESTABLISHED] as number) + 1;
    from.established++;
    if (roundTrip >= 1) {
      sums[row + TIMED] = (sums[row + TIMED] as number) + 1;
      this.#room.addHandshake(service, placeOf(roundTrip, HANDSHAKE_BITS));
    }
    sums[row + HANDSHAKE_NS] = (sums[row + HANDSHAKE_NS] as number) + Math.max(0, roundTrip);
    from.handshakes++;
    from.handshakeNs += Math.max(0, roundTrip);
    // From the first SYN on: the round trip is that of the one that was answered.
    const took = roundTrip + Math.max(0, (times[timesAt + SYN_AT] as number) - (times[timesAt + BEGAN] as number));
    if (took >= SLOW_HANDSHAKE_NS) this.#troubles.slowHandshake(this.#totals(service), slot, took);
  }

  /**
   * Adds the counters of one direction that most connections have none of. Not 0 when one has, or something that is open at
   * its end may mean trouble.
   */
  #addSeldom(row: number, from: ClientTotals, { words, at, times }: Slot, direction: number): number {
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    const first = block + COUNTERS;
    let seldom = 0;
    for (let counter = SELDOM; counter < COUNTED; counter++) seldom |= words[first + counter] as number;
    if (seldom !== 0) {
      const { sums } = this.#room;
      for (let counter = SELDOM; counter < COUNTED; counter++)
        sums[row + COUNTS + counter] = (sums[row + COUNTS + counter] as number) + (words[first + counter] as number);
      from.retransmissions += words[first + RETRANSMISSIONS] as number;
      from.timeouts += words[first + TIMEOUTS] as number;
      from.resets += words[first + RESETS] as number;
    }
    const double = block >> 1;
    // Times at which something began to last, and for how long others did.
    const lasts =
      (times[double + WAITS_SINCE] as number) +
      (times[double + ZERO_SINCE] as number) +
      (times[double + ZERO_NS] as number) +
      (times[double + FULL_SINCE] as number);
    return lasts > 0 ? 1 : seldom;
  }

  /** The number of a service, which it gets with its first connection. */
  #of(words: Int32Array, at: number, server: number): number {
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
      if (service === -1) return this.#begin(bucket, words, end, port, kind);
      if (this.#matches(service * KEY_WORDS, words, end, port, kind)) return service;
      bucket = (bucket + 1) & (BUCKETS - 1);
    }
  }

  // Of its own, so that it is not compiled into what each connection runs through.
  #begin(bucket: number, words: Int32Array, end: number, port: number, kind: number): number {
    const index = this.#list.length;
    if (index > MAX_SERVICES) return 0;
    this.#room.reserve(index);
    this.#buckets[bucket] = index;
    this.#keys.set([kind, port], index * KEY_WORDS);
    for (let word = 0; word < 4; word++) this.#keys[index * KEY_WORDS + 2 + word] = words[end + word] as number;
    const made = new ServiceTotals(endText(addressText(words, end, kind >> 8 === 6), port), this.#room, index);
    this.#list.push(made);
    return index;
  }

  #matches(key: number, words: Int32Array, end: number, port: number, kind: number): boolean {
    const keys = this.#keys;
    if (keys[key] !== kind || keys[key + 1] !== port) return false;
    for (let word = 0; word < 4; word++) if (keys[key + 2 + word] !== words[end + word]) return false;
    return true;
  }
}
