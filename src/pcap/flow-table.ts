import type { Slot } from "./flow-layout.ts";
import * as layout from "./flow-layout.ts";
import * as packetRegisters from "./packet-registers.ts";

const { DESTINATION, FAMILY, PROTOCOL, SOURCE } = packetRegisters;
const {
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
  RENEWED,
  RESET_STATE,
  SYN_AT,
  WAITS_SINCE,
  WORDS,
} = layout;

/** Slots that there is room for at first: small captures need no more. */
const FIRST_SLOTS = 128;
/** How many times as much room a table has each time that it grows. */
const GROWTH = 8;
/** From so many flows on, the slots of closed ones are used again, rather than memory that is in no cache. */
const MANY_FLOWS = 4_096;
const LOOKED_AT = 64;
/** The same once a closed one is among them: each look is a wait for memory. */
const LOOKED_AT_CLOSED = 8;
/** Closed flows that are looked at where there is still room. */
const LOOKED_AT_SOON = 4;
/** Words that come from memory at a time. */
const LINE = 16;
/** Bytes in front of the first slot: large buffers begin 16 bytes behind the beginning of a line (malloc of glibc). */
const OFFSET = 48;
/** So long after its newest packet a closed connection is forgotten. */
const QUIET_NS = 2e9;
/**
 * The same where both sides closed it and have their ACKs: all that may come is a FIN whose ACK was lost behind the recorder,
 * 200 ms (the least that Linux waits) and a round trip later.
 */
const OVER_NS = 0.3e9;
/** What comes so long after it closed, others need not wait for. */
const LATE_NS = 0.1e9;
const CLOSED_OLDER_NS = 30e9;
/** Interfaces at which copies of a flow are looked for. */
const MAX_INTERFACES = 64;
const NO_COPIES: readonly number[] = [];

type Leaving = {
  /**
   * A flow before its slot is given to another one, and at the end of the capture; valid during the call only. `copies` are
   * the interfaces that saw it as well; `split` tells that one of them saw packets of a direction of which this one saw none.
   */
  readonly left: (slot: Slot, copies: readonly number[], split: boolean) => void;
  /** A copy of a flow at another interface, which is not counted. */
  readonly dropped: (slot: Slot) => void;
};

/**
 * Flows in plain numbers (layout: flow-layout.ts): one buffer with a view of 32-bit integers and one of doubles over it. A
 * slot is named by its first word. The buffer is copied three times at most, on the way from 128 to 65,536 slots; what is not
 * used of it takes no memory, since the system gives pages when they are first written to.
 *
 * The ends are stored in canonical order (lower address and port first), so that both directions have one hash and one slot;
 * the direction of a packet is the one bit by which its ends had to be exchanged.
 *
 * One connection seen at several interfaces has a slot for each. They leave together: the one with the most packets stands
 * for all, the others are named.
 */
export class FlowTable {
  words: Int32Array;
  times: Float64Array;
  /** First word of the flow that was found last, and the direction of the packet in it. */
  at = 0;
  direction = 0;
  /** Counts damaged places of the input: what came before one and what comes after are not connected. */
  epoch = 0;
  /** First slot by the lower bits of its hash; -1 = none. Twice as many as there is room for slots. */
  #buckets = new Int32Array(0);
  #mask = 0;
  /** All of them in words: most that there may be, those there is room for, and those that have been used. */
  readonly #capacity: number;
  #room: number;
  #end = 0;
  readonly #interfaces: number[] = [];
  /** Slots that copies have left. */
  readonly #free: number[] = [];
  /** Where the next slot is looked for when the table is full, and where the hand turns back. */
  #hand = 0;
  #round = 0;
  /** Closed flows in the order in which they closed: a ring with a place for each slot. The newest may push out the oldest. */
  #closed = new Int32Array(0);
  #closedAt = new Float64Array(0);
  #oldest = 0;
  #closings = 0;
  evicted = 0;
  readonly #leaving: Leaving;
  /** Where goes what is read only to be in the cache: the compiler leaves out what nobody wants. */
  readonly #touched = new Int32Array(1);
  /** What the ends of the packet that was looked up last amount to. */
  #hash = 0;
  #ports = 0;
  /** The flow that leaves: one object for all of them. */
  readonly #leaves: { -readonly [Key in keyof Slot]: Slot[Key] };

