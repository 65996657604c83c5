const FIRST_ROOM = 1 << 12;
/** Packets that look alike are held side by side, up to this many. */
const MOST_ALIKE = 64;
const MOST_NAMES = 10_000;
/** Bits of a fact. */
const BACKWARD_BIT = 1;
const ALIKE_AT = 1;
const ALIKE_MASK = MOST_ALIKE - 1;
const FROM_OWN_BIT = 1 << 7;
const GROUPED_BIT = 1 << 8;
const LENGTH_AT = 9;
const LENGTH_MASK = (1 << 17) - 1;
const STEP_AT = 26;
const STEP_MASK = 15;
const FADING_BIT = 1 << 30;
const TO_OWN_BIT = 1 << 31;
const KNOWN_BITS = FROM_OWN_BIT | TO_OWN_BIT;
/** What packets that look alike have in common as soon as one of them has it. */
const SHARED_BITS = KNOWN_BITS | FADING_BIT;
/** Words of a slot. */
const WORDS = 5;
const FACTS = 2;
const NUMBER = 3;
const FLOW = 4;
export const MOST_POINTS = 14;

/** What one point sees of a packet beside its identity; see `path-ends.ts` and `Sighted`. */
export type SightedPiece = {
  readonly backward: boolean;
  readonly fromOwn: boolean;
  readonly toOwn: boolean;
  readonly fading: boolean;
  readonly length: number;
  /** Its connection where the end that it goes to is seen by an address that stands for it, or where packets may be masked; otherwise 0. */
  readonly flow: number;
};

/** What is handed over of a packet. `times` from `at` on, one a point; NaN = not seen there. */
export type Sighted = {
  readonly times: Float64Array;
  readonly at: number;
  readonly backward: boolean;
  /** Each end was seen by its own address, at one point or another. */
  readonly known: boolean;
  /** It was seen with hardly any time to live: a router will end it, as it shall. */
  readonly fading: boolean;
  /** Others look like it, so that its times may be theirs. */
  readonly alike: boolean;
  /** Bytes of IP. */
  readonly length: number;
  /** Number of the packet at the point that saw it furthest on its way; 0 where that is not known. */
  readonly number: number;
  /** Its connection where it was not translated yet, or may be masked; 0 where it need not be known. */
  readonly flow: number;
};

/**
 * Tells which sightings of packets that look alike belong together. For each point its times; answers packets with one time a
 * point, NaN = not seen, and the same for those that vanished as copies of another.
 */
export type Untangle = (
  seen: readonly (readonly number[])[],
  backward: boolean,
) => { readonly packets: readonly (readonly number[])[]; readonly needless: readonly (readonly number[])[] };

/**
 * Which packets were seen at which point, and when. An open-addressed table of slots in typed arrays:
 *
 *   words  5 a slot, since all are looked at together:
 *          0, 1: the identity of the packet, and a slot is free when both are 0
 *          2: bit 0 = travels backward; 1 to 6 = which of those that look alike; 7 = the first end was seen by its own address; 8 = there are others like it (told
 *          at the first of them); 9 to 25 = its length, bytes; 26 to 29 = how far on its way it was seen; 30 = fading; 31 = the
 *          second end was seen by its own address
 *          3: the packet's number at that point
 *          4: its connection by addresses of which one stands for an end, or by their own where packets may be masked; else 0
 *   times  one double a point: nanoseconds; NaN = not seen there
 */
export class Sightings {
  readonly #points: number;
  readonly #most: number;
  #mask = FIRST_ROOM - 1;
  #words = new Int32Array(FIRST_ROOM * WORDS);
  #times: Float64Array;
  /** Slots that are taken. */
  size = 0;
  /** Sightings for which there was no room; and those of packets of which so many look the same that nobody can tell them apart. */
  refused = 0;
  tooAlike = 0;
  /** Sightings of packets that were seen before: twice at a point, or vanished as copies of another. */
  copies = 0;
  /** The identities of such packets. */
  readonly #tooAlike = new Set<string>();

