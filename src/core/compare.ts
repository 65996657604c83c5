import { crosses, type Element, elementPlace, endsOf } from "./elements.ts";
import { type Episode, episodesOf, inEpisode } from "./episodes.ts";
import type { EvidenceSet } from "./evidence.ts";
import { judgeLateness, type LegLateness } from "./lateness.ts";
import { tcpEvidence, tcpOutcomes } from "./leg-evidence.ts";
import { type LegPackets, packetsOf } from "./leg-packets.ts";
import { type Located, locate } from "./localise.ts";
import {
  badDirection,
  type Direction,
  directionsOf,
  lateOneWay,
  lostOneWay,
  type OneWay,
  oneSided,
  throughNode,
} from "./one-way.ts";
import type { Place } from "./place.ts";
import type { Leg, Plan } from "./plan.ts";
import { type Pattern, patternOf } from "./regularity.ts";
import { ascending, quantile, type Share, wilson } from "./stats.ts";

/** Log-likelihood ratios that a claim needs; see ADR 052. */
const LOSS_EVIDENCE = 6;
const LATE_EVIDENCE = 12;
const MIN_LOST = 3;
const MIN_LATE = 5;
/** Fewer packets than this are no loss rate, unless this many in a row were lost. */
const MIN_PROBES = 100;
const LOST_IN_A_ROW = 3;
/** What must be exceeded inside a place, given the share outside of it. */
const LOSS_TIMES = 3;
const LOSS_PLUS = 0.002;
const LATE_TIMES = 3;
const LATE_PLUS = 0.01;
/** Lateness of all nodes alike is nearly always the observer: ask for more. */
const LATE_EVERYWHERE = 0.1;
const DEAD = 0.98;

export type LegState = "healthy" | "lossy" | "late" | "dead" | "unmeasured";

/** What one leg did, compared with the others. */
export type LegResult = {
  readonly leg: Leg;
  readonly state: LegState;
  readonly sent: number;
  readonly lost: number;
  readonly loss: Share;
  /** Longest run of packets or attempts without an answer. */
  readonly longestLostRun: number;
  /** Packets later than normal, of those that could be judged. */
  readonly late: { readonly bad: number; readonly of: number; readonly normalMs: number } | undefined;
  /** TCP attempts that were answered by a refusal. */
  readonly refused: number;
  /** The last packets or attempts, for two seconds or more, got no answer. */
  readonly deadAtEnd: boolean;
  /** The same, counting refusals as failures. */
  readonly failsAtEnd: boolean;
};

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

/** All legs of a check compared with each other and with the controls. */
export type Comparison = {
  readonly legs: ReadonlyMap<string, LegResult>;
  readonly loss: readonly Anomaly[];
  readonly late: readonly Anomaly[];
  /** Nodes whose own round trips, without any network, were slow at times: the observer was busy. Milliseconds. */
  readonly busy: ReadonlyMap<string, number>;
  /** Echoes and replies between nodes, one way each, as far as far ends were tapped: how many left and were lost. */
  readonly oneWay: readonly Direction[];
  /**
   * Unix seconds in which packets of the asked path (end to end or a segment) were lost or late, and places with losses
   * or delays were found at all. A fact can be the cause only if it moved then: see gains.ts.
   */
  readonly badSeconds: ReadonlySet<number>;
};

type LossTally = {
  readonly leg: Leg;
  readonly bad: number;
  readonly of: number;
  readonly refused: number;
  readonly deadAtEnd: boolean;
  readonly failsAtEnd: boolean;
  readonly run: number;
  readonly badMs: readonly number[];
};

