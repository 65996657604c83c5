import { DESTINATION, FAMILY, PROTOCOL, SOURCE } from "./decode.ts";
import {
  ASKED_AT,
  BEGAN,
  COUNTERS,
  DIRECTION_WORDS,
  DIRECTIONS,
  ENDS,
  EPOCH,
  FIRST_PACKET,
  FLAGS,
  FLOW_CLOSED,
  FLOW_COPY,
  FLOW_REUSED,
  FLOW_USED,
  HANDSHAKE,
  HASH,
  INTERFACE,
  KIND,
  NEWEST,
  NEXT,
  PACKETS,
  PORTS,
  type Slot,
  SYN_AT,
  WORDS,
} from "./flow-layout.ts";

const SLAB_BITS = 12;
const SLAB_FLOWS = 1 << SLAB_BITS;
const SLAB_MASK = SLAB_FLOWS - 1;
const LOOKED_AT = 64;
const QUIET_NS = 2e9;
const CLOSED_OLDER_NS = 30e9;
/** Interfaces at which copies of a flow are looked for. */
const MAX_INTERFACES = 64;
const NO_COPIES: readonly number[] = [];

type Leaving = {
  /**
   * A flow before its slot is given to another one, and at the end of the capture (`atEnd`); `copies` are the interfaces
   * that saw it as well; `split` tells that one of them saw packets of a direction of which this one saw none.
   */
  readonly left: (slot: Slot, copies: readonly number[], atEnd: boolean, split: boolean) => void;
  /** A copy of a flow at another interface, which is not counted. */
  readonly dropped: (slot: Slot) => void;
};