  /** Takes up to so many bytes, and for a moment half as many again; three slots in four are used. */
  constructor(points: number, mostBytes: number) {
    if (points > MOST_POINTS) throw new RangeError(`${points} points: ${MOST_POINTS} can be compared`);
    this.#points = points;
    this.#most = 2 ** Math.floor(Math.log2(mostBytes / (WORDS * 4 + 8 * points)));
    this.#times = new Float64Array(FIRST_ROOM * points).fill(Number.NaN);
  }

  /** True when a third of the room is taken: small tables are quicker, and there is some left for a burst. */
  get isCrowded(): boolean {
    return this.size > this.#most * 0.34;
  }

  /**
   * Notes a packet at a point, the `number`th there, at the time in `clock[0]` (as a parameter it would be put on the heap each
   * time). Counts it as refused when it is a new one and there is no room, or as too alike when 64 others are.
   */
  see(one: number, two: number, about: SightedPiece, point: number, clock: Float64Array, number: number): void {
    if (this.size >= this.#mask - (this.#mask >> 2) && this.#mask + 1 < this.#most) this.#grow();
    const points = this.#points;
    const words = this.#words;
    const step = about.backward ? points - 1 - point : point;
    for (let alike = 0; alike < MOST_ALIKE; alike++) {
      const slot = this.#slotOf(one, two, alike);
      const at = slot * WORDS;
      const free = words[at] === 0 && words[at + 1] === 0;
      const place = slot * points + point;
      if (!free && !Number.isNaN(this.#times[place] as number)) {
        if (alike === 0) words[at + FACTS] = (words[at + FACTS] as number) | GROUPED_BIT;
        continue;
      }
      if (free) {
        if (this.size >= this.#mask - (this.#mask >> 2)) {
          this.refused++;
          return;
        }
        words[at] = one;
        words[at + 1] = two;
        words[at + FACTS] =
          (about.length << LENGTH_AT) | (alike << ALIKE_AT) | (about.backward ? BACKWARD_BIT : 0) | (step << STEP_AT);
        words[at + NUMBER] = number;
        words[at + FLOW] = 0;
        this.size++;
      }
      // Where an end is seen by an address that stands for it, the connection has to be told by that.
      if (about.flow !== 0 && (words[at + FLOW] === 0 || !(about.fromOwn && about.toOwn)))
        words[at + FLOW] = about.flow;
      let facts = words[at + FACTS] as number;
      if (about.fromOwn) facts |= FROM_OWN_BIT;
      if (about.toOwn) facts |= TO_OWN_BIT;
      if (about.fading) facts |= FADING_BIT;
      if (step > ((facts >>> STEP_AT) & STEP_MASK)) {
        facts = (facts & ~(STEP_MASK << STEP_AT)) | (step << STEP_AT);
        words[at + NUMBER] = number;
      }
      words[at + FACTS] = facts;
      this.#times[place] = clock[0] as number;
      return;
    }
    this.tooAlike++;
  }

  /** Hands over every packet that nothing looks like. */
  each(take: (times: Float64Array, at: number, backward: boolean, known: boolean, flow: number) => void): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#words[slot * WORDS] === 0 && this.#words[slot * WORDS + 1] === 0) continue;
      const facts = this.#words[slot * WORDS + FACTS] as number;
      if ((facts & (GROUPED_BIT | (ALIKE_MASK << ALIKE_AT))) !== 0) continue;
      take(
        this.#times,
        slot * this.#points,
        (facts & BACKWARD_BIT) !== 0,
        (facts & KNOWN_BITS) === KNOWN_BITS,
        this.#words[slot * WORDS + FLOW] as number,
      );
    }
  }

