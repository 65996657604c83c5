import { DESTINATION, FAMILY, PROTOCOL, SOURCE } from "./decode.ts";

/**
 * Flows in slabs of plain numbers. A flow is one slot of 120 words (480 bytes) at a fixed place; each slab is one buffer with
 * a view of 32-bit integers and one of doubles over it. Nothing moves and nothing is copied when the table grows.
 *
 *   word   what                                    word   what
 *   0      hash of both ends                       24-71  direction 0: what end 0 sent (tcp-analysis.ts)
 *   1      next slot of the same bucket, or -1     72-119 direction 1
 *   2      flags (FLOW_…)
 *   3      ports: end 0 in the upper 16 bits       double what
 *   4-7    address of end 0                        7      time of the first packet, ns since the first of all
 *   8-11   address of end 1                        8      time of the newest packet
 *   12     interface key                           9      time of the SYN; -1 before it
 *   13     protocol | family << 8                  10     handshake round trip, ns; -1 while unknown
 *                                                  11     time of the newest data byte, whoever sent it
 *
 * The ends are stored in canonical order (lower address and port first), so that both directions have one hash and one slot;
 * the direction of a packet is the one bit by which its ends had to be exchanged.
 */
export const WORDS = 120;
export const HASH = 0;
export const NEXT = 1;
export const FLAGS = 2;
export const PORTS = 3;
export const ENDS = 4;
export const INTERFACE = 12;
export const KIND = 13;
export const DIRECTIONS = 24;
export const DIRECTION_WORDS = 48;
/** Places in the view of doubles, counted from the slot's first double. */
export const BEGAN = 7;
export const NEWEST = 8;
export const SYN_AT = 9;
export const HANDSHAKE = 10;
export const DATA_AT = 11;

/** Flags of a flow. */
export const FLOW_USED = 1;
/** Direction 1 sent the SYN. */
export const FLOW_CLIENT_1 = 2;
export const FLOW_SYN = 4;
export const FLOW_SYN_ACK = 8;
export const FLOW_ESTABLISHED = 16;
/** Reset, or closed from both sides. */
export const FLOW_CLOSED = 32;
export const FLOW_REFUSED = 64;

const SLAB_BITS = 12;
const SLAB_FLOWS = 1 << SLAB_BITS;
const SLAB_MASK = SLAB_FLOWS - 1;
const LOOKED_AT = 64;
const QUIET_NS = 2e9;
const UDP_OLDER_NS = 60e9;
const CLOSED_OLDER_NS = 30e9;
const UDP = 17;

export class FlowTable {
  /** Views of all slabs, and of the slab and place of the flow that was found last. */
  readonly #ints: Int32Array[] = [];
  readonly #doubles: Float64Array[] = [];
  words: Int32Array = new Int32Array(0);
  times: Float64Array = new Float64Array(0);
  /** First word, and first double, of the flow that was found last; and the direction of the packet in it. */
  at = 0;
  timesAt = 0;
  direction = 0;
  readonly #buckets: Int32Array;
  readonly #mask: number;
  readonly #capacity: number;
  #count = 0;
  #hand = 0;
  evicted = 0;
  readonly #leaving: (words: Int32Array, at: number, times: Float64Array, timesAt: number) => void;

  /** `leaving` is told of each flow before its slot is given to another one, and of all at the end. */
  constructor(
    capacity: number,
    leaving: (words: Int32Array, at: number, times: Float64Array, timesAt: number) => void,
  ) {
    this.#capacity = capacity;
    this.#leaving = leaving;
    let buckets = 1024;
    while (buckets < capacity) buckets <<= 1;
    this.#buckets = new Int32Array(buckets).fill(-1);
    this.#mask = buckets - 1;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Finds the flow of the packet in `registers`, or makes one; true when it is new. `ports` are source and destination,
   * `key` tells interfaces apart on which the same packet may be seen.
   */
  find(registers: Int32Array, sourcePort: number, destinationPort: number, key: number, now: number): boolean {
    const order = ordered(registers, sourcePort, destinationPort);
    const [one, other] = order === 0 ? [SOURCE, DESTINATION] : [DESTINATION, SOURCE];
    const ports = order === 0 ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
    const kind = (registers[PROTOCOL] as number) | ((registers[FAMILY] as number) << 8);
    const six = registers[FAMILY] === 6;
    const hash = hashOf(registers, one, other, ports, kind ^ (key << 16), six);
    this.direction = order;
    for (let slot = this.#buckets[hash & this.#mask] as number; slot !== -1; ) {
      const words = this.#ints[slot >> SLAB_BITS] as Int32Array;
      const at = (slot & SLAB_MASK) * WORDS;
      if (
        words[at] === hash &&
        words[at + PORTS] === ports &&
        words[at + KIND] === kind &&
        words[at + INTERFACE] === key &&
        words[at + ENDS] === registers[one] &&
        words[at + ENDS + 4] === registers[other] &&
        (!six || sameAddresses(words, at, registers, one, other))
      ) {
        this.words = words;
        this.at = at;
        this.times = this.#doubles[slot >> SLAB_BITS] as Float64Array;
        this.timesAt = at >> 1;
        return false;
      }
      slot = words[at + NEXT] as number;
    }
    this.#make(hash, now);
    const { words, at } = this;
    words[at + PORTS] = ports;
    words[at + KIND] = kind;
    words[at + INTERFACE] = key;
    for (let word = 0; word < 4; word++) {
      words[at + ENDS + word] = six || word === 0 ? (registers[one + word] as number) : 0;
      words[at + ENDS + 4 + word] = six || word === 0 ? (registers[other + word] as number) : 0;
    }
    return true;
  }

  /** Begins the flow that was found last anew: its ports are used again. */
  renew(now: number): void {
    const { words, at, times, timesAt } = this;
    this.#leaving(words, at, times, timesAt);
    words.fill(0, at + DIRECTIONS, at + WORDS);
    words[at + FLAGS] = FLOW_USED;
    this.#clock(now);
  }

  /** Tells of all flows that are left. */
  finish(): void {
    for (let slot = 0; slot < this.#count; slot++) {
      const words = this.#ints[slot >> SLAB_BITS] as Int32Array;
      const times = this.#doubles[slot >> SLAB_BITS] as Float64Array;
      const at = (slot & SLAB_MASK) * WORDS;
      if (words[at + FLAGS] !== 0) this.#leaving(words, at, times, at >> 1);
    }
  }

  #make(hash: number, now: number): void {
    const slot = this.#count < this.#capacity ? this.#count++ : this.#evict(now);
    const slab = slot >> SLAB_BITS;
    if (slab === this.#ints.length) {
      const bytes = new ArrayBuffer(SLAB_FLOWS * WORDS * 4);
      this.#ints.push(new Int32Array(bytes));
      this.#doubles.push(new Float64Array(bytes));
    }
    this.words = this.#ints[slab] as Int32Array;
    this.times = this.#doubles[slab] as Float64Array;
    this.at = (slot & SLAB_MASK) * WORDS;
    this.timesAt = this.at >> 1;
    this.words.fill(0, this.at, this.at + WORDS);
    this.words[this.at] = hash;
    this.words[this.at + NEXT] = this.#buckets[hash & this.#mask] as number;
    this.#buckets[hash & this.#mask] = slot;
    this.words[this.at + FLAGS] = FLOW_USED;
    this.#clock(now);
  }