/**
 * Flows in slabs of plain numbers (layout: flow-layout.ts). Each slab of 4,096 slots is one buffer with a view of 32-bit
 * integers and one of doubles over it; nothing moves and nothing is copied when the table grows.
 *
 * The ends are stored in canonical order (lower address and port first), so that both directions have one hash and one slot;
 * the direction of a packet is the one bit by which its ends had to be exchanged.
 *
 * One connection seen at several interfaces has a slot for each. They leave together: the one with the most packets stands
 * for all, the others are named.
 */
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
  /** Counts damaged places of the input: what came before one and what comes after are not connected. */
  epoch = 0;
  readonly #buckets: Int32Array;
  readonly #mask: number;
  readonly #capacity: number;
  readonly #interfaces: number[] = [];
  /** Slots that copies have left. */
  readonly #free: number[] = [];
  #count = 0;
  #hand = 0;
  #slot = 0;
  evicted = 0;
  readonly #leaving: Leaving;

  constructor(capacity: number, leaving: Leaving) {
    this.#capacity = capacity;
    this.#leaving = leaving;
    let buckets = 1024;
    while (buckets < capacity) buckets <<= 1;
    this.#buckets = new Int32Array(buckets).fill(-1);
    this.#mask = buckets - 1;
  }

  /**
   * Finds the flow of the packet in `registers`, or makes one; true when it is new. `ports` are source and destination,
   * `key` tells interfaces apart on which the same packet may be seen, `packet` is its number.
   */
  find(
    registers: Int32Array,
    sourcePort: number,
    destinationPort: number,
    key: number,
    now: number,
    packet: number,
  ): boolean {
    if (this.peek(registers, sourcePort, destinationPort, key)) return false;
    const one = this.direction === 0 ? SOURCE : DESTINATION;
    const other = SOURCE + DESTINATION - one;
    const six = registers[FAMILY] === 6;
    const ports = this.direction === 0 ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
    const kind = (registers[PROTOCOL] as number) | ((registers[FAMILY] as number) << 8);
    if (!this.#interfaces.includes(key) && this.#interfaces.length < MAX_INTERFACES) this.#interfaces.push(key);
    this.#make(hashOf(registers, one, other, ports, kind, key, six), now, packet);
    const { words, at } = this;
    words[at + PORTS] = ports;
    words[at + KIND] = kind;
    words[at + INTERFACE] = key;
    for (let word = 0; word < 4; word++) {
      words[at + ENDS + word] = six || word === 0 ? (registers[one + word] as number) : 0;
      words[at + ENDS + 4 + word] = six || word === 0 ? (registers[other + word] as number) : 0;
    }
    if (this.#interfaces.length > 1 && this.#copiesOf(this.#slotAt(this.#slot)).length > 0)
      words[at + FLAGS] = (words[at + FLAGS] as number) | FLOW_COPY;
    return true;
  }

  /** Finds the flow of the packet in `registers` if there is one; sets the direction either way. */
  peek(registers: Int32Array, sourcePort: number, destinationPort: number, key: number): boolean {
    const order = ordered(registers, sourcePort, destinationPort);
    const one = order === 0 ? SOURCE : DESTINATION;
    const other = SOURCE + DESTINATION - one;
    const ports = order === 0 ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
    const kind = (registers[PROTOCOL] as number) | ((registers[FAMILY] as number) << 8);
    const six = registers[FAMILY] === 6;
    const hash = hashOf(registers, one, other, ports, kind, key, six);
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
        this.#slot = slot;
        this.words = words;
        this.at = at;
        this.times = this.#doubles[slot >> SLAB_BITS] as Float64Array;
        this.timesAt = at >> 1;
        return true;
      }
      slot = words[at + NEXT] as number;
    }
    return false;
  }

  /** Begins the flow that was found last anew: its ports are used again. */
  renew(now: number, packet: number): void {
    const { words, at } = this;
    this.#letGo(this.#slot, false);
    words.fill(0, at + BEGAN * 2, at + WORDS);
    words[at + FLAGS] = FLOW_USED | FLOW_REUSED;
    this.#begin(now, packet);
  }

  /** Tells of all flows that are left. */
  finish(): void {
    for (let slot = 0; slot < this.#count; slot++) {
      const words = this.#ints[slot >> SLAB_BITS] as Int32Array;
      if (words[(slot & SLAB_MASK) * WORDS + FLAGS] !== 0) this.#letGo(slot, true);
    }
  }

  #make(hash: number, now: number, packet: number): void {
    const free = this.#free.pop();
    const slot = free ?? (this.#count < this.#capacity ? this.#count++ : this.#evict(now));
    const slab = slot >> SLAB_BITS;
    if (slab === this.#ints.length) {
      const bytes = new ArrayBuffer(SLAB_FLOWS * WORDS * 4);
      this.#ints.push(new Int32Array(bytes));
      this.#doubles.push(new Float64Array(bytes));
    }
    this.#slot = slot;
    this.words = this.#ints[slab] as Int32Array;
    this.times = this.#doubles[slab] as Float64Array;
    this.at = (slot & SLAB_MASK) * WORDS;
    this.timesAt = this.at >> 1;
    this.words.fill(0, this.at, this.at + WORDS);
    this.words[this.at + HASH] = hash;
    this.words[this.at + NEXT] = this.#buckets[hash & this.#mask] as number;
    this.#buckets[hash & this.#mask] = slot;
    this.words[this.at + FLAGS] = FLOW_USED;
    this.#begin(now, packet);
  }

  #begin(now: number, packet: number): void {
    const { words, at, times, timesAt } = this;
    words[at + EPOCH] = this.epoch;
    words[at + FIRST_PACKET] = packet;
    times[timesAt + BEGAN] = now;
    times[timesAt + NEWEST] = now;
    times[timesAt + SYN_AT] = -1;
    times[timesAt + HANDSHAKE] = -1;
    times[timesAt + ASKED_AT] = -1;
  }

  /**
   * Frees the slot of the next closed and quiet flow behind the hand, else of the oldest of those looked at. A list in the
   * order of use would have to be changed for every packet; this costs something only when the table is full.
   */
  #evict(now: number): number {
    let chosen = this.#hand;
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
      const age = newest - (closed ? CLOSED_OLDER_NS : 0);
      if (age < oldest) {
        oldest = age;
        chosen = slot;
      }
    }
    this.#letGo(chosen, false);
    this.#unlink(chosen);
    this.evicted++;
    return chosen;
  }

  /** Hands over a flow and its copies; the slots of the copies become free, its own stays. */
  #letGo(slot: number, atEnd: boolean): void {
    const own = this.#slotAt(slot);
    if (this.#interfaces.length < 2) {
      this.#leaving.left(own, NO_COPIES, atEnd, false);
      return;
    }
    const others = this.#copiesOf(own);
    const all = [slot, ...others];
    let best = slot;
    const packets = (one: number): number => packetsOf(this.#slotAt(one), 0) + packetsOf(this.#slotAt(one), 1);
    for (const one of others) if (packets(one) > packets(best)) best = one;
    const keys = all.flatMap((one) =>
      one === best ? [] : [this.#slotAt(one).words[this.#slotAt(one).at + INTERFACE] ?? 0],
    );
    const split = [0, 1].some(
      (direction) =>
        packetsOf(this.#slotAt(best), direction) === 0 &&
        others.length > 0 &&
        all.some((one) => packetsOf(this.#slotAt(one), direction) > 0),
    );
    this.#leaving.left(this.#slotAt(best), keys, atEnd, split);
    for (const one of all) if (one !== best) this.#leaving.dropped(this.#slotAt(one));
    for (const one of others) {
      this.#unlink(one);
      const { words, at } = this.#slotAt(one);
      words[at + FLAGS] = 0;
      this.#free.push(one);
    }
  }

  #slotAt(slot: number): Slot {
    const at = (slot & SLAB_MASK) * WORDS;
    const words = this.#ints[slot >> SLAB_BITS] as Int32Array;
    return { words, at, times: this.#doubles[slot >> SLAB_BITS] as Float64Array, timesAt: at >> 1 };
  }

  #copiesOf({ words, at }: Slot): number[] {
    const found: number[] = [];
    const six = (words[at + KIND] as number) >> 8 === 6;
    for (const key of this.#interfaces) {
      if (key === words[at + INTERFACE]) continue;
      const [ports, kind] = [words[at + PORTS] as number, words[at + KIND] as number];
      const hash = hashOf(words, at + ENDS, at + ENDS + 4, ports, kind, key, six);
      for (let slot = this.#buckets[hash & this.#mask] as number; slot !== -1; ) {
        const other = this.#slotAt(slot);
        if (
          other.words[other.at] === hash &&
          other.words[other.at + PORTS] === ports &&
          other.words[other.at + KIND] === kind &&
          other.words[other.at + INTERFACE] === key &&
          other.words[other.at + ENDS] === words[at + ENDS] &&
          other.words[other.at + ENDS + 4] === words[at + ENDS + 4] &&
          (!six || sameAddresses(other.words, other.at, words, at + ENDS, at + ENDS + 4))
        )
          found.push(slot);
        slot = other.words[other.at + NEXT] as number;
      }
    }
    return found;
  }

  #unlink(slot: number): void {
    const { words, at } = this.#slotAt(slot);
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

function packetsOf({ words, at }: Slot, direction: number): number {
  return words[at + DIRECTIONS + direction * DIRECTION_WORDS + COUNTERS + PACKETS] as number;
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

// Positional, because it is called for every packet: an object would have to be made for each.
function hashOf(
  from: Int32Array,
  one: number,
  other: number,
  ports: number,
  kind: number,
  key: number,
  six: boolean,
): number {
  let hash = Math.imul((from[one] as number) ^ 0x9e3779b1, 0x85ebca6b) ^ Math.imul(from[other] as number, 0xc2b2ae35);
  hash = Math.imul(hash ^ ports, 0x27d4eb2f) ^ kind ^ Math.imul(key, 0x9e3779b1);
  if (six)
    for (let word = 1; word < 4; word++)
      hash =
        Math.imul(hash ^ (from[one + word] as number), 0x85ebca6b) ^
        Math.imul(from[other + word] as number, 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 12);
}

function sameAddresses(words: Int32Array, at: number, from: Int32Array, one: number, other: number): boolean {
  for (let word = 1; word < 4; word++)
    if (words[at + ENDS + word] !== from[one + word] || words[at + ENDS + 4 + word] !== from[other + word])
      return false;
  return true;
}
