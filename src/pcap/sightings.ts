const FIRST_ROOM = 1 << 12;
/** Packets that look alike at one point are told apart by their order, up to this many. */
const MOST_ALIKE = 64;
const ALIKE = MOST_ALIKE - 1;
const LENGTH_AT = 8;

/** What `each` hands over: the place of the times, one a point. */
type Take = (times: Float64Array, at: number, backward: boolean, alike: boolean, length: number) => void;

/**
 * Which packets were seen at which point, and when. An open-addressed table of slots in typed arrays:
 *
 *   names   2 words a slot: the identity of the packet, and a slot is free when both are 0
 *   facts   1 word a slot: bit 0 = travels backward; bits 1 to 6 = the how-manieth of packets that look alike; from bit 8 on
 *           its length, bytes
 *   times   one double a point: nanoseconds; NaN = not seen there
 */
export class Sightings {
  readonly #points: number;
  readonly #most: number;
  #mask = FIRST_ROOM - 1;
  #names = new Int32Array(FIRST_ROOM * 2);
  #facts = new Int32Array(FIRST_ROOM);
  #times: Float64Array;
  size = 0;

  /** `most` slots, a power of two; three in four of them are used. */
  constructor(points: number, most: number) {
    this.#points = points;
    this.#most = most;
    this.#times = new Float64Array(FIRST_ROOM * points).fill(Number.NaN);
  }

  /** Notes a packet at a point; false when it is a new one and there is no room. */
  see(
    one: number,
    two: number,
    about: { readonly backward: boolean; readonly length: number },
    point: number,
    ns: number,
  ): boolean {
    if (this.size >= this.#mask - (this.#mask >> 2) && this.#mask + 1 < this.#most)
      this.#move((this.#mask + 1) * 2, () => true);
    for (let alike = 0; alike < MOST_ALIKE; alike++) {
      const slot = this.#slotOf(one, two, alike);
      const free = this.#isFree(slot);
      if (!free && !Number.isNaN(this.#times[slot * this.#points + point] as number)) continue;
      if (free) {
        if (this.size >= this.#mask - (this.#mask >> 2)) return false;
        this.#take(slot, one, two, (about.length << LENGTH_AT) | (alike << 1) | (about.backward ? 1 : 0));
      }
      this.#times[slot * this.#points + point] = ns;
      return true;
    }
    return false;
  }

  /** Hands over every packet. `alike`: others look like it, so that its times may be theirs. */
  each(take: Take): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#isFree(slot)) continue;
      const facts = this.#facts[slot] as number;
      take(this.#times, slot * this.#points, (facts & 1) === 1, alikeOf(facts) > 0, facts >>> LENGTH_AT);
    }
  }

  /** Keeps those packets of which this is true. */
  keep(wanted: (times: Float64Array, at: number) => boolean): void {
    this.#move(this.#mask + 1, wanted);
  }

  #isFree(slot: number): boolean {
    return this.#names[slot * 2] === 0 && this.#names[slot * 2 + 1] === 0;
  }

  /** The slot of the packet, or the free one where it belongs. */
  #slotOf(one: number, two: number, alike: number): number {
    const names = this.#names;
    let slot = (one ^ Math.imul(two, 0x9e3779b1) ^ Math.imul(alike, 0x85ebca6b)) & this.#mask;
    for (;;) {
      const first = names[slot * 2] as number;
      const second = names[slot * 2 + 1] as number;
      if (first === 0 && second === 0) return slot;
      if (first === one && second === two && alikeOf(this.#facts[slot] as number) === alike) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #take(slot: number, one: number, two: number, facts: number): void {
    this.#names[slot * 2] = one;
    this.#names[slot * 2 + 1] = two;
    this.#facts[slot] = facts;
    this.size++;
  }

  /** Into a table with `room` slots. */
  #move(room: number, wanted: (times: Float64Array, at: number) => boolean): void {
    const [names, facts, times] = [this.#names, this.#facts, this.#times];
    const slots = this.#mask + 1;
    const points = this.#points;
    this.#mask = room - 1;
    this.#names = new Int32Array(room * 2);
    this.#facts = new Int32Array(room);
    this.#times = new Float64Array(room * points).fill(Number.NaN);
    this.size = 0;
    for (let slot = 0; slot < slots; slot++) {
      const [one, two] = [names[slot * 2] as number, names[slot * 2 + 1] as number];
      if ((one === 0 && two === 0) || !wanted(times, slot * points)) continue;
      const about = facts[slot] as number;
      const place = this.#slotOf(one, two, alikeOf(about));
      this.#take(place, one, two, about);
      for (let point = 0; point < points; point++)
        this.#times[place * points + point] = times[slot * points + point] as number;
    }
  }
}

function alikeOf(facts: number): number {
  return (facts >> 1) & ALIKE;
}
