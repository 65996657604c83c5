import type { Anomaly } from "../core/anomaly.ts";
import {
  alternativesText,
  cleanInside,
  controlsText,
  directionText,
  sharesText,
  whenText,
  whereText,
} from "../core/anomaly-text.ts";
import { crosses, endsOf } from "../core/elements.ts";
import { lastingMs } from "../core/episodes.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import { packetsOf } from "../core/leg-packets.ts";
import { asked } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { say } from "../core/sentence.ts";
import { msRangeText, msText, roundly } from "../core/units.ts";
import { isPeriodic, looksLost } from "./nic-periodic-delay.ts";

/** With only two nodes there is no leg to compare with; a round trip between machines of one zone stays below this. */
const FAR_APART_MS = 8;

/** A way's own delay is steady. One whose upper end is so many times its lower one comes of something that waits its turn. */
const UNSTEADY = 1.5;
/** Ranges narrower than this are within what any machine does to a round trip. */
const MIN_RANGE_MS = 5;

/**
 * A link or path adds delay to most packets: constant, or spread over a range. Spread, it may as well be a queue that others fill, or a
 * machine that is busy behind the counters that were read: then it is not certain.
 * Fooled by distance (legs between the same zones are compared with each other, and 4 ms or less is never called a
 * delay), by a busy observer (legs that stay on its node are late too), and by a single slow NIC queue, which delays one
 * packet in n only (nic-periodic-delay).
 */
export const linkDelay: Rule = {
  name: "link-delay",
  title: "Link adds delay",
  needs: [pingEvidence],
  evaluate(seen) {
    const found = seen.comparison.late.filter((anomaly) => anomaly.onPath && !isPeriodic(anomaly));
    const suspicions = found.map((anomaly) => suspicion(anomaly, seen));
    if (suspicions.length > 0) return suspicions;
    const far = twoNodesFarApart(seen);
    if (far) return far;
    const echoed = [...seen.comparison.legs.values()].filter(({ leg }) => asked(leg) && leg.port === undefined);
    const endToEnd = echoed.filter(({ leg }) => leg.part === "end-to-end");
    const normal = (endToEnd.length > 0 ? endToEnd : echoed).find(({ late }) => late !== undefined && late.of > 0);
    if (!normal?.late) return { status: "unknown", because: say("no echo of the path was answered") };
    return {
      status: "cleared",
      because: say("round trips of the path are as fast as those of the controls ({normal})", {
        normal: msText(normal.late.normalMs),
      }),
    };
  },
};

function suspicion(found: Anomaly, { plan, comparison }: Case): Suspicion {
  const extra = found.extraMs;
  // A constant delay of one way looks like distance without compared clocks: the order of a pair is then not known.
  const directed = found.element.kind !== "pair" || found.direction !== undefined;
  const where = whereText(found.element, found.place, found.direction);
  const range = extra ? `${msText(roundly(extra.mid))} (${msRangeText(roundly(extra.low), roundly(extra.high))})` : "";
  const texts = [controlsText(found, comparison), directionText(found), whenText(found)];
  const most = found.shareInside > 0.55 || found.shifted === true;
  const unsteady = extra !== undefined && extra.high > UNSTEADY * extra.low && extra.high - extra.low > MIN_RANGE_MS;
  return {
    status: "suspected",
    confidence: !most ? "possible" : found.alternatives.length === 0 && directed && !unsteady ? "certain" : "likely",
    where: found.place,
    because: [
      say("round trips {where} take {range} more than the normal {normal}: {shares}", {
        where,
        range,
        normal: msText(extra?.normal ?? 0),
        shares: sharesText(found),
      }),
      ...(found.shifted ? [say("even the fastest packets have it: it is added to all of them")] : []),
      ...(found.pattern?.spread === "bursts" && found.throughout
        ? [say("the late packets come in bursts, as from a queue that fills up")]
        : []),
      ...texts.filter((text) => text !== undefined),
    ],
    against: [
      ...cleanInside(found, comparison, plan),
      ...[alternativesText(found)].filter((text) => text !== undefined),
      ...(unsteady
        ? [say("the delay varies, as behind a queue that others fill or on a busy machine; neither was seen")]
        : []),
    ],
    confirm: confirmations(found, plan),
    advice: [
      say(
        "Look for what lies on the way {where}: a saturated or rerouted link, a shaper, a tunnel over a longer path",
        {
          where,
        },
      ),
    ],
    ...(waitsForNeighbour(found, comparison.loss) ? { yields: true } : {}),
    explains: looksLost(found, comparison.loss) ? ["path-loss"] : [],
    legs: found.legs,
  };
}

/**
 * A question for a neighbour's MAC address that is lost is asked again after a second, three times in all (RFC 4861, 10; of ARP the same by
 * net.ipv4.neigh.*.mcast_solicit). What waits for the answer is late and not lost: a moment of delay where packets are lost is a symptom.
 */
const SOLICITED_MS = 3_100;

function waitsForNeighbour({ extraMs, episodes, legs }: Anomaly, losses: readonly Anomaly[]): boolean {
  return (
    extraMs !== undefined &&
    extraMs.high <= SOLICITED_MS &&
    lastingMs(episodes) <= SOLICITED_MS &&
    losses.some(
      (loss) => loss.onPath && lastingMs(loss.episodes) > SOLICITED_MS && loss.legs.some((id) => legs.includes(id)),
    )
  );
}

/** Two nodes and nothing to compare with: only an absolute figure is left, and it may be distance. */
function twoNodesFarApart({ plan, evidence, comparison }: Case): Suspicion | undefined {
  const nodes = new Set(plan.vantages.map(({ node }) => node));
  const zones = new Set(plan.vantages.map(({ zone }) => zone));
  if (nodes.size !== 2 || zones.size > 1) return undefined;
  const legs = packetsOf(plan, evidence).filter(({ leg }) => crosses(leg));
  const floors = legs.flatMap(({ floorMs }) => (floorMs === undefined ? [] : [floorMs]));
  const fastest = Math.min(...floors);
  const [first] = legs;
  if (!first || floors.length < 2 || fastest < FAR_APART_MS) return undefined;
  const { from, to } = endsOf(first.leg, plan);
  if (!from || !to || comparison.late.length > 0) return undefined;
  return {
    status: "suspected",
    confidence: "possible",
    where: { kind: "pair", name: from.node, peer: to.node },
    because: [
      say("every round trip between {from} and {to} takes {fastest} or more, pods and nodes alike", {
        from: from.node,
        to: to.node,
        fastest: msText(fastest),
      }),
    ],
    against: [say("there is no third node to compare with: if the two are that far apart, this is distance")],
    confirm: [`mtr -n -c 50 ${to.ip}   # on ${from.node}`],
    advice: [say("Compare with what the distance between the two machines explains: about 1 ms per 100 km")],
    explains: [],
    legs: legs.map(({ leg }) => leg.id),
  };
}

function confirmations(found: Anomaly, plan: Case["plan"]): readonly string[] {
  const leg =
    plan.legs.find(({ id, part }) => found.legs.includes(id) && part !== "control") ??
    plan.legs.find(({ id }) => found.legs.includes(id));
  if (!leg) return [];
  const from = endsOf(leg, plan).from?.label ?? leg.from;
  return [`ping -n -D -i 0.2 -c 100 ${leg.toIp}   # from ${from}`, `mtr -n -c 100 ${leg.toIp}   # from ${from}`];
}
