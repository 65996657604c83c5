import type { OneWay } from "./one-way.ts";
import { dispersion, type Share, wilson } from "./stats.ts";

/** How evenly bad packets are spread: every n-th like clockwork, like dice, in bursts, or not enough to tell. */
export type Pattern = {
  readonly share: Share;
  readonly bad: number;
  readonly of: number;
  /** n of "1 in n", when the share says so; `only` when no other n fits. */
  readonly oneIn: { readonly n: number; readonly only: boolean } | undefined;
  readonly spread: "even" | "random" | "bursts" | "unknown";
};

const LARGEST_N = 50;
/** Standard deviations from chance. */
const EVEN = -3;
const BURSTS = 5;
const BURST_RATIO = 1.6;

/**
 * Looks for "1 in n" in packets that crossed one point in one direction. The share gives n, and the beat where the share leaves a choice; that the bad ones
 * are spread more evenly than chance allows shows a counter at work. Other traffic that shares the counter makes ours
 * look more like chance, never less, so "random" does not speak against a counter; "bursts" does.
 */
export function patternOf(ways: readonly OneWay[]): Pattern {
  const ordered = ways.toSorted((a, b) => a.atMs - b.atMs);
  const marks = ordered.map((way) => way.bad);
  const bad = marks.filter(Boolean).length;
  const share = wilson(bad, ordered.length);
  return {
    share,
    bad,
    of: ordered.length,
    oneIn: oneIn(share, marks),
    spread: spreadOfMarks(marks, share.share),
  };
}

/** Standard deviations by which one distance between bad packets has to stand out to be a beat. */
const BEAT = 5;

/**
 * How much wider than for independent packets the interval is taken: ours share the counter with others that come in
 * trains (a TCP handshake is three in a row), so that a share of 22 % was seen where every 4th was hit.
 */
const SHARED_COUNTER = 1.7;

/**
 * The n of "1 in n": 1/n has to lie inside the interval, widened for a shared counter. Of several, the one whose beat is
 * heard (the distance from one bad packet to the next is n whenever nobody else's packets came between them; dice would
 * make short distances likelier than long ones, without a peak), else the one nearest to the share.
 */
export function oneIn(
  { share, low, high }: Share,
  marks: readonly boolean[] = [],
): { readonly n: number; readonly only: boolean } | undefined {
  const lowest = share - SHARED_COUNTER * (share - low);
  const highest = share + SHARED_COUNTER * (high - share);
  const fitting = Array.from({ length: LARGEST_N - 1 }, (_, index) => index + 2)
    .filter((n) => 1 / n >= lowest && 1 / n <= highest)
    .toSorted((a, b) => Math.abs(1 / a - share) - Math.abs(1 / b - share));
  const standing = standsOut(marks, share);
  const [heard] = fitting.filter((n) => standing(n) >= BEAT).toSorted((a, b) => standing(b) - standing(a));
  if (heard !== undefined) return { n: heard, only: true };
  return fitting[0] === undefined ? undefined : { n: fitting[0], only: fitting.length === 1 };
}

/** By how many standard deviations a distance between neighbouring bad packets is more frequent than dice make it. */
function standsOut(marks: readonly boolean[], share: number): (distance: number) => number {
  const seen = new Map<number, number>();
  const places = marks.flatMap((bad, index) => (bad ? [index] : []));
  for (const [index, place] of places.slice(1).entries()) {
    const distance = place - (places[index] ?? 0);
    seen.set(distance, (seen.get(distance) ?? 0) + 1);
  }
  return (distance) => {
    const expected = (places.length - 1) * share * (1 - share) ** (distance - 1);
    return ((seen.get(distance) ?? 0) - expected) / Math.sqrt(Math.max(1, expected));
  };
}

function spreadOfMarks(marks: readonly boolean[], share: number): Pattern["spread"] {
  if (share <= 0 || share >= 1) return "unknown";
  const block = Math.max(4, Math.round(2 / share));
  const fine = dispersion(marks, block);
  if (!fine) return "unknown";
  const coarse = dispersion(marks, block * 4) ?? fine;
  if (coarse.z > BURSTS && coarse.ratio > BURST_RATIO) return "bursts";
  return fine.z < EVEN || coarse.z < EVEN ? "even" : "random";
}