  constructor(capacity: number, leaving: Leaving) {
    this.#capacity = capacity * WORDS;
    this.#leaving = leaving;
    this.#room = Math.min(capacity, FIRST_SLOTS) * WORDS;
    const bytes = new ArrayBuffer(this.#room * 4 + OFFSET);
    this.words = new Int32Array(bytes, OFFSET);
    this.times = new Float64Array(bytes, OFFSET);
    this.#leaves = this.#slotAt(0);
    this.#link();
  }

  /** First double of the flow that was found last. */
  get timesAt(): number {
    return this.at >> 1;
  }

  /**
   * Finds the flow of the packet in `registers`, or makes one; true when it is new. `ports` is the source port in the upper
   * 16 bits and the destination port, `key` tells interfaces apart on which the same packet may be seen, `clock[0]` is its
   * time, `packet` its number.
   */
  find(registers: Int32Array, ports: number, key: number, clock: Float64Array, packet: number): boolean {
    if (this.peek(registers, ports, key)) return false;
    const one = this.direction === 0 ? SOURCE : DESTINATION;
    const other = SOURCE + DESTINATION - one;
    const six = registers[FAMILY] === 6;
    if (!this.#interfaces.includes(key) && this.#interfaces.length < MAX_INTERFACES) this.#interfaces.push(key);
    this.#make(this.#hash, clock, packet);
    const { words, at } = this;
    words[at + PORTS] = this.#ports;
    words[at + KIND] = (registers[PROTOCOL] as number) | ((registers[FAMILY] as number) << 8);
    words[at + INTERFACE] = key;
    for (let word = 0; word < 4; word++) {
      words[at + ENDS + word] = six || word === 0 ? (registers[one + word] as number) : 0;
      words[at + ENDS + 4 + word] = six || word === 0 ? (registers[other + word] as number) : 0;
    }
    if (this.#interfaces.length > 1 && this.#copiesOf(this.#slotAt(at)).length > 0)
      words[at + FLAGS] = (words[at + FLAGS] as number) | FLOW_COPY;
    return true;
  }

  /** Finds the flow of the packet in `registers` if there is one; sets the direction either way. */
  peek(registers: Int32Array, ports: number, key: number): boolean {
    const source = registers[SOURCE] as number;
    const destination = registers[DESTINATION] as number;
    const six = registers[FAMILY] === 6;
    const kind = (registers[PROTOCOL] as number) | ((registers[FAMILY] as number) << 8);
    // Which way the next packet goes cannot be foreseen: without branches, 1 when the ends have to be exchanged.
    const direction =
      source === destination
        ? orderedByMore(registers, six, ports)
        : ((destination & ~source) | (~(destination ^ source) & (destination - source))) >>> 31;
    const exchanged = (source ^ destination) & -direction;
    const one = source ^ exchanged;
    const other = destination ^ exchanged;
    const ordered = (ports << (direction << 4)) | (ports >>> (direction << 4));
    const hash = hashOf(one, other, ordered, key) ^ (six ? hashOfRest(registers) : 0);
    this.direction = direction;
    this.#hash = hash;
    this.#ports = ordered;
    const words = this.words;
    let at = this.#buckets[hash & this.#mask] as number;
    while (at !== -1) {
      if (
        words[at] === hash &&
        words[at + PORTS] === ordered &&
        words[at + ENDS] === one &&
        words[at + ENDS + 4] === other &&
        words[at + KIND] === kind &&
        words[at + INTERFACE] === key &&
        (!six || sameRest(words, at, registers, direction))
      ) {
        this.at = at;
        return true;
      }
      at = words[at + NEXT] as number;
    }
    return false;
  }

  /** Begins the flow that was found last anew: its ports are used again. */
  renew(clock: Float64Array, packet: number): void {
    const { words, at } = this;
    this.#letGo(at);
    words.fill(0, at + RENEWED, at + WORDS);
    words[at + FLAGS] = FLOW_USED | FLOW_REUSED;
    this.#begin(clock, packet);
  }

  /** The flow that was found last has closed. */
  closed(): void {
    this.#close(this.at);
  }

  #close(at: number): void {
    const room = this.#closed.length;
    if (this.#closings === room) this.#shift();
    const place = (this.#oldest + this.#closings++) % room;
    this.#closed[place] = at;
    this.#closedAt[place] = this.times[(at >> 1) + NEWEST] as number;
  }

  #shift(): void {
    this.#oldest = (this.#oldest + 1) % this.#closed.length;
    this.#closings--;
  }

  /** Tells of all flows that are left. */
  finish(): void {
    for (let at = 0; at < this.#end; at += WORDS) if (this.words[at + FLAGS] !== 0) this.#letGo(at);
  }

  // Here too the time is read from its cell by whoever needs it (present-segment.ts).
  #make(hash: number, clock: Float64Array, packet: number): void {
    let at = this.#free.pop() ?? this.#reusable(clock);
    if (at === -1) at = this.#end < this.#capacity ? this.#next() : this.#evict(clock);
    const { words } = this;
    this.at = at;
    words.fill(0, at, at + WORDS);
    words[at + HASH] = hash;
    words[at + NEXT] = this.#buckets[hash & this.#mask] as number;
    this.#buckets[hash & this.#mask] = at;
    words[at + FLAGS] = FLOW_USED;
    this.#begin(clock, packet);
  }

  #begin(clock: Float64Array, packet: number): void {
    const { words, at, times, timesAt } = this;
    const now = clock[0] as number;
    words[at + EPOCH] = this.epoch;
    words[at + FIRST_PACKET] = packet;
    times[timesAt + BEGAN] = now;
    times[timesAt + NEWEST] = now;
    times[timesAt + SYN_AT] = -1;
    times[timesAt + HANDSHAKE] = -1;
    times[timesAt + ASKED_AT] = -1;
  }

  /** A slot that was never used. */
  #next(): number {
    const at = this.#end;
    if (at < this.#room) {
      this.#end = at + WORDS;
      return at;
    }
    this.#room = Math.min(this.#capacity, this.#room * GROWTH);
    const bytes = new ArrayBuffer(this.#room * 4 + OFFSET);
    const words = new Int32Array(bytes, OFFSET);
    words.set(this.words);
    this.words = words;
    this.times = new Float64Array(bytes, OFFSET);
    this.#link();
    this.#end = at + WORDS;
    return at;
  }

  /** Makes buckets for the room there is, and puts all flows into them; and a place for each of them when it closes. */
  #link(): void {
    const closed = new Int32Array(this.#room / WORDS);
    const closedAt = new Float64Array(closed.length);
    for (let place = 0; place < this.#closings; place++) {
      const from = (this.#oldest + place) % this.#closed.length;
      closed[place] = this.#closed[from] as number;
      closedAt[place] = this.#closedAt[from] as number;
    }
    this.#closed = closed;
    this.#closedAt = closedAt;
    this.#oldest = 0;
    let buckets = 2;
    while (buckets * WORDS < this.#room * 2) buckets <<= 1;
    this.#buckets = new Int32Array(buckets).fill(-1);
    this.#mask = buckets - 1;
    const { words } = this;
    for (let at = 0; at < this.#end; at += WORDS) {
      if (words[at + FLAGS] === 0) continue;
      const bucket = (words[at] as number) & this.#mask;
      words[at + NEXT] = this.#buckets[bucket] as number;
      this.#buckets[bucket] = at;
    }
  }

  /** Frees the slot of the flow that closed first and is quiet by now, if there are many; -1 if there is none. */
  #reusable(clock: Float64Array): number {
    if (this.#end < MANY_FLOWS * WORDS) return -1;
    const { words, times } = this;
    const now = clock[0] as number;
    for (let looked = Math.min(this.#closings, LOOKED_AT_SOON); looked > 0; looked--) {
      const closedAt = this.#closedAt[this.#oldest] as number;
      if (now - closedAt <= OVER_NS) return -1;
      const at = this.#closed[this.#oldest] as number;
      // Otherwise the slot has another flow by now, or the same ports.
      const closed = ((words[at + FLAGS] as number) & FLOW_CLOSED) !== 0;
      const newest = times[(at >> 1) + NEWEST] as number;
      // The last ACK came a little later: it will be quiet when the next slot is asked for.
      if (closed && now - newest <= OVER_NS && newest - closedAt <= LATE_NS) return -1;
      this.#shift();
      if (!closed) continue;
      this.#touch(at);
      if (now - newest <= (this.#isOver(at) ? OVER_NS : QUIET_NS)) {
        this.#close(at);
        continue;
      }
      this.#letGo(at);
      this.#unlink(at);
      return at;
    }
    return -1;
  }

  /** True when a closed flow was not reset, and all that was sent is acknowledged. */
  #isOver(at: number): boolean {
    const { words, times } = this;
    const first = ((at + DIRECTIONS) >> 1) + WAITS_SINCE;
    const waits = (times[first] as number) + (times[first + (DIRECTION_WORDS >> 1)] as number) > 0;
    return words[at + RESET_STATE] === 0 && !waits;
  }

  /**
   * Frees the slot of the next closed and quiet flow behind the hand, else of the oldest of those looked at. A list in the
   * order of use would have to be changed for every packet; this costs something only when the table is full.
   */
  #evict(clock: Float64Array): number {
    const { words, times } = this;
    const now = clock[0] as number;
    let chosen = this.#hand;
    let chosenClosed = false;
    let oldest = Number.POSITIVE_INFINITY;
    for (let looked = 0; looked < (chosenClosed ? LOOKED_AT_CLOSED : LOOKED_AT); looked++) {
      const at = this.#hand;
      this.#pass(at);
      const newest = times[(at >> 1) + NEWEST] as number;
      const closed = ((words[at + FLAGS] as number) & FLOW_CLOSED) !== 0;
      const age = newest - (closed ? CLOSED_OLDER_NS : 0);
      if (age < oldest) {
        oldest = age;
        chosen = at;
        chosenClosed = closed;
      }
      if (closed && now - newest > QUIET_NS) break;
    }
    this.#touch(chosen);
    this.#letGo(chosen);
    this.#unlink(chosen);
    this.evicted++;
    return chosen;
  }

  /** Asks for all of a slot that no cache has any more: its lines come together, not each when the one before has been used. */
  #touch(at: number): void {
    const { words } = this;
    let all = 0;
    for (let line = at; line < at + WORDS; line += LINE) all |= words[line] as number;
    this.#touched[0] = all;
  }

  /** Puts the hand behind a slot. What is added in a round is younger than what the next round begins with: it has to wait. */
  #pass(at: number): void {
    const end = this.#end;
    if (at === 0) this.#round = end;
    this.#hand = at + WORDS < this.#round ? at + WORDS : 0;
  }

  /** Hands over a flow and its copies; the slots of the copies become free, its own stays. */
  #letGo(slot: number): void {
    const own = this.#leaves;
    own.words = this.words;
    own.times = this.times;
    own.at = slot;
    own.timesAt = slot >> 1;
    if (this.#interfaces.length < 2) {
      this.#leaving.left(own, NO_COPIES, false);
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
    this.#leaving.left(this.#slotAt(best), keys, split);
    for (const one of all) if (one !== best) this.#leaving.dropped(this.#slotAt(one));
    for (const one of others) {
      this.#unlink(one);
      const { words, at } = this.#slotAt(one);
      words[at + FLAGS] = 0;
      this.#free.push(one);
    }
  }

  #slotAt(at: number): Slot {
    return { words: this.words, at, times: this.times, timesAt: at >> 1 };
  }

  /** The same connection at other interfaces. */
  #copiesOf({ words, at }: Slot): number[] {
    const found: number[] = [];
    const same = [PORTS, KIND, ...Array.from({ length: 8 }, (_, word) => ENDS + word)];
    for (const key of this.#interfaces) {
      if (key === words[at + INTERFACE]) continue;
      const hash = (words[at] as number) ^ hashOfKey(words[at + INTERFACE] as number) ^ hashOfKey(key);
      for (let other = this.#buckets[hash & this.#mask] as number; other !== -1; other = words[other + NEXT] as number)
        if (
          words[other] === hash &&
          words[other + INTERFACE] === key &&
          same.every((word) => words[other + word] === words[at + word])
        )
          found.push(other);
    }
    return found;
  }

  #unlink(slot: number): void {
    const { words } = this;
    const bucket = (words[slot] as number) & this.#mask;
    let link = this.#buckets[bucket] as number;
    if (link === slot) {
      this.#buckets[bucket] = words[slot + NEXT] as number;
      return;
    }
    while (link !== -1) {
      const place = link + NEXT;
      link = words[place] as number;
      if (link === slot) {
        words[place] = words[slot + NEXT] as number;
        return;
      }
    }
  }
}

