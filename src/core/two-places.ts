import { type Element, elementKey, elementKinds, elementsOf } from "./elements.ts";
import type { Located, LocateOptions, Tally } from "./localise.ts";
import { logLikelihood, wilson } from "./stats.ts";

type Sum = { readonly bad: number; readonly of: number };
type Group = { readonly element: Element; readonly inside: ReadonlySet<Tally> };
type Pair = { readonly places: readonly [Located, Located]; readonly likelihood: number };

/** What two places have to gain over as many found one by one, as a log-likelihood ratio. */
const GAIN = 1;
/** What each place more than the others have has to gain. */
const PER_PLACE = 7;
/** Pairs this close in log-likelihood are not told apart. */
const SAME = 0.5;
/** Kinds that are a set of others (all nodes) or speak about one protocol only are not combined. */
export const COMBINED = new Set(["entry", "pod", "host", "nic", "tunnel", "pair", "tunnel-pair"]);

/**
 * Two places that are bad at once and share legs: a leg that crosses both is bad when either is. Each of the two must
 * be proven by legs that do not cross the other one; their counts, not those of shared legs, are what is reported. The
 * pair is returned only if it explains all tallies clearly better than the places that were found one by one.
 */
export function twoPlaces(
  tallies: readonly Tally[],
  single: readonly Located[],
  options: LocateOptions,
): readonly [Located, Located] | undefined {
  const groups = groupsOf(tallies, options);
  const least = likelihoodOf(tallies, single) + PER_PLACE * (2 - costOf(single)) + GAIN;
  const pairs: Pair[] = [];
  for (const [index, one] of groups.entries())
    for (const other of groups.slice(index + 1)) {
      const pair = asPair(tallies, one, other, options);
      if (pair && pair.likelihood > least) pairs.push(pair);
    }
  const most = Math.max(...pairs.map(({ likelihood }) => likelihood));
  const rank = ({ places }: Pair): number =>
    places.reduce((sum, { element }) => sum + elementKinds.indexOf(element.kind), 0);
  const [best, ...others] = pairs
    .filter(({ likelihood }) => likelihood > most - SAME)
    .toSorted((a, b) => rank(a) - rank(b));
  if (!best) return undefined;
  const named = new Set(best.places.map(({ element }) => elementKey(element)));
  // Another pair of which one half is the same leaves only the other half in doubt.
  const doubts = (place: Located): readonly Element[] =>
    others.flatMap(({ places }) => {
      const differing = places.filter(({ element }) => !named.has(elementKey(element)));
      const kept = places.some(({ element }) => elementKey(element) === elementKey(place.element));
      return kept && differing.length === 1 ? [] : differing.map(({ element }) => element);
    });
  const [one, other] = best.places;
  return [
    { ...one, alternatives: doubts(one) },
    { ...other, alternatives: doubts(other) },
  ];
}

function groupsOf(tallies: readonly Tally[], { plan }: LocateOptions): readonly Group[] {
  const groups = new Map<string, { element: Element; inside: Set<Tally> }>();
  for (const tally of tallies)
    for (const element of elementsOf(tally.leg, plan)) {
      if (!COMBINED.has(element.kind)) continue;
      const group = groups.get(elementKey(element)) ?? { element, inside: new Set() };
      group.inside.add(tally);
      groups.set(elementKey(element), group);
    }
  return [...groups.values()];
}

function asPair(tallies: readonly Tally[], one: Group, other: Group, options: LocateOptions): Pair | undefined {
  const shared = sum(tallies.filter((tally) => one.inside.has(tally) && other.inside.has(tally)));
  if (shared.of === 0) return undefined;
  const neither = sum(tallies.filter((tally) => !one.inside.has(tally) && !other.inside.has(tally)));
  if (neither.of === 0) return undefined;
  const first = alone(one, other, neither, options);
  const second = first && alone(other, one, neither, options);
  if (!first || !second) return undefined;
  const clean = 1 - neither.bad / neither.of;
  const likelihood = logLikelihood(neither.bad, neither.of, 1 - clean) + jointLikelihood(first, second, shared, clean);
  return { places: [first, second], likelihood };
}

/** Rounds of fitting one good share after the other, and steps of each. */
const ROUNDS = 3;
const STEPS = 24;

/**
 * The most probable good shares of two places, from their own legs and from shared ones: what passes both is the
 * product of the two. The background is in both and counts once.
 */
function jointLikelihood(first: Located, second: Located, shared: Sum, clean: number): number {
  let [one, other] = [1 - first.share.share, 1 - second.share.share];
  const of = (own: Sum, good: number, beside: number): number =>
    logLikelihood(own.bad, own.of, 1 - good) +
    logLikelihood(shared.bad, shared.of, 1 - (good * beside) / Math.max(clean, 0.01));
  for (let round = 0; round < ROUNDS; round++) {
    one = highest((good) => of(first, good, other));
    other = highest((good) => of(second, good, one));
  }
  return of(first, one, other) + logLikelihood(second.bad, second.of, 1 - other);
}

/** Where between 0 and 1 a function with one peak is highest. */
function highest(height: (at: number) => number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < STEPS; step++) {
    const third = (high - low) / 3;
    if (height(low + third) < height(high - third)) low += third;
    else high -= third;
  }
  return (low + high) / 2;
}

/** A place judged by those of its legs that do not cross the other one. */
function alone(
  { element, inside }: Group,
  { inside: others }: Group,
  background: Sum,
  { minBad, minEvidence, matters }: LocateOptions,
): Located | undefined {
  const own = [...inside].filter((tally) => !others.has(tally));
  const { bad, of } = sum(own);
  if (bad < minBad) return undefined;
  const share = wilson(bad, of);
  const all = { bad: bad + background.bad, of: of + background.of };
  const evidence =
    logLikelihood(bad, of, share.share) +
    logLikelihood(background.bad, background.of, background.bad / background.of) -
    logLikelihood(all.bad, all.of, all.bad / all.of);
  const located: Located = {
    element,
    legs: [...inside].map(({ leg }) => leg),
    own: own.map(({ leg }) => leg),
    bad,
    of,
    share,
    background,
    evidence,
    alternatives: [],
  };
  return evidence >= minEvidence && matters(located) ? located : undefined;
}

/** That all nodes fail alike is no simpler than that two of them do. */
function costOf(places: readonly Located[]): number {
  return places.reduce((sum, { element }) => sum + (COMBINED.has(element.kind) ? 1 : 2), 0);
}

/** How probable the tallies are when each leg belongs to the first of the places that it crosses, or to none. */
function likelihoodOf(tallies: readonly Tally[], places: readonly Located[]): number {
  const classes = Map.groupBy(tallies, ({ leg }) => places.findIndex(({ legs }) => legs.includes(leg)));
  let total = 0;
  for (const members of classes.values()) {
    const { bad, of } = sum(members);
    total += logLikelihood(bad, of, bad / of);
  }
  return total;
}

function sum(tallies: readonly Tally[]): Sum {
  return tallies.reduce((total, { bad, of }) => ({ bad: total.bad + bad, of: total.of + of }), { bad: 0, of: 0 });
}