  /** Hands over all packets that are old, and forgets them. */
  sweep(
    isOld: (times: Float64Array, at: number) => boolean,
    take: (packet: Sighted) => void,
    untangle: Untangle,
  ): void {
    const points = this.#points;
    const [words, times] = [this.#words, this.#times];
    const slots = this.#mask + 1;
    const rest: {
      readonly one: number;
      readonly two: number;
      readonly facts: number;
      readonly times: Float64Array;
      readonly flow: number;
    }[] = [];
    const packet = {
      times,
      at: 0,
      backward: false,
      known: false,
      fading: false,
      alike: false,
      length: 0,
      number: 0,
      flow: 0,
    };
    const hand = (
      from: Float64Array,
      at: number,
      about: number,
      alike: boolean,
      number: number,
      flow: number,
    ): void => {
      packet.times = from;
      packet.at = at;
      packet.backward = (about & BACKWARD_BIT) !== 0;
      packet.known = (about & KNOWN_BITS) === KNOWN_BITS;
      packet.fading = (about & FADING_BIT) !== 0;
      packet.alike = alike;
      packet.length = (about >>> LENGTH_AT) & LENGTH_MASK;
      packet.number = number;
      packet.flow = flow;
      take(packet);
    };
    let staying = 0;
    for (let slot = 0; slot < slots; slot++) {
      const [one, two] = [words[slot * WORDS] as number, words[slot * WORDS + 1] as number];
      if (one === 0 && two === 0) continue;
      const about = words[slot * WORDS + FACTS] as number;
      if (((about >> ALIKE_AT) & ALIKE_MASK) !== 0) continue;
      if ((about & GROUPED_BIT) === 0) {
        if (isOld(times, slot * points))
          hand(
            times,
            slot * points,
            about,
            false,
            words[slot * WORDS + NUMBER] as number,
            words[slot * WORDS + FLOW] as number,
          );
        else staying++;
        continue;
      }
      const group = this.#groupOf(one, two);
      if (this.#isTooAlike(one, two, group.seen)) continue;
      const { packets, needless } = untangle(group.seen, (about & BACKWARD_BIT) !== 0);
      const left = group.seen.map((seen) => [...seen]);
      const second = group.seen.map((seen) => [...seen]);
      for (const found of packets) {
        takeFrom(second, found);
        const sightings = Float64Array.from(found);
        if (!isOld(sightings, 0)) continue;
        hand(sightings, 0, about | group.shared, true, 0, group.flow);
        takeFrom(left, found);
      }
      for (const found of needless) {
        takeFrom(second, found);
        if (isOld(Float64Array.from(found), 0)) this.copies += takeFrom(left, found);
      }
      for (const found of alone(second)) if (isOld(Float64Array.from(found), 0)) this.copies += takeFrom(left, found);
      // What is not old may still be seen elsewhere, and is untangled anew then: nothing of it may be taken for a copy now.
      for (let alike = 0; left.some(({ length }) => length > alike); alike++) {
        const sightings = Float64Array.from(left, (seen) => seen[alike] ?? Number.NaN);
        rest.push({ one, two, facts: (about & ~GROUPED_BIT) | group.shared, times: sightings, flow: group.flow });
        staying++;
      }
    }
    let room = FIRST_ROOM;
    while (room < staying * 1.5 && room < this.#most) room *= 2;
    this.#empty(room);
    for (let slot = 0; slot < slots; slot++) {
      const [one, two] = [words[slot * WORDS] as number, words[slot * WORDS + 1] as number];
      const about = words[slot * WORDS + FACTS] as number;
      if ((one === 0 && two === 0) || (about & (GROUPED_BIT | (ALIKE_MASK << ALIKE_AT))) !== 0) continue;
      if (!isOld(times, slot * points))
        this.#put(
          one,
          two,
          about,
          words[slot * WORDS + NUMBER] as number,
          words[slot * WORDS + FLOW] as number,
          times,
          slot * points,
        );
    }
    for (const one of rest) this.#putBeside(one);
  }

  /** True for packets of which some point had as many as can be held: what other points saw may be others of them. */
  #isTooAlike(one: number, two: number, seen: readonly (readonly number[])[]): boolean {
    const name = `${one} ${two}`;
    const isNew = seen.some(({ length }) => length >= MOST_ALIKE);
    if (!isNew && !this.#tooAlike.has(name)) return false;
    if (this.#tooAlike.size < MOST_NAMES) this.#tooAlike.add(name);
    this.tooAlike += seen.reduce((sum, { length }) => sum + length, 0);
    return true;
  }

  /** All sightings of those that look alike, by point. */
  #groupOf(
    one: number,
    two: number,
  ): { readonly seen: readonly number[][]; readonly shared: number; readonly flow: number } {
    const seen: number[][] = Array.from({ length: this.#points }, () => []);
    let [shared, flow] = [0, 0];
    for (let alike = 0; alike < MOST_ALIKE; alike++) {
      const slot = this.#slotOf(one, two, alike);
      if (this.#words[slot * WORDS] === 0 && this.#words[slot * WORDS + 1] === 0) break;
      shared |= (this.#words[slot * WORDS + FACTS] as number) & SHARED_BITS;
      flow = (this.#words[slot * WORDS + FLOW] as number) || flow;
      for (let point = 0; point < this.#points; point++) {
        const ns = this.#times[slot * this.#points + point] as number;
        if (!Number.isNaN(ns)) (seen[point] as number[]).push(ns);
      }
    }
    for (const times of seen) times.sort((first, second) => first - second);
    return { seen, shared, flow };
  }

  /** The slot of the packet, or the free one where it belongs. */
  #slotOf(one: number, two: number, alike: number): number {
    const words = this.#words;
    let slot = (one ^ Math.imul(two, 0x9e3779b1) ^ Math.imul(alike, 0x85ebca6b)) & this.#mask;
    for (;;) {
      const first = words[slot * WORDS] as number;
      const second = words[slot * WORDS + 1] as number;
      if (first === 0 && second === 0) return slot;
      if (
        first === one &&
        second === two &&
        (((words[slot * WORDS + FACTS] as number) >> ALIKE_AT) & ALIKE_MASK) === alike
      )
        return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #put(one: number, two: number, about: number, number: number, flow: number, times: Float64Array, at: number): void {
    const slot = this.#slotOf(one, two, (about >> ALIKE_AT) & ALIKE_MASK);
    this.#words[slot * WORDS] = one;
    this.#words[slot * WORDS + 1] = two;
    this.#words[slot * WORDS + FACTS] = about;
    this.#words[slot * WORDS + NUMBER] = number;
    this.#words[slot * WORDS + FLOW] = flow;
    const place = slot * this.#points;
    for (let point = 0; point < this.#points; point++) this.#times[place + point] = times[at + point] as number;
    this.size++;
  }

  /** Puts a packet beside those that look like it. */
  #putBeside(packet: {
    readonly one: number;
    readonly two: number;
    readonly facts: number;
    readonly times: Float64Array;
    readonly flow: number;
  }): void {
    const { one, two, facts, times, flow } = packet;
    for (let alike = 0; alike < MOST_ALIKE; alike++) {
      const slot = this.#slotOf(one, two, alike);
      if (this.#words[slot * WORDS] !== 0 || this.#words[slot * WORDS + 1] !== 0) {
        if (alike === 0)
          this.#words[slot * WORDS + FACTS] = (this.#words[slot * WORDS + FACTS] as number) | GROUPED_BIT;
        continue;
      }
      this.#put(one, two, (facts & ~(ALIKE_MASK << ALIKE_AT)) | (alike << ALIKE_AT), 0, flow, times, 0);
      return;
    }
  }

  #grow(): void {
    const points = this.#points;
    const [words, times] = [this.#words, this.#times];
    const slots = this.#mask + 1;
    this.#empty(slots * 2);
    for (let slot = 0; slot < slots; slot++) {
      const [one, two] = [words[slot * WORDS] as number, words[slot * WORDS + 1] as number];
      if (one !== 0 || two !== 0)
        this.#put(
          one,
          two,
          words[slot * WORDS + FACTS] as number,
          words[slot * WORDS + NUMBER] as number,
          words[slot * WORDS + FLOW] as number,
          times,
          slot * points,
        );
    }
  }

  #empty(room: number): void {
    this.#mask = room - 1;
    this.#words = new Int32Array(room * WORDS);
    this.#times = new Float64Array(room * this.#points).fill(Number.NaN);
    this.size = 0;
  }
}

/** Takes the sightings of a packet out of those of each point; answers how many. */
function takeFrom(left: readonly number[][], packet: readonly number[]): number {
  let taken = 0;
  for (const [point, ns] of packet.entries()) {
    if (Number.isNaN(ns)) continue;
    left[point]?.splice(left[point].indexOf(ns), 1);
    taken++;
  }
  return taken;
}

/** Each sighting as a packet of its own. */
function alone(seen: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return seen.flatMap((times, point) => times.map((ns) => seen.map((_, at) => (at === point ? ns : Number.NaN))));
}
