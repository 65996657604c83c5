import { z } from "zod";
import type { Sighted } from "./sightings.ts";
import { Spread } from "./spread.ts";

/** Different sets of points at which packets were seen; there are some dozens unless recorders miss at random. */
const MOST_KINDS = 4_096;
/** Seconds with losses that are told apart. */
const MOST_SECONDS = 50_000;

const count = z.number().int().nonnegative();
const counters = z.array(z.tuple([count, count]));

/** How many packets were seen at the same points. */
const crossingSchema = z.object({
  backward: z.boolean(),
  /** Bits, one a point: who saw them, and who was recording at the time. */
  seen: count,
  could: count,
  count,
  /** Bytes of IP. */
  smallest: count,
  largest: count,
  /** Unix seconds and how many, of those that the last one who could did not see; not more than 50,000 in all. */
  at: z.array(z.tuple([z.number(), count])),
});

/** How long packets took between two points; counters of a Spread. */
const tookSchema = z.object({ from: count, to: count, counters, longestNs: z.number() });

/**
 * Which packets were seen where, counted: everything about hops follows from it, and those of several pieces of time can
 * be added up.
 */
export const crossingsSchema = z.object({
  crossings: z.array(crossingSchema),
  took: z.array(tookSchema),
  /** Sightings of packets that a point had seen a moment before. */
  copies: count,
  /** Packets that had no room in the counts. */
  uncounted: count,
});
export type CrossingCounts = z.infer<typeof crossingsSchema>;
export type Crossing = z.infer<typeof crossingSchema>;

type Kind = {
  readonly backward: boolean;
  readonly seen: number;
  readonly could: number;
  count: number;
  smallest: number;
  largest: number;
  readonly at: Map<number, number>;
};
type Took = { readonly from: number; readonly to: number; readonly spread: Spread; longestNs: number };

/** Counts packets by the points that saw them. */
export class Crossings {
  copies = 0;
  readonly #points: number;
  readonly #kinds = new Map<number, Kind>();
  readonly #took: (Took | undefined)[];
  #newest: Kind | undefined;
  #newestKey = -1;
  #uncounted = 0;
  #seconds = 0;

  constructor(points: number) {
    this.#points = points;
    this.#took = new Array(points * points).fill(undefined);
  }

  /** Counts a packet that was seen at some of the points that could. True when it was lost behind one of them. */
  add({ backward, length }: Sighted, seen: number, could: number, second: () => number): boolean {
    // Both are of 14 bits at the most.
    const key = (could << 15) | (seen << 1) | (backward ? 1 : 0);
    let kind = key === this.#newestKey ? this.#newest : this.#kinds.get(key);
    if (!kind) {
      if (this.#kinds.size >= MOST_KINDS) {
        this.#uncounted++;
        return false;
      }
      kind = { backward, seen, could, count: 0, smallest: length, largest: length, at: new Map() };
      this.#kinds.set(key, kind);
    }
    this.#newest = kind;
    this.#newestKey = key;
    kind.count++;
    if (length < kind.smallest) kind.smallest = length;
    if (length > kind.largest) kind.largest = length;
    const isLost = could !== 0 && (seen & lastOf(could, backward)) === 0;
    if (isLost) this.#note(kind, second());
    return isLost;
  }

  /** A packet took so long from a point to the next that saw it. */
  took(from: number, to: number, ns: number): void {
    const place = from * this.#points + to;
    let took = this.#took[place];
    if (!took) {
      took = { from, to, spread: new Spread(), longestNs: 0 };
      this.#took[place] = took;
    }
    // Clocks that were compared to within a little may show an arrival before its departure.
    took.spread.add(Math.max(1, ns));
    if (ns > took.longestNs) took.longestNs = ns;
  }

  counts(): CrossingCounts {
    return {
      crossings: [...this.#kinds.values()].map((kind) => ({
        ...kind,
        at: [...kind.at].sort(([one], [other]) => one - other),
      })),
      took: this.#took.flatMap((took) =>
        took ? [{ from: took.from, to: took.to, counters: took.spread.counters(), longestNs: took.longestNs }] : [],
      ),
      copies: this.copies,
      uncounted: this.#uncounted,
    };
  }

  #note(kind: Kind, second: number): void {
    const before = kind.at.get(second);
    if (before === undefined && ++this.#seconds > MOST_SECONDS) return;
    kind.at.set(second, (before ?? 0) + 1);
  }
}

/** The bit of the last point on the way among some. */
function lastOf(points: number, backward: boolean): number {
  return backward ? points & -points : points === 0 ? 0 : 1 << (31 - Math.clz32(points));
}

/** Everything of several pieces of time together. */
export function addedCrossings(all: readonly CrossingCounts[]): CrossingCounts {
  const kinds = new Map<string, Crossing>();
  const took = new Map<
    string,
    { readonly from: number; readonly to: number; readonly spread: Spread; longestNs: number }
  >();
  for (const one of all.flatMap(({ crossings }) => crossings)) {
    const key = `${one.could} ${one.seen} ${one.backward}`;
    const before = kinds.get(key);
    kinds.set(key, before ? bothOf(before, one) : one);
  }
  for (const { from, to, counters, longestNs } of all.flatMap(({ took }) => took)) {
    const key = `${from} ${to}`;
    const before = took.get(key) ?? { from, to, spread: new Spread(), longestNs: 0 };
    before.spread.addCounters(counters);
    before.longestNs = Math.max(before.longestNs, longestNs);
    took.set(key, before);
  }
  return {
    crossings: [...kinds.values()],
    took: [...took.values()].map(({ spread, ...rest }) => ({ ...rest, counters: spread.counters() })),
    copies: all.reduce((sum, { copies }) => sum + copies, 0),
    uncounted: all.reduce((sum, { uncounted }) => sum + uncounted, 0),
  };
}

function bothOf(one: Crossing, other: Crossing): Crossing {
  const at = new Map(one.at);
  for (const [second, count] of other.at) at.set(second, (at.get(second) ?? 0) + count);
  return {
    ...one,
    count: one.count + other.count,
    smallest: Math.min(one.smallest, other.smallest),
    largest: Math.max(one.largest, other.largest),
    at: [...at].sort(([first], [second]) => first - second),
  };
}