function packetsOf({ words, at }: Slot, direction: number): number {
  return words[at + DIRECTIONS + direction * DIRECTION_WORDS + COUNTERS + PACKETS] as number;
}

/** 1 when ends whose first words are alike are not in canonical order. */
function orderedByMore(registers: Int32Array, six: boolean, ports: number): 0 | 1 {
  for (let word = 1; six && word < 4; word++) {
    const source = registers[SOURCE + word] as number;
    const destination = registers[DESTINATION + word] as number;
    if (source !== destination) return source < destination ? 0 : 1;
  }
  return ports >>> 16 <= (ports & 0xffff) ? 0 : 1;
}

// Positional, because it is called for every packet: an object would have to be made for each.
function hashOf(one: number, other: number, ports: number, key: number): number {
  let hash = (Math.imul(one, 0x9e3779b1) + Math.imul(other, 0x85ebca6b) + Math.imul(ports, 0xc2b2ae35)) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13) ^ hashOfKey(key);
}

/** An exclusive or of its own, so that the hash of a flow at one interface gives that at another. */
function hashOfKey(key: number): number {
  return key ^ (key << 13) ^ (key << 22);
}

/** The other words of IPv6 addresses; the same for both directions. */
function hashOfRest(registers: Int32Array): number {
  let hash = 0;
  for (let word = 1; word < 4; word++)
    hash = Math.imul(
      hash ^ ((registers[SOURCE + word] as number) + (registers[DESTINATION + word] as number)),
      0x85ebca6b,
    );
  return hash ^ (hash >>> 15);
}

/** True when the other words of IPv6 addresses are those of the flow at `at`. */
function sameRest(words: Int32Array, at: number, registers: Int32Array, direction: number): boolean {
  const one = at + ENDS + (direction << 2);
  const other = at + ENDS + 4 - (direction << 2);
  return (
    words[one + 1] === registers[SOURCE + 1] &&
    words[one + 2] === registers[SOURCE + 2] &&
    words[one + 3] === registers[SOURCE + 3] &&
    words[other + 1] === registers[DESTINATION + 1] &&
    words[other + 2] === registers[DESTINATION + 2] &&
    words[other + 3] === registers[DESTINATION + 3]
  );
}