  #clock(now: number): void {
    const { times, timesAt } = this;
    times[timesAt + BEGAN] = now;
    times[timesAt + NEWEST] = now;
    times[timesAt + SYN_AT] = -1;
    times[timesAt + HANDSHAKE] = -1;
    times[timesAt + DATA_AT] = now;
  }

  /**
   * Frees the slot of the next closed and quiet flow behind the hand, else of the oldest of those looked at. A list in the
   * order of use would have to be changed for every packet; this costs something only when the table is full.
   */
  #evict(now: number): number {
    let chosen = -1;
    let oldest = Number.POSITIVE_INFINITY;
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#capacity ? 0 : slot + 1;
      const words = this.#ints[slot >> SLAB_BITS] as Int32Array;
      const at = (slot & SLAB_MASK) * WORDS;
      const newest = (this.#doubles[slot >> SLAB_BITS] as Float64Array)[(at >> 1) + NEWEST] as number;
      const closed = ((words[at + FLAGS] as number) & FLOW_CLOSED) !== 0;
      if (closed && now - newest > QUIET_NS) {
        chosen = slot;
        break;
      }
      const udp = ((words[at + KIND] as number) & 255) === UDP;
      const age = newest - (udp ? UDP_OLDER_NS : 0) - (closed ? CLOSED_OLDER_NS : 0);
      if (age < oldest) {
        oldest = age;
        chosen = slot;
      }
    }
    this.#remove(chosen);
    this.evicted++;
    return chosen;
  }

  #remove(slot: number): void {
    const words = this.#ints[slot >> SLAB_BITS] as Int32Array;
    const at = (slot & SLAB_MASK) * WORDS;
    this.#leaving(words, at, this.#doubles[slot >> SLAB_BITS] as Float64Array, at >> 1);
    const bucket = (words[at] as number) & this.#mask;
    let link = this.#buckets[bucket] as number;
    if (link === slot) {
      this.#buckets[bucket] = words[at + NEXT] as number;
      return;
    }
    while (link !== -1) {
      const before = this.#ints[link >> SLAB_BITS] as Int32Array;
      const place = (link & SLAB_MASK) * WORDS + NEXT;
      link = before[place] as number;
      if (link === slot) {
        before[place] = words[at + NEXT] as number;
        return;
      }
    }
  }
}

/** 0 when source and destination are in canonical order, 1 when they are exchanged. */
function ordered(registers: Int32Array, sourcePort: number, destinationPort: number): 0 | 1 {
  for (let word = 0; word < 4; word++) {
    const source = registers[SOURCE + word] as number;
    const destination = registers[DESTINATION + word] as number;
    if (source !== destination) return source < destination ? 0 : 1;
    if (registers[FAMILY] === 4) break;
  }
  return sourcePort <= destinationPort ? 0 : 1;
}

function hashOf(r: Int32Array, one: number, other: number, ports: number, kind: number, six: boolean): number {
  let hash = Math.imul((r[one] as number) ^ 0x9e3779b1, 0x85ebca6b) ^ Math.imul(r[other] as number, 0xc2b2ae35);
  hash = Math.imul(hash ^ ports, 0x27d4eb2f) ^ kind;
  if (six)
    for (let word = 1; word < 4; word++)
      hash = Math.imul(hash ^ (r[one + word] as number), 0x85ebca6b) ^ Math.imul(r[other + word] as number, 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 12);
}

function sameAddresses(words: Int32Array, at: number, r: Int32Array, one: number, other: number): boolean {
  for (let word = 1; word < 4; word++)
    if (words[at + ENDS + word] !== r[one + word] || words[at + ENDS + 4 + word] !== r[other + word]) return false;
  return true;
}
