import { type Anomaly, anomalyAt } from "./anomaly.ts";
import { crosses, endsOf } from "./elements.ts";
import { inEpisode } from "./episodes.ts";
import type { EvidenceSet } from "./evidence.ts";
import { judgeLateness, type LegLateness } from "./lateness.ts";
import { type LegPackets, packetsOf } from "./leg-packets.ts";
import { locate } from "./localise.ts";
import { LOST_IN_A_ROW, type LossTally, pingLoss, tcpLosses } from "./losses.ts";
import { type Direction, directionsOf, lateOneWay, lostOneWay, type OneWay } from "./one-way.ts";
import type { Leg, Plan } from "./plan.ts";
import { patternOf } from "./regularity.ts";
import { ascending, quantile, type Share, wilson } from "./stats.ts";

/** Log-likelihood ratios that a claim needs; see ADR 052. */
const LOSS_EVIDENCE = 6;
const LATE_EVIDENCE = 12;
const MIN_LOST = 3;
const MIN_LATE = 5;
/** Fewer packets than this are no loss rate, unless several in a row were lost. */
const MIN_PROBES = 100;
/** What must be exceeded inside a place, given the share outside of it. */
const LOSS_TIMES = 3;
const LOSS_PLUS = 0.002;
const LATE_TIMES = 3;
const LATE_PLUS = 0.01;
/** Lateness of all nodes alike is nearly always the observer: ask for more. */
const LATE_EVERYWHERE = 0.1;

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
    return anomalyAt(found, { kind: "loss", inside, ways, moments, plan, isAsked });
  });
}

/**
 * The legs that speak for the asked path: end to end. The segments in between do as well when nothing gets from end to end,
 * so that nothing there can be late and one fault hides another, and when a Service address hides where packets go.
 */
function askedOf(legs: readonly { readonly leg: Leg; readonly works: boolean }[]): (leg: Leg) => boolean {
  const works = legs.some(({ leg, works }) => leg.part === "end-to-end" && leg.scope !== "service" && works);
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
    const base = anomalyAt(found, { kind: "late", inside, ways, moments, plan, isAsked });
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