/** Compares all legs. Pure; safe on partial evidence. */
export function compare(plan: Plan, evidence: EvidenceSet): Comparison {
  const packets = packetsOf(plan, evidence);
  const losses = [...packets.map(pingLoss), ...tcpLosses(plan, evidence)];
  const lateness = judgeLateness(packets, plan);
  const loss = lossAnomalies(losses, packets, plan);
  const late = lateAnomalies(lateness, plan);
  const legs = new Map(plan.legs.map((leg) => [leg.id, legResult(leg, { losses, lateness, loss, late })]));
  const busy = new Map<string, number>();
  for (const {
    packets: { leg },
    lateFromMs,
    normalMs,
  } of lateness) {
    const node = endsOf(leg, plan).from?.node;
    if (node !== undefined && !crosses(leg) && lateFromMs > Math.max(5, 2 * normalMs)) busy.set(node, lateFromMs / 1.5);
  }
  const ways = packets.filter(({ leg }) => crosses(leg)).flatMap((leg) => lostOneWay(leg, plan));
  return { legs, loss, late, busy, oneWay: directionsOf(ways), badSeconds: badSecondsOf(losses, lateness, legs) };
}

function badSecondsOf(
  losses: readonly LossTally[],
  lateness: readonly LegLateness[],
  legs: ReadonlyMap<string, LegResult>,
): ReadonlySet<number> {
  const counts = ({ id, part }: Leg): boolean => part !== "control" && legs.get(id)?.state !== "healthy";
  const lost = losses.flatMap(({ leg, badMs }) => (counts(leg) ? badMs : []));
  const late = lateness.flatMap(({ packets: { leg, leftMs }, late: marks }) =>
    counts(leg) ? leftMs.filter((_, index) => marks[index] === true) : [],
  );
  return new Set([...lost, ...late].map((ms) => Math.floor(ms / 1_000)));
}

function pingLoss({ leg, lost, rttMs, leftMs }: LegPackets): LossTally {
  const badMs = leftMs.filter((_, index) => lost[index]);
  const answered = rttMs.filter((ms) => ms !== undefined).length;
  const ended = endsIn(
    leftMs.map((atMs, index) => ({ atMs, works: lost[index] ? false : rttMs[index] === undefined ? undefined : true })),
  );
  const tally = { leg, bad: badMs.length, of: badMs.length + answered, refused: 0, run: longestRun(lost), badMs };
  return { ...tally, deadAtEnd: ended, failsAtEnd: ended };
}

/** A connect that needed a second SYN lost a packet; one that was refused got its answer. */
function tcpLosses(plan: Plan, evidence: EvidenceSet): readonly LossTally[] {
  return plan.legs.flatMap((leg): LossTally[] => {
    const data = leg.port === undefined ? undefined : evidence.get(tcpEvidence, leg.id);
    if (!data) return [];
    const judged = data.attempts.flatMap(([offsetMs, outcomeIndex, , resent]) => {
      const outcome = tcpOutcomes[outcomeIndex];
      if (outcome === "no-port" || outcome === "error" || outcome === undefined) return [];
      const answered = outcome === "connected" || outcome === "refused" || outcome === "reset";
      const atMs = data.startMs + offsetMs;
      return [{ atMs, bad: !answered || resent > 0, answered, connected: outcome === "connected" }];
    });
    const badMs = judged.flatMap(({ atMs, bad }) => (bad ? [atMs] : []));
    const refused = data.outcomes.refused ?? 0;
    const run = longestRun(judged.map(({ bad }) => bad));
    const deadAtEnd = endsIn(judged.map(({ atMs, answered }) => ({ atMs, works: answered })));
    const failsAtEnd = endsIn(judged.map(({ atMs, connected }) => ({ atMs, works: connected })));
    return [{ leg, bad: badMs.length, of: judged.length, refused, deadAtEnd, failsAtEnd, run, badMs }];
  });
}

/** How long the end of a stream has to stay without success to be called dead. */
const END_MS = 2_000;

/** Whether a stream ends in failures. What is still awaited says nothing. */
function endsIn(packets: readonly { readonly atMs: number; readonly works: boolean | undefined }[]): boolean {
  const known = packets.filter(({ works }) => works !== undefined);
  const worked = known.findLastIndex(({ works }) => works === true);
  const failures = known.slice(worked + 1);
  const [first, last] = [failures[0], failures.at(-1)];
  return (
    failures.length >= LOST_IN_A_ROW && first !== undefined && last !== undefined && last.atMs - first.atMs >= END_MS
  );
}

