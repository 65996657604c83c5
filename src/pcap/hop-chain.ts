import { wilson } from "../core/stats.ts";
import type { Crossing, CrossingCounts } from "./crossings.ts";
import { Spread } from "./spread.ts";

/** What the chain needs to know of a point. */
export type ChainPoint = {
  readonly id: string;
  /** Packets may pass by it. */
  readonly mayBeSkipped?: boolean;
  /** Packets that its recorder says it lost. */
  readonly dropped?: number;
};

export type HopDirection = "forward" | "backward";

/** What happened between two neighbouring points in one direction. */
export type Hop = {
  readonly from: string;
  readonly to: string;
  readonly direction: HopDirection;
  /** Packets seen at `from` while `to`, and some point behind it, were recording. */
  readonly sent: number;
  /** Those that were seen at `to`. */
  readonly seen: number;
  /** Seen neither at `to` nor behind it. */
  readonly lost: number;
  /** Not seen at `to`, but behind it: the network did not lose them; the recorder did, or they went another way. */
  readonly missed: number;
  /** `missed` of those that reached a point behind `to`; of the last point: what it missed of those that came from it. */
  readonly missShare: { readonly share: number; readonly low: number; readonly high: number };
  readonly lossShare: { readonly share: number; readonly low: number; readonly high: number };
  /** Seen at `to` and nowhere before it, though all points before it were recording. */
  readonly appeared: number;
  /** What the recorder at `to` says it lost, packets. */
  readonly dropped: number;
  /** The smallest lost packet and the largest that got through, bytes of IP; 0 when there is none. */
  readonly smallestLost: number;
  readonly largestSeen: number;
  /** Time between the two, for those seen at both; `uncertainMs` is how far the clocks may be off. Absent when nobody knows. */
  readonly delayMs?: {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    readonly uncertainMs: number;
  };
  /** Unix seconds by our clock, and how many were lost in each, ascending. */
  readonly lostAt: readonly (readonly [second: number, lost: number])[];
};

/** Why a point says nothing about a direction. */
export type Left = { readonly point: string; readonly reason: string };

/** A point that misses more than this share of what passes it says nothing: it does not lie on the way. */
const BLIND_SHARE = 0.5;
/** The same where it is known that packets may pass by. */
const SKIPPED_SHARE = 0.1;

/**
 * Hops between neighbouring points, one direction after the other, from counts of who saw what. Points that packets pass by
 * are taken out of the way of that direction: the hops before and behind become one. One that sees nothing, while nobody
 * behind it sees anything either, stays: then packets vanish in front of it.
 */
export function hopsOf(
  points: readonly ChainPoint[],
  counts: CrossingCounts,
  uncertainMs: (from: number, to: number) => number | undefined,
): { readonly hops: readonly Hop[]; readonly left: readonly Left[] } {
  const ways = [false, true].map((backward) => new Way(points, counts.crossings, backward));
  const [forward, backward] = ways as [Way, Way];
  for (const [way, other] of [
    [forward, backward],
    [backward, forward],
  ] as const)
    way.choose(other);
  const spreads = new Map(counts.took.map((took) => [`${took.from} ${took.to}`, took]));
  const hops = ways
    .flatMap((way) =>
      way.hops(way === forward ? backward : forward).map(({ from, to, ...hop }) => {
        const took = spreads.get(`${from} ${to}`);
        const uncertain = uncertainMs(from, to);
        const delay = took && uncertain !== undefined ? delayOf(took, uncertain) : undefined;
        const place = Math.min(from, to);
        return { place, hop: { ...hop, ...ends(points, from, to), ...(delay ? { delayMs: delay } : {}) } };
      }),
    )
    .toSorted((one, other) => one.place - other.place)
    .map(({ hop }) => hop);
  return { hops, left: leftOf(points, forward, backward) };
}

const ends = (
  points: readonly ChainPoint[],
  from: number,
  to: number,
): { readonly from: string; readonly to: string } => ({
  from: (points[from] as ChainPoint).id,
  to: (points[to] as ChainPoint).id,
});

function delayOf(
  { counters, longestNs }: CrossingCounts["took"][number],
  uncertainMs: number,
): Hop["delayMs"] | undefined {
  const spread = new Spread();
  spread.addCounters(counters);
  const [p50, p99] = [spread.quantile(0.5), spread.quantile(0.99)];
  if (p50 === undefined || p99 === undefined) return undefined;
  return { p50: p50 / 1e6, p99: p99 / 1e6, max: longestNs / 1e6, uncertainMs };
}

function leftOf(points: readonly ChainPoint[], forward: Way, backward: Way): readonly Left[] {
  return points.flatMap(({ id }, point) => {
    const [there, back] = [forward, backward].map((way) => way.left(point));
    if (there === undefined && back === undefined) return [];
    const which =
      there !== undefined && back !== undefined
        ? "either direction"
        : there !== undefined
          ? "the way there"
          : "the way back";
    return [{ point: id, reason: `${there ?? back} (${which})` }];
  });
}

/** The points in one direction, and what is counted there. Numbers of points are places in the list, not on the way. */
class Way {
  readonly #points: readonly ChainPoint[];
  readonly #crossings: readonly Crossing[];
  readonly #backward: boolean;
  /** In the order in which packets cross them. */
  #chain: readonly number[];
  readonly #left = new Map<number, string>();

