import { type Element, elementPlace } from "./elements.ts";
import { type Episode, episodesOf, lastingMs } from "./episodes.ts";
import type { Located } from "./localise.ts";
import { badDirection, type Direction, directionsOf, type OneWay, oneSided, throughNode } from "./one-way.ts";
import type { Place } from "./place.ts";
import type { Leg, Plan } from "./plan.ts";
import type { Pattern } from "./regularity.ts";
import { type Share, wilson } from "./stats.ts";

const DEAD = 0.98;

/** Something wrong at one place: the legs that cross it are bad and the others are not. */
export type Anomaly = {
  readonly kind: "loss" | "late";
  readonly element: Element;
  readonly place: Place;
  /** Other places that the measured legs cannot tell from it. */
  readonly alternatives: readonly Place[];
  /** Ids of the legs that cross it. */
  readonly legs: readonly string[];
  /** Ids of those that cross no other bad place; all counts but those of `background` are theirs. */
  readonly own: readonly string[];
  readonly bad: number;
  readonly of: number;
  readonly share: Share;
  /** The same on all other legs. */
  readonly background: { readonly bad: number; readonly of: number };
  /** Nothing gets through. */
  readonly dead: boolean;
  /** Share while it lasted, when it did not last all the time. */
  readonly shareInside: number;
  readonly episodes: readonly Episode[];
  /** Whether it lasted as long as was measured. */
  readonly throughout: boolean;
  /** Whether a leg of the asked path (end to end) crosses it and suffers. */
  readonly onPath: boolean;
  /** One-way counts between nodes, as far as far ends were tapped. */
  readonly directions: readonly Direction[];
  /** The direction that carries it, when only one does. */
  readonly direction: Direction | undefined;
  /** For lateness: how much above normal, 1st, 50th and 97.5th percentile of the late packets; and what is normal. */
  readonly extraMs?: { readonly low: number; readonly mid: number; readonly high: number; readonly normal: number };
  /** For lateness: even the fastest packets are late. */
  readonly shifted?: boolean;
  /** For lateness: how the late packets are spread, per direction if that is known. */
  readonly pattern?: Pattern;
};

/** Time at either end of the measurement that an episode may miss and still count as lasting throughout. */
const EDGE_MS = 2_500;

/** What a place was found by. */
type Around = {
  readonly kind: Anomaly["kind"];
  /** The legs that cross it, and when their bad packets left, Unix ms. */
  readonly inside: readonly {
    readonly leg: Leg;
    readonly bad: number;
    readonly of: number;
    readonly badMs: readonly number[];
  }[];
  readonly ways: readonly OneWay[];
  /** When the first and the last packet of each of its own legs left, Unix ms. */
  readonly moments: readonly number[];
  readonly plan: Plan;
  readonly isAsked: (leg: Leg) => boolean;
};

/** What is known of a place that the comparison of legs has found: when, in which direction, and whether it concerns the asked path. */
export function anomalyAt(found: Located, { kind, inside, ways, moments, plan, isAsked }: Around): Anomaly {
  const { element, share, bad, of, background } = found;
  const episodes = episodesOf(inside.flatMap(({ leg, badMs }) => (found.own.includes(leg) ? badMs : [])));
  const [fromMs, toMs] = [Math.min(...moments), Math.max(...moments)];
  const [only] = episodes;
  const throughout =
    episodes.length === 1 &&
    only !== undefined &&
    only.startMs - fromMs < EDGE_MS &&
    toMs - only.endMs < EDGE_MS + 1_000;
  const lasting = lastingMs(episodes);
  const measured = Math.max(1, toMs - fromMs);
  const directions = directionsOf(ways);
  const direction = directionOf(element, directions, plan);
  return {
    kind,
    element,
    place: placed(element, direction, plan),
    alternatives: found.alternatives.map((other) => elementPlace(other, plan)),
    legs: found.legs.map(({ id }) => id),
    own: found.own.map(({ id }) => id),
    bad,
    of,
    share,
    background,
    dead: kind === "loss" && share.share >= DEAD,
    shareInside: throughout ? share.share : Math.min(1, bad / Math.max(bad, (of * lasting) / measured)),
    episodes,
    throughout,
    onPath: isOnPath(found, inside, isAsked),
    directions,
    direction,
  };
}

/** Places that all of their legs really cross: one leg of them that happens to look clean proves nothing. */
const CROSSED = new Set(["nic", "tunnel", "pair", "tunnel-pair", "pod", "entry"]);

/**
 * Whether a place lies on the asked path: an asked leg crosses it and suffers. Few packets of a leg may slip between
 * those that a fault picks (every 10th); then the segments of the path speak for the leg.
 */
function isOnPath(
  { element, share }: Located,
  inside: readonly { readonly leg: Leg; readonly bad: number; readonly of: number }[],
  isAsked: (leg: Leg) => boolean,
): boolean {
  const suffering = inside.filter(({ bad, of }) => bad > 0 && wilson(bad, of).high > share.share / 3);
  if (suffering.some(({ leg }) => isAsked(leg) || (element.kind === "port" && leg.part !== "control"))) return true;
  const crossed = CROSSED.has(element.kind) && inside.some(({ leg, of }) => isAsked(leg) && of > 0);
  return crossed && suffering.some(({ leg }) => leg.part !== "control");
}

function directionOf(element: Element, directions: readonly Direction[], plan: Plan): Direction | undefined {
  switch (element.kind) {
    case "pair":
    case "tunnel-pair":
      return badDirection(directions, element.name, element.peer ?? "");
    case "flow":
    case "flow-port": {
      const nodes = [element.name, element.peer].map(
        (label) => plan.vantages.find((at) => at.label === label)?.node ?? "",
      );
      return badDirection(directions, nodes[0] ?? "", nodes[1] ?? "");
    }
    case "nic":
    case "tunnel":
    case "host": {
      const { out, in: entering } = throughNode(directions, element.name);
      return oneSided(out, entering);
    }
    case "pod":
    case "entry": {
      const node = plan.vantages.find((at) => at.label === element.name)?.node ?? "";
      const { out, in: entering } = throughNode(directions, node);
      return oneSided(out, entering);
    }
    default:
      return undefined;
  }
}

/** A pair is ordered by the direction that carries the badness, else as the check was asked. */
function placed(element: Element, direction: Direction | undefined, plan: Plan): Place {
  const place = elementPlace(element, plan);
  if (place.kind !== "pair" || place.peer === undefined) return place;
  const nodeOf = (label: string): string => plan.vantages.find((at) => at.label === label)?.node ?? label;
  const asked = [plan.to.node, plan.to.name].some((end) => end === place.name);
  const turned = direction ? nodeOf(place.name) === direction.to : asked;
  return turned ? { ...place, name: place.peer, peer: place.name } : place;
}