function lossAnomalies(losses: readonly LossTally[], packets: readonly LegPackets[], plan: Plan): readonly Anomaly[] {
  const runOf = (legs: readonly Leg[]): number =>
    losses.reduce((most, { leg, run }) => (legs.includes(leg) ? Math.max(most, run) : most), 0);
  const located = locate(losses, {
    plan,
    minEvidence: LOSS_EVIDENCE,
    minBad: MIN_LOST,
    matters: ({ legs, of, share, background }) => {
      if (of < MIN_PROBES && runOf(legs) < LOST_IN_A_ROW) return false;
      return share.share > LOSS_TIMES * rate(background) + LOSS_PLUS;
    },
  });
  const isAsked = askedOf(losses.map(({ leg, bad, of }) => ({ leg, works: bad < of })));
  return located.map((found) => {
    const inside = losses.filter(({ leg }) => found.legs.includes(leg));
    const ways = packets.filter(({ leg }) => found.own.includes(leg)).flatMap((leg) => lostOneWay(leg, plan));
    const moments = packets
      .filter(({ leg }) => found.own.includes(leg))
      .flatMap(({ leftMs }) => [leftMs[0] ?? 0, leftMs.at(-1) ?? 0]);
    return anomaly("loss", found, inside, ways, moments, plan, isAsked);
  });
}

/**
 * The legs that speak for the asked path: end to end; when nothing gets from end to end, so that nothing there can be
 * late and one fault hides another, the segments in between as well.
 */
function askedOf(legs: readonly { readonly leg: Leg; readonly works: boolean }[]): (leg: Leg) => boolean {
  const works = legs.some((one) => one.leg.part === "end-to-end" && one.works);
  return ({ part }) => (works ? part === "end-to-end" : part !== "control");
}

function lateAnomalies(lateness: readonly LegLateness[], plan: Plan): readonly Anomaly[] {
  const tallies = lateness.map(({ packets: { leg }, bad, of }) => ({ leg, bad, of }));
  const located = locate(tallies, {
    plan,
    minEvidence: LATE_EVIDENCE,
    minBad: MIN_LATE,
    matters: ({ element, share, background }) => {
      const everywhere = element.kind === "fabric" || element.kind === "overlay" || element.kind.startsWith("icmp-");
      return share.low > LATE_TIMES * rate(background) + (everywhere ? LATE_EVERYWHERE : LATE_PLUS);
    },
  });
  const isAsked = askedOf(tallies.map(({ leg, of }) => ({ leg, works: of > 0 })));
  return located.map((found) => {
    const crossing = lateness.filter(({ packets: { leg } }) => found.legs.includes(leg));
    const judged = crossing.filter(({ packets: { leg } }) => found.own.includes(leg));
    const inside = crossing.map(({ packets: { leg, leftMs }, bad, of, late }) => ({
      leg,
      bad,
      of,
      badMs: leftMs.filter((_, index) => late[index] === true),
    }));
    const ways = judged.flatMap((leg) => lateOneWay(leg, plan));
    const moments = judged.flatMap(({ packets: { leftMs } }) => [leftMs[0] ?? 0, leftMs.at(-1) ?? 0]);
    const base = anomaly("late", found, inside, ways, moments, plan, isAsked);
    const extra = ascending(judged.flatMap(extrasOf));
    const [low, mid, high] = [0.01, 0.5, 0.975].map((q) => quantile(extra, q) ?? 0);
    const normal = quantile(ascending(judged.map(({ normalMs }) => normalMs)), 0.5) ?? 0;
    return {
      ...base,
      extraMs: { low: low ?? 0, mid: mid ?? 0, high: high ?? 0, normal },
      shifted: judged.filter(({ shifted }) => shifted).length * 2 > judged.length,
      pattern: patternOf(inDirection(base, ways, judged)),
    };
  });
}

