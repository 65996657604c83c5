const STEPS = 16;
const OCTAVES = 64;

/**
 * How values are spread, in 16 steps per doubling: quantiles to within 6 %, in 1,024 counters however many values there are.
 * Values are nanoseconds, 1 and more.
 */
export class Spread {
  readonly #counts = new Float64Array(STEPS * OCTAVES);
  count = 0;

  add(value: number): void {
    if (!(value >= 1)) return;
    const octave = Math.floor(Math.log2(value));
    const step = Math.min(STEPS - 1, Math.floor((value / 2 ** octave - 1) * STEPS));
    const place = Math.min(this.#counts.length - 1, octave * STEPS + step);
    this.#counts[place] = (this.#counts[place] as number) + 1;
    this.count++;
  }

  /** The q-th quantile (0 to 1); undefined without values. */
  quantile(q: number): number | undefined {
    if (this.count === 0) return undefined;
    let left = Math.max(1, Math.ceil(q * this.count));
    for (const [place, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return 2 ** Math.floor(place / STEPS) * (1 + ((place % STEPS) + 0.5) / STEPS);
    }
    return undefined;
  }
}
