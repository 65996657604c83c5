import { type Element, elementKey, elementKinds, elementsOf } from "./elements.ts";
import type { Leg, Plan } from "./plan.ts";
import { logLikelihood, type Share, wilson } from "./stats.ts";
import { COMBINED, twoPlaces } from "./two-places.ts";

/** How many packets of one leg went badly. */
export type Tally = { readonly leg: Leg; readonly bad: number; readonly of: number };

/** A part of the network whose legs are bad while the rest is good. */
export type Located = {
  readonly element: Element;
  readonly legs: readonly Leg[];
  /** Those of its legs that it alone accounts for, when another place shares some; the counts are theirs. */
  readonly own: readonly Leg[];
  readonly bad: number;
  readonly of: number;
  readonly share: Share;
  /** The same outside of it. */
  readonly background: { readonly bad: number; readonly of: number };
  /** How much better "here" explains the tallies than "everywhere alike", as a log-likelihood ratio. */
  readonly evidence: number;
  /** Other elements that the measured legs cannot tell from it. */
  readonly alternatives: readonly Element[];
};

export type LocateOptions = {
  readonly plan: Plan;
  /** Least log-likelihood ratio for a claim. */
  readonly minEvidence: number;
  /** Fewest bad packets for a claim. */
  readonly minBad: number;
  /** Whether the difference between inside and outside is worth a claim. */
  readonly matters: (located: Located) => boolean;
};

/** Elements this close in log-likelihood are not told apart. */
const SAME = 0.5;
const MAX_PLACES = 4;

/**
 * Finds the places that explain which legs are bad: for each element, its legs share one rate and all others another;
 * the element under which the tallies are most probable is the place. What it explains is set aside and the rest is
 * looked at again, so that two faults at once are two places. Two that share legs are looked for together. Fooled by legs that were not measured: an element that
 * was crossed by no other leg cannot be told from its neighbour, and is then listed under `alternatives`.
 */
export function locate(tallies: readonly Tally[], options: LocateOptions): readonly Located[] {
  const measured = tallies.filter(({ of }) => of > 0);
  // Which nodes a packet to a Service address crosses is not known: it is no witness for or against any of them.
  const known = measured.filter(({ leg }) => leg.scope !== "service");
  const single = oneByOne(known, options);
  if (single.length === 0) return oneByOne(measured, options);
  const places = twoPlaces(known, single, options) ?? single;
  const services = measured.filter(({ leg }) => leg.scope === "service");
  const explained = services.filter((tally) => isExplained(tally, places));
  const rest = measured.filter(
    (tally) => !explained.includes(tally) && !places.some(({ legs }) => legs.includes(tally.leg)),
  );
  const suffering = explained.flatMap(({ leg, bad }) => (bad > 0 ? [leg] : []));
  const whole = places.map((place) => ({
    ...place,
    legs: [...place.legs, ...suffering.filter((leg) => mayCross(leg, place))],
  }));
  return [...whole, ...oneByOne(rest, options)].slice(0, MAX_PLACES);
}

/** A Service may send a connection wherever other legs of the same source lead; the asked one, wherever the asked path leads. */
function mayCross(service: Leg, { legs }: Located): boolean {
  return legs.some(({ from, part }) => from === service.from && (service.part === "control" || part !== "control"));
}

/** Connects to a Service that do no worse than the places which they may cross. */
function isExplained({ leg, bad, of }: Tally, places: readonly Located[]): boolean {
  const crossed = places.filter((place) => mayCross(leg, place));
  return crossed.some(({ share }) => wilson(bad, of).low <= share.high);
}

function oneByOne(tallies: readonly Tally[], options: LocateOptions): readonly Located[] {
  const places: Located[] = [];
  let rest = tallies;
  while (places.length < MAX_PLACES) {
    const best = mostLikely(rest, options);
    if (!best) return places;
    // Legs that an earlier place accounts for may cross this one too, only they cannot be counted for it.
    const { key, own } = { key: elementKey(best.element), own: best.legs };
    const crossing = tallies.filter(({ leg }) => elementsOf(leg, options.plan).some((one) => elementKey(one) === key));
    places.push(COMBINED.has(best.element.kind) ? { ...best, own, legs: crossing.map(({ leg }) => leg) } : best);
    rest = rest.filter(({ leg }) => !best.legs.includes(leg));
  }
  return places;
}

function mostLikely(tallies: readonly Tally[], options: LocateOptions): Located | undefined {
  const all = sum(tallies);
  if (all.bad < options.minBad) return undefined;
  const nothing = logLikelihood(all.bad, all.of, all.bad / all.of);

  const groups = new Map<string, { element: Element; tallies: Tally[] }>();
  for (const tally of tallies)
    for (const element of elementsOf(tally.leg, options.plan)) {
      const key = elementKey(element);
      const group = groups.get(key) ?? { element, tallies: [] };
      if (!group.tallies.includes(tally)) group.tallies.push(tally);
      groups.set(key, group);
    }

  const candidates = [...groups.values()].flatMap(({ element, tallies: inside }): Located[] => {
    const { bad, of } = sum(inside);
    const background = { bad: all.bad - bad, of: all.of - of };
    const share = wilson(bad, of);
    if (bad < options.minBad || share.share <= background.bad / Math.max(1, background.of)) return [];
    if (element.kind.startsWith("icmp-") && !sparesTcp(inside, tallies, share.share)) return [];
    // A loss that the fewer connects happened to miss is not about echoes: of one flow it takes all of them to say so.
    if (element.kind === "icmp-flow" && bad < of) return [];
    const likelihood =
      logLikelihood(bad, of, share.share) +
      (background.of > 0 ? logLikelihood(background.bad, background.of, background.bad / background.of) : 0);
    // An element that every leg crosses has nothing to be compared with: it speaks only when nothing else does.
    const against = background.of > 0 ? nothing : logLikelihood(bad, of, 0.001);
    const legs = inside.map(({ leg }) => leg);
    return [{ element, legs, own: legs, bad, of, share, background, evidence: likelihood - against, alternatives: [] }];
  });

  const good = candidates.filter((located) => located.evidence >= options.minEvidence && options.matters(located));
  const compared = good.filter(({ background }) => background.of > 0);
  const worth = compared.length > 0 ? compared : good;
  const most = worth.reduce((best, { evidence }) => Math.max(best, evidence), 0);
  const rank = ({ element }: Located): number => elementKinds.indexOf(element.kind);
  const [best, ...others] = worth
    .filter(({ evidence }) => evidence > most - SAME)
    .toSorted((a, b) => rank(a) - rank(b));
  if (!best) return undefined;
  return { ...best, alternatives: others.map(({ element }) => element) };
}

/** Echoes alone are concerned only where connects between the same ends, if there are any, do much better. */
function sparesTcp(echoes: readonly Tally[], tallies: readonly Tally[], share: number): boolean {
  const ways = new Set(echoes.map(({ leg }) => `${leg.from}>${leg.to}`));
  const { bad, of } = sum(tallies.filter(({ leg }) => leg.port !== undefined && ways.has(`${leg.from}>${leg.to}`)));
  return bad <= (of * share) / 2;
}

function sum(tallies: readonly Tally[]): { readonly bad: number; readonly of: number } {
  let bad = 0;
  let of = 0;
  for (const tally of tallies) {
    bad += tally.bad;
    of += tally.of;
  }
  return { bad, of };
}