/** The packets whose pattern is looked at: those in the bad direction if it is known, else whole round trips. */
function inDirection(found: Anomaly, ways: readonly OneWay[], judged: readonly LegLateness[]): readonly OneWay[] {
  const { element, direction, episodes, throughout } = found;
  const during = ({ atMs }: { readonly atMs: number }): boolean => throughout || inEpisode(episodes, atMs);
  if (ways.length > 0) {
    const chosen = ways.filter(({ fromNode, toNode }) => {
      if (element.kind !== "nic" && element.kind !== "tunnel" && element.kind !== "host") {
        return direction === undefined || (fromNode === direction.from && toNode === direction.to);
      }
      if (fromNode === toNode) return false;
      if (direction?.from === element.name) return fromNode === element.name;
      if (direction?.to === element.name) return toNode === element.name;
      return fromNode === element.name || toNode === element.name;
    });
    if (chosen.length > 0) return chosen.filter(during);
  }
  return judged
    .flatMap(({ packets: { leftMs }, late }) =>
      late.flatMap((bad, index) =>
        bad === undefined ? [] : [{ fromNode: "", toNode: "", atMs: leftMs[index] ?? 0, bad }],
      ),
    )
    .filter(during);
}

function extrasOf({ packets: { rttMs }, late, normalMs }: LegLateness): readonly number[] {
  return rttMs.flatMap((ms, index) => (ms !== undefined && late[index] ? [ms - normalMs] : []));
}

/** Time at either end of the measurement that an episode may miss and still count as lasting throughout. */
const EDGE_MS = 2_500;

function anomaly(
  kind: Anomaly["kind"],
  found: Located,
  inside: readonly {
    readonly leg: Leg;
    readonly bad: number;
    readonly of: number;
    readonly badMs: readonly number[];
  }[],
  ways: readonly OneWay[],
  moments: readonly number[],
  plan: Plan,
  isAsked: (leg: Leg) => boolean,
): Anomaly {
  const { element, share, bad, of, background } = found;
  const episodes = episodesOf(inside.flatMap(({ leg, badMs }) => (found.own.includes(leg) ? badMs : [])));
  const [fromMs, toMs] = [Math.min(...moments), Math.max(...moments)];
  const [only] = episodes;
  const throughout =
    episodes.length === 1 &&
    only !== undefined &&
    only.startMs - fromMs < EDGE_MS &&
    toMs - only.endMs < EDGE_MS + 1_000;
  const lasting = episodes.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
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

function legResult(
  leg: Leg,
  all: {
    readonly losses: readonly LossTally[];
    readonly lateness: readonly LegLateness[];
    readonly loss: readonly Anomaly[];
    readonly late: readonly Anomaly[];
  },
): LegResult {
  const tally = all.losses.find((candidate) => candidate.leg === leg);
  const judged = all.lateness.find(({ packets }) => packets.leg === leg);
  const sent = tally?.of ?? 0;
  const lost = tally?.bad ?? 0;
  const loss = wilson(lost, sent);
  const late = judged ? { bad: judged.bad, of: judged.of, normalMs: judged.normalMs } : undefined;
  const inLoss = all.loss.some(({ legs }) => legs.includes(leg.id)) && lost > 0;
  const inLate = all.late.some(({ legs }) => legs.includes(leg.id)) && (late?.bad ?? 0) > 0;
  const dead = sent > 0 && lost === sent && (tally?.run ?? 0) >= LOST_IN_A_ROW;
  const state: LegState = sent === 0 ? "unmeasured" : dead ? "dead" : inLoss ? "lossy" : inLate ? "late" : "healthy";
  const { run = 0, refused = 0, deadAtEnd = false, failsAtEnd = false } = tally ?? {};
  return { leg, state, sent, lost, loss, longestLostRun: run, late, refused, deadAtEnd, failsAtEnd };
}

function rate({ bad, of }: { readonly bad: number; readonly of: number }): number {
  return of === 0 ? 0 : bad / of;
}

function longestRun(marks: readonly boolean[]): number {
  let run = 0;
  let longest = 0;
  for (const mark of marks) {
    run = mark ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
