import * as packetRegisters from "./packet-registers.ts";

const { DESTINATION, FAMILY, SOURCE } = packetRegisters;

/** Connections of the younger of two generations: when it is full, the elder is forgotten. */
const ROOM = 1 << 14;
const MASK = 2 * ROOM - 1;

/** Words of a slot. `A` and `B` are its two sides, whichever has the smaller mark being A. */
const MARK_A = 0;
const MARK_B = 1;
/** Of each side: the sequence number behind its data, IP ID of the newest data, TTL. */
const HIGHEST = 2;
const ID = 4;
const TTL = 6;
const STATE = 8;
/** A number of whoever looks: which silence it is waiting for the end of; 0 = none. */
const NOTE = 9;
const WORDS = 10;

/** Bits of a slot's state; those of side B stand one bit to the left. */
const HEARD = 1;
const NUMBERED = 4;

/**
 * The TCP connections of a tap, by addresses and ports as they stand in its packets. Bounded: two generations, of which the
 * elder goes when the younger is full, so that what was active lately is known.
 */
export class TapFlows {
  #young = new Generation();
  #old = new Generation();
  #generation = this.#young;
  #slot = 0;
  /** Which side sent the packet that was looked up last. */
  isB = false;

  /** Finds or begins the connection of a segment. */
  find(registers: Int32Array, ports: number): void {
    const source = markOf(registers, SOURCE, ports >>> 16);
    const destination = markOf(registers, DESTINATION, ports & 0xffff);
    this.isB = source > destination;
    const [a, b] = this.isB ? [destination, source] : [source, destination];
    this.#generation = this.#young;
    this.#slot = this.#young.find(a, b);
    if (this.#young.isUsed(this.#slot)) return;
    const before = this.#old.find(a, b);
    if (this.#young.count >= ROOM) {
      const freed = this.#old;
      this.#old = this.#young;
      this.#young = freed;
      // The eldest are gone; the one that is looked up may be among them.
      const kept = this.#old.find(a, b);
      freed.clear();
      this.#generation = freed;
      this.#slot = freed.find(a, b);
      freed.begin(this.#slot, a, b, this.#old, kept);
      return;
    }
    this.#young.begin(this.#slot, a, b, this.#old, before);
  }

  /** When its newest packet came, ns since the first of the capture. */
  get newestNs(): number {
    return this.#generation.times[this.#slot] as number;
  }

  set newestNs(ns: number) {
    this.#generation.times[this.#slot] = ns;
  }

  /** Whether both sides were heard. */
  get isBothWays(): boolean {
    return (this.#word(STATE) & (HEARD | (HEARD << 1))) === (HEARD | (HEARD << 1));
  }

  get note(): number {
    return this.#word(NOTE);
  }

  set note(note: number) {
    this.#set(NOTE, note);
  }

  /** What this side's packets carry as TTL; 0 when none was seen. */
  get usualTtl(): number {
    return this.#word(TTL + Number(this.isB));
  }

  heard(ttl: number): void {
    this.#set(TTL + Number(this.isB), ttl);
    this.#set(STATE, this.#word(STATE) | (HEARD << Number(this.isB)));
  }

  /** How far this side's data has come, as a sequence number; undefined before its first. */
  get highest(): number | undefined {
    return (this.#word(STATE) & (NUMBERED << Number(this.isB))) === 0
      ? undefined
      : this.#word(HIGHEST + Number(this.isB));
  }

  /** IP ID of this side's newest data. */
  get id(): number {
    return this.#word(ID + Number(this.isB));
  }

  reach(sequence: number, id: number): void {
    this.#set(HIGHEST + Number(this.isB), sequence);
    this.#set(ID + Number(this.isB), id);
    this.#set(STATE, this.#word(STATE) | (NUMBERED << Number(this.isB)));
  }

  #word(word: number): number {
    return this.#generation.words[this.#slot * WORDS + word] as number;
  }

  #set(word: number, value: number): void {
    this.#generation.words[this.#slot * WORDS + word] = value;
  }
}

/** An open hash table. */
class Generation {
  readonly words = new Int32Array((MASK + 1) * WORDS);
  readonly times = new Float64Array(MASK + 1);
  readonly #used = new Uint8Array(MASK + 1);
  count = 0;

  isUsed(slot: number): boolean {
    return this.#used[slot] === 1;
  }

  /** Where the connection stands, or where it would. */
  find(a: number, b: number): number {
    let slot = (Math.imul(a ^ (b >>> 7), 0x9e3779b1) ^ b) & MASK;
    while (this.#used[slot] === 1) {
      const at = slot * WORDS;
      if (this.words[at + MARK_A] === a && this.words[at + MARK_B] === b) break;
      slot = (slot + 1) & MASK;
    }
    return slot;
  }

  begin(slot: number, a: number, b: number, old: Generation, before: number): void {
    const at = slot * WORDS;
    this.#used[slot] = 1;
    this.count++;
    if (old.isUsed(before)) {
      this.words.set(old.words.subarray(before * WORDS, (before + 1) * WORDS), at);
      this.times[slot] = old.times[before] as number;
      return;
    }
    this.words.fill(0, at, at + WORDS);
    this.times[slot] = 0;
    this.words[at + MARK_A] = a;
    this.words[at + MARK_B] = b;
  }

  clear(): void {
    this.#used.fill(0);
    this.count = 0;
  }
}

/** An address and a port as one number of 32 bits; that two ends of one connection share theirs is as good as impossible. */
function markOf(registers: Int32Array, at: number, port: number): number {
  let mark = Math.imul((registers[at] as number) ^ (port << 7), 0x85ebca6b) ^ Math.imul(port + 1, 0xc2b2ae35);
  if (registers[FAMILY] === 6)
    for (let word = 1; word < 4; word++)
      mark = Math.imul(mark ^ (registers[at + word] as number) ^ (mark >>> 15), 0x27d4eb2f);
  return mark ^ (mark >>> 13);
}