  constructor(points: readonly ChainPoint[], crossings: readonly Crossing[], backward: boolean) {
    this.#points = points;
    this.#backward = backward;
    this.#crossings = crossings.filter((crossing) => crossing.backward === backward);
    const order = [...points.keys()];
    this.#chain = backward ? order.toReversed() : order;
  }

  /** Why a point was taken out. */
  left(point: number): string | undefined {
    return this.#left.get(point);
  }

  /** Takes out the points that packets pass by; `back` knows whether the last point sees anything at all. */
  choose(back: Way): void {
    const all = this.#chain;
    // The last one that is not taken out has nobody behind it.
    let isLast = true;
    for (const point of all.toReversed()) {
      const { mayBeSkipped = false } = this.#points[point] as ChainPoint;
      const { missed, of, seen } = (isLast ? back : this).#misses(point);
      const most = mayBeSkipped ? SKIPPED_SHARE : BLIND_SHARE;
      if (!this.#crossings.some(({ could }) => has(could, point))) {
        if (this.#crossings.length > 0)
          this.#left.set(point, "nothing was recorded here while packets were on their way");
      } else if (of > 0 && missed / of > most)
        this.#left.set(
          point,
          seen === 0
            ? `no packet of the two ends was seen here, though ${of} were seen behind it`
            : `${missed} of ${of} packets were not seen here, but behind it: they pass by, or were changed`,
        );
      else if (mayBeSkipped && !isLast && this.#seenAt(point) === 0 && this.#crossings.length > 0)
        this.#left.set(point, "no packet of the two ends was seen here, and they may pass by");
      else isLast = false;
    }
    this.#chain = all.filter((point) => !this.#left.has(point));
  }

  /** `back` tells what the last point misses of the packets that come from it. */
  hops(back: Way): readonly (Omit<Hop, "from" | "to"> & { readonly from: number; readonly to: number })[] {
    return this.#chain.slice(1).map((to, index) => {
      const from = this.#chain[index] as number;
      return { ...this.#hop(from, to, back), from, to };
    });
  }

  #hop(from: number, to: number, back: Way): Omit<Hop, "from" | "to"> {
    const chain = this.#chain;
    const place = chain.indexOf(to);
    // Whether a packet was missed at `to` only, somebody behind has to tell.
    const witnesses = maskOf(place === chain.length - 1 ? [to] : chain.slice(place + 1));
    const before = this.#before(to);
    const wantedBefore = maskOf(chain.slice(0, place));
    const behind = this.#behind(to);
    const found = { sent: 0, seen: 0, lost: 0, missed: 0, appeared: 0, smallestLost: 0, largestSeen: 0 };
    const lostAt = new Map<number, number>();
    let beyond = 0;
    for (const { seen, could, count, smallest, largest, at } of this.#crossings) {
      const here = has(seen, to);
      if (here && (seen & before) === 0 && (could & wantedBefore) === wantedBefore) found.appeared += count;
      if (!has(seen, from) || !has(could, to) || (could & witnesses) === 0) continue;
      found.sent += count;
      const passed = (seen & behind) !== 0;
      if (passed) beyond += count;
      if (here) {
        found.seen += count;
        found.largestSeen = Math.max(found.largestSeen, largest);
      } else if (passed) found.missed += count;
      else {
        found.smallestLost = found.lost === 0 ? smallest : Math.min(found.smallestLost, smallest);
        found.lost += count;
        for (const [second, lost] of at) lostAt.set(second, (lostAt.get(second) ?? 0) + lost);
      }
    }
    const own = place === chain.length - 1 ? back.#misses(to) : undefined;
    return {
      direction: this.#backward ? "backward" : "forward",
      ...found,
      missShare: own ? wilson(own.missed, own.of) : wilson(found.missed, beyond),
      lossShare: wilson(found.lost, found.sent),
      dropped: (this.#points[to] as ChainPoint).dropped ?? 0,
      lostAt: [...lostAt].sort(([one], [other]) => one - other),
    };
  }

  /** Of the packets that were seen behind a point while it was recording, how many it did not see; and how many it saw at all. */
  #misses(point: number): { readonly missed: number; readonly of: number; readonly seen: number } {
    const behind = this.#behind(point);
    let [missed, of] = [0, 0];
    for (const { seen, could, count } of this.#crossings) {
      if (!has(could, point) || (seen & behind) === 0) continue;
      of += count;
      if (!has(seen, point)) missed += count;
    }
    return { missed, of, seen: this.#seenAt(point) };
  }

  #seenAt(point: number): number {
    return this.#crossings.reduce((sum, { seen, count }) => (has(seen, point) ? sum + count : sum), 0);
  }

  /** All points that lie behind one on the way, also those that were taken out. */
  #behind(point: number): number {
    const lower = (1 << point) - 1;
    return this.#backward ? lower : ~(lower | (1 << point));
  }

  #before(point: number): number {
    const lower = (1 << point) - 1;
    return this.#backward ? ~(lower | (1 << point)) : lower;
  }
}

const has = (points: number, point: number): boolean => (points & (1 << point)) !== 0;
const maskOf = (points: readonly number[]): number => points.reduce((mask, point) => mask | (1 << point), 0);
