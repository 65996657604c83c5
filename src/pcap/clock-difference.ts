/** Minima are taken over stretches of this length: long enough to hold packets that waited nowhere. */
const STRETCH_NS = 1e9;
/** The fastest packets of so long ago still say how the clocks drift. */
const MEMORY_NS = 40e9;
const MAX_STRETCHES = 4_096;
/** The line is fitted again after what it explains was taken away: drift within a stretch hides the minimum. */
const ROUNDS = 3;

/**
 * What one clock shows more than another, as a line over time, and how far that may be off. Nobody tells us: it is found from
 * packets that crossed between the two in both directions, as NTP does (RFC 5905, 8). The fastest packet of a stretch waited in no
 * queue, so that half the difference between the fastest there and the fastest back is what the clocks differ, if the way
 * takes as long there as back; half their sum is how wrong that may be.
 */
export type ClockDifference = {
  /** At a time of the first clock, nanoseconds: what to take from the second one's. */
  readonly at: (ns: number) => number;
  /** Either way; infinite when packets of one direction only were seen: then a time between the two means nothing. */
  readonly uncertainNs: number;
  /** Parts per million that the second clock runs faster. */
  readonly driftPpm: number;
};

type Stretch = { readonly middle: number; there: number; back: number };

/** Collects packets between two clocks. */
export class ClockPair {
  /** Times of the first clock, and by how much the second one's differ; packets there, then packets back. */
  readonly #there: Samples = { at: [], difference: [] };
  readonly #back: Samples = { at: [], difference: [] };
  #before: ClockDifference | undefined;

  /** A packet that was seen at both; `back` when it came from the second one. */
  add(firstNs: number, secondNs: number, back: boolean): void {
    const samples = back ? this.#back : this.#there;
    samples.at.push(firstNs);
    samples.difference.push(secondNs - firstNs);
  }

  /** The difference by all packets since it was asked the last time, and the fastest of before. */
  take(): ClockDifference {
    const now = difference(this.#there, this.#back, this.#before);
    for (const [samples, sign] of [
      [this.#there, 1],
      [this.#back, -1],
    ] as const)
      keepFastest(samples, now.at, sign);
    this.#before = now;
    return now;
  }
}

type Samples = { readonly at: number[]; readonly difference: number[] };

function difference(there: Samples, back: Samples, before: ClockDifference | undefined): ClockDifference {
  if (there.at.length === 0 && back.at.length === 0)
    return before ?? { at: () => 0, uncertainNs: Number.POSITIVE_INFINITY, driftPpm: 0 };
  if (there.at.length === 0 || back.at.length === 0) {
    if (before && Number.isFinite(before.uncertainNs)) return before;
    // Only what is above the fastest can be told.
    const [samples] = there.at.length > 0 ? [there] : [back];
    const least = lowest(samples, there.at.length > 0 ? 1 : -1);
    return { at: () => least, uncertainNs: Number.POSITIVE_INFINITY, driftPpm: 0 };
  }
  const origin = Math.min(there.at[0] as number, back.at[0] as number);
  let [base, slope, uncertain] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const stretches = stretched(there, back, (ns) => base + slope * (ns - origin), origin);
    const line = fitted(stretches);
    base += line.base;
    slope += line.slope;
    uncertain = line.uncertain;
  }
  return { at: (ns) => base + slope * (ns - origin), uncertainNs: uncertain, driftPpm: slope * 1e6 };
}

/** Leaves of each stretch the packet that waited least. */
function keepFastest(samples: Samples, known: (ns: number) => number, sign: 1 | -1): void {
  const fastest = new Map<number, { readonly at: number; readonly difference: number; readonly waited: number }>();
  let newest = Number.NEGATIVE_INFINITY;
  for (const [index, at] of samples.at.entries()) {
    const one = samples.difference[index] as number;
    const waited = sign * (one - known(at));
    const stretch = Math.floor(at / STRETCH_NS);
    if (waited < (fastest.get(stretch)?.waited ?? Number.POSITIVE_INFINITY))
      fastest.set(stretch, { at, difference: one, waited });
    newest = Math.max(newest, at);
  }
  samples.at.length = 0;
  samples.difference.length = 0;
  for (const { at, difference } of fastest.values()) {
    if (at < newest - MEMORY_NS) continue;
    samples.at.push(at);
    samples.difference.push(difference);
  }
}

function lowest({ difference }: Samples, sign: 1 | -1): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of difference) least = Math.min(least, sign * value);
  return sign * least;
}

/** The fastest packet of each direction in each stretch, less what is known already. */
function stretched(there: Samples, back: Samples, known: (ns: number) => number, origin: number): readonly Stretch[] {
  const found = new Map<number, Stretch>();
  const stretchOf = (ns: number): Stretch | undefined => {
    const number = Math.floor((ns - origin) / STRETCH_NS);
    let stretch = found.get(number);
    if (!stretch && found.size < MAX_STRETCHES) {
      const middle = (number + 0.5) * STRETCH_NS;
      stretch = { middle, there: Number.POSITIVE_INFINITY, back: Number.POSITIVE_INFINITY };
      found.set(number, stretch);
    }
    return stretch;
  };
  for (const [index, ns] of there.at.entries()) {
    const stretch = stretchOf(ns);
    if (stretch) stretch.there = Math.min(stretch.there, (there.difference[index] as number) - known(ns));
  }
  for (const [index, ns] of back.at.entries()) {
    const stretch = stretchOf(ns);
    if (stretch) stretch.back = Math.min(stretch.back, known(ns) - (back.difference[index] as number));
  }
  return [...found.values()];
}

/**
 * A line through the stretches that have both directions; those whose way there and back took more than twice the least are
 * left out, if others remain: their packets had waited. A stretch of one direction is judged with the least way of all.
 */
function fitted(stretches: readonly Stretch[]): { base: number; slope: number; uncertain: number } {
  const both = stretches.filter(({ there, back }) => Number.isFinite(there) && Number.isFinite(back));
  if (both.length === 0) {
    const there = Math.min(...stretches.map((stretch) => stretch.there));
    const back = Math.min(...stretches.map((stretch) => stretch.back));
    return { base: (there - back) / 2, slope: 0, uncertain: Math.max(0, (there + back) / 2) };
  }
  const way = ({ there, back }: Stretch): number => there + back;
  const least = Math.min(...both.map(way));
  const good = both.filter((stretch) => way(stretch) <= 2 * Math.max(least, 1_000));
  const points = good.map((stretch) => ({ x: stretch.middle, y: (stretch.there - stretch.back) / 2 }));
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  // Two stretches make a line out of any noise.
  const slope = points.length < 3 ? 0 : points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const off = Math.max(...points.map(({ x, y }) => Math.abs(y - meanY - slope * (x - meanX))));
  return { base: meanY - slope * meanX, slope, uncertain: Math.max(0, least / 2) + off };
}
