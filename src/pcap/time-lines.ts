const BLOCKS = 2_048;
const EVENTS = 32;
const LOOKED_AT = 16;

/** What may stand in a time line. */
export const EVENT_NAMES = [
  "",
  "sent again after a time-out",
  "sent again after duplicate ACKs",
  "sent again",
  "sent again though it had been acknowledged",
  "SYN sent again",
  "overtaken",
  "missing before it",
  "window closed",
  "window opened",
  "window full",
  "reset",
  "silence ended",
  "answered late",
  "seen twice",
  "told that it is too big",
] as const;
export const SENT_AFTER_TIMEOUT = 1;
export const SENT_AFTER_ACKS = 2;
export const SENT_AGAIN = 3;
export const SENT_NEEDLESSLY = 4;
export const SYN_AGAIN = 5;
export const OVERTAKEN = 6;
export const MISSING = 7;
export const WINDOW_CLOSED = 8;
export const WINDOW_OPENED = 9;
export const FILLED = 10;
export const RESET = 11;
export const SILENCE_ENDED = 12;
export const ANSWERED_LATE = 13;
export const SEEN_TWICE = 14;
export const TOLD_TOO_BIG = 15;

/** One event of a flow: what, in which direction, when (nanoseconds since the first packet), and at which packet. */
export type FlowEvent = {
  readonly event: number;
  readonly direction: 0 | 1;
  readonly atNs: number;
  readonly packet: number;
};

/**
 * The first 32 notable events of up to 2,048 flows that have any. When all time lines are taken, the flow with the fewest
 * events among the next few loses its own.
 */
export class TimeLines {
  /** Per event: kind | direction << 8, and the packet's number. */
  #words = new Int32Array(0);
  /** When; both are empty before the first event. */
  #times = new Float64Array(0);
  readonly #told: ((event: number) => void) | undefined;
  readonly #counts = new Int32Array(BLOCKS);
  readonly #free: number[] = [];
  /** The place of the word that names it, in the one flow whose time line it is; -1 while it is free. */
  readonly #owners = new Int32Array(BLOCKS).fill(-1);
  #used = 0;
  #hand = 0;
  /** Flows whose time line was given to another flow. */
  lost = 0;

  /** `told` is told of every event, also of those that have no room. */
  constructor(told?: (event: number) => void) {
    this.#told = told;
  }

  /** Adds an event to the time line that `words[place]` names; makes one when it is 0. */
  add(words: Int32Array, place: number, event: number, direction: number, now: number, packet: number): void {
    this.#told?.(event);
    let block = this.#blockOf(words, place);
    if (block === -1) {
      block = this.#take();
      words[place] = block + 1;
      this.#owners[block] = place;
      this.#counts[block] = 0;
    }
    const count = this.#counts[block] as number;
    if (count >= EVENTS) return;
    const at = block * EVENTS + count;
    this.#words[at * 2] = event | (direction << 8);
    this.#words[at * 2 + 1] = packet;
    this.#times[at] = now;
    this.#counts[block] = count + 1;
  }

  /** What was kept of a flow, in the order of time. */
  of(words: Int32Array, place: number): FlowEvent[] {
    const block = this.#blockOf(words, place);
    if (block === -1) return [];
    return Array.from({ length: this.#counts[block] as number }, (_, index) => {
      const at = block * EVENTS + index;
      const word = this.#words[at * 2] as number;
      return {
        event: word & 255,
        direction: word >> 8 === 0 ? 0 : 1,
        atNs: this.#times[at] as number,
        packet: this.#words[at * 2 + 1] as number,
      };
    });
  }

  release(words: Int32Array, place: number): void {
    const block = this.#blockOf(words, place);
    if (block === -1) return;
    words[place] = 0;
    this.#owners[block] = -1;
    this.#free.push(block);
  }

  /** The time line that the word names; -1 when there is none, or when it has been given to another flow. */
  #blockOf(words: Int32Array, place: number): number {
    const block = (words[place] as number) - 1;
    return block !== -1 && this.#owners[block] === place ? block : -1;
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used === 0) {
      this.#words = new Int32Array(BLOCKS * EVENTS * 2);
      this.#times = new Float64Array(BLOCKS * EVENTS);
    }
    if (this.#used < BLOCKS) return this.#used++;
    let chosen = this.#hand;
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      this.#hand = (this.#hand + 1) % BLOCKS;
      if ((this.#counts[this.#hand] as number) < (this.#counts[chosen] as number)) chosen = this.#hand;
    }
    this.#hand = (this.#hand + 1) % BLOCKS;
    this.lost++;
    return chosen;
  }
}
