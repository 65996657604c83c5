/** Doublings from 1 ns on: enough for centuries. */
const OCTAVES = 64;
/** The exponent of a double of 1 is 1,023, and its fraction 0. */
const FIRST = 1_023;
/** Bits of the fraction in the upper word of a double. */
const FRACTION = 20;
/** Where a double is looked at as two words: one place for all, which stays in the cache. */
const value = new Float64Array(1);
const words = new Int32Array(value.buffer);

/** Where a value of 1 and more is counted, of `64 << bits` places. */
export function placeOf(one: number, bits: number): number {
  value[0] = one;
  // The upper word of a double: sign, 11 bits of exponent, 20 of fraction. Its first bits are octave and step.
  return Math.min((OCTAVES << bits) - 1, ((words[1] as number) >> (FRACTION - bits)) - (FIRST << bits));
}

/**
 * How values are spread, in `2 ** bits` steps per doubling: with 4 bits quantiles are right to within 3 % in 1,024 counters
 * however many values there are, with 3 bits to within 6 % in 512. Values are nanoseconds, 1 and more.
 */
export class Spread {
  readonly #bits: number;
  readonly #counts: Float64Array;
  count = 0;

  constructor(bits = 4) {
    this.#bits = bits;
    this.#counts = new Float64Array(OCTAVES << bits);
  }

  add(one: number): void {
    if (!(one >= 1)) return;
    const place = placeOf(one, this.#bits);
    this.#counts[place] = (this.#counts[place] as number) + 1;
    this.count++;
  }

  /** The counters that are not 0, by their places: to be stored, and added up elsewhere. */
  counters(): [place: number, count: number][] {
    return [...this.#counts].flatMap((count, place): [number, number][] => (count > 0 ? [[place, count]] : []));
  }

  /** Adds the counters of a spread of as many bits. */
  addCounters(counters: readonly (readonly [place: number, count: number])[]): void {
    for (const [place, count] of counters) {
      this.#counts[place] = (this.#counts[place] as number) + count;
      this.count += count;
    }
  }

  /** The q-th quantile (0 to 1); undefined without values. */
  quantile(q: number): number | undefined {
    if (this.count === 0) return undefined;
    const steps = 1 << this.#bits;
    let left = Math.max(1, Math.ceil(q * this.count));
    for (let place = 0; place < this.#counts.length; place++) {
      left -= this.#counts[place] as number;
      if (left <= 0) return 2 ** Math.floor(place / steps) * (1 + ((place % steps) + 0.5) / steps);
    }
    return undefined;
  }
}
