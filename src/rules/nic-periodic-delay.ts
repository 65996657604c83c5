import { addressesEvidence } from "../core/addresses.ts";
import type { Anomaly } from "../core/anomaly.ts";
import { alternativesText, cleanInside, controlsText, directionText, legText, whenText } from "../core/anomaly-text.ts";
import { endsOf } from "../core/elements.ts";
import { lastingMs } from "../core/episodes.ts";
import { intervalText } from "../core/interval-text.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import { nicOf } from "../core/nic-of.ts";
import { surroundingsOf } from "../core/nic-surroundings.ts";
import type { Place } from "../core/place.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import type { Share } from "../core/stats.ts";
import { msRangeText, msText, percentText, roundly } from "../core/units.ts";

/** Above this share it is a delay of the link, not a few packets among others. */
const MOST = 0.55;
/** The late ones have to stand apart: their fastest against what is normal. */
const APART = 3;

/**
 * A NIC (or bond slave, transceiver, driver queue) holds back a steady share of packets, one in n, and lets the others
 * pass at once: every leg through that node has it, pods and node alike, and no other leg has.
 * Fooled by a busy observer (its legs that stay on the node are late as well: they raise the threshold and the
 * background), by a queue that fills up (late in bursts, with all values in between), by echoes that march in step with
 * the fault (each leg has its own interval), and by other traffic that shares the NIC's counter (then only the share is
 * seen, not the beat; the text says so).
 */
export const nicPeriodicDelay: Rule = {
  name: "nic-periodic-delay",
  title: "NIC delays one packet in n",
  needs: [pingEvidence],
  evaluate(seen) {
    const found = seen.comparison.late.filter((anomaly) => anomaly.onPath && isPeriodic(anomaly));
    const suspicions = found.map((anomaly) => suspicion(anomaly, seen));
    if (suspicions.length > 0) return suspicions;
    const judged = [...seen.comparison.legs.values()].filter(
      ({ late, leg }) => late && late.of > 0 && leg.part !== "control",
    );
    const [bad, of] = judged.reduce(([b, o], { late }) => [b + (late?.bad ?? 0), o + (late?.of ?? 0)], [0, 0]);
    if (of === 0) return { status: "unknown", because: say("no echo was answered") };
    return {
      status: "cleared",
      because: say("{bad} of {of} along the path were late", { bad, of: counted(of, "echo", "echoes") }),
    };
  },
};

/** From here on a connect sends its SYN anew, and an echo may count as lost. */
const GIVEN_UP_MS = 900;

/** Packets that count as lost after a delay has ended are those that it still held, for so long. */
const HELD_MS = 3_000;

/** Whether the latest packets are so late that some of them count as lost: of losses that last no longer than the delay does. */
export function looksLost({ extraMs, episodes, legs }: Anomaly, losses: readonly Anomaly[]): boolean {
  const longest = 2 * lastingMs(episodes) + HELD_MS;
  return (
    extraMs !== undefined &&
    extraMs.high > GIVEN_UP_MS &&
    losses
      .filter((loss) => loss.legs.some((id) => legs.includes(id)))
      .every((loss) => lastingMs(loss.episodes) <= longest)
  );
}

/** A steady minority, well apart from the rest, at one node's link (or at one pair when no third node was measured). */
export function isPeriodic({ element, pattern, extraMs, shifted, alternatives }: Anomaly): boolean {
  if (!pattern || !extraMs || shifted) return false;
  const atNode = element.kind === "nic" || element.kind === "tunnel" || element.kind === "host";
  const twoNodes = element.kind === "pair" && alternatives.some(({ kind }) => kind === "node");
  const apart = extraMs.low > APART * Math.max(1, extraMs.normal);
  return (atNode || twoNodes) && pattern.share.share <= MOST && pattern.spread !== "bursts" && apart;
}

function suspicion(found: Anomaly, seen: Case): Suspicion {
  const { plan, comparison } = seen;
  const { pattern, extraMs, element } = found;
  const node = found.place.kind === "node" ? found.place.name : undefined;
  const where = placeOf(found, seen);
  const device = where.device ?? "DEVICE";
  const at = node ?? found.place.name;
  const peers = [...new Set(found.legs.flatMap((id) => peersOf(id, element.name, seen)))];
  const around = node === undefined ? undefined : surroundingsOf(node, seen.evidence, pattern?.oneIn?.n);
  const certain =
    node !== undefined && found.alternatives.length === 0 && pattern?.spread === "even" && pattern.oneIn !== undefined;
  return {
    status: "suspected",
    confidence: certain ? "certain" : "likely",
    where,
    because: [
      headline(found, where),
      spreadText(found),
      ...[
        node === undefined
          ? undefined
          : say("every pair through {node} is affected, with {peers} at the other end; pods and nodes alike", {
              node,
              peers: listed(peers),
            }),
        controlsText(found, comparison),
        directionText(found),
        whenText(found),
      ].filter((text) => text !== undefined),
      ...(around?.because ?? []),
    ],
    against: [
      ...cleanInside(found, comparison, plan),
      ...[alternativesText(found)].filter((text) => text !== undefined),
    ],
    confirm: [
      `ping -n -D -i 0.2 -c 100 ${addressOf(found, seen)}   # from another node: count replies above ${msText(Math.max(1, (extraMs?.low ?? 0) / 2))}`,
      `cat /proc/net/bonding/*; ethtool -S ${device}; ethtool -m ${device}   # on ${at}`,
      ...(around?.confirm ?? []),
    ],
    advice: [
      ...(around && around.advice.length > 0
        ? around.advice
        : [
            where.device === undefined
              ? say("If the uplink of {at} is a bond, fail over to the other slave and measure again", { at })
              : say("If {device} of {at} is a bond, fail over to the other slave and measure again", { device, at }),
          ]),
      say(
        "Have the NIC, transceiver, cable and switch port of {at} checked or replaced; pods and CNI are not the cause",
        {
          at,
        },
      ),
      ...(node === undefined ? [] : [say("Move latency-sensitive pods away from {node} until then", { node })]),
    ],
    explains: ["link-delay", ...(looksLost(found, comparison.loss) ? ["path-loss"] : [])],
    legs: found.legs,
  };
}

/** The place with the device of the node's uplink, where both are known. */
function placeOf({ place }: Anomaly, { plan, evidence }: Case): Place {
  if (place.kind !== "node") return place;
  const device = nicOf(place.name, plan, evidence.get(addressesEvidence, `node/${place.name}`));
  return { ...place, ...(device === undefined ? {} : { device }) };
}

/** "1 in 4 packets (25.1 %, 452 of 1,800) through node-2 (eth0, outgoing) are 200–400 ms late; normal is …". */
function headline(found: Anomaly, where: Place): Sentence {
  const { pattern, extraMs, direction } = found;
  const share = percentText((pattern?.share ?? found.share).share);
  const bad = pattern?.bad ?? found.bad;
  const which = pattern?.oneIn ? oneInText(pattern.oneIn, pattern.share) : say("{share} of packets", { share });
  const said = {
    which,
    counts: say("{share}, {bad} of {of}", { share, bad, of: pattern?.of ?? found.of }),
    through: throughText(where, direction),
    range: extraMs ? msRangeText(roundly(extraMs.low), roundly(extraMs.high)) : "",
    normal: msText(extraMs?.normal ?? 0),
  };
  return bad === 1
    ? say("{which} ({counts}) {through} is {range} late; normal is {normal} for a round trip", said)
    : say("{which} ({counts}) {through} are {range} late; normal is {normal} for a round trip", said);
}

/** Where the share leaves a choice, all that it leaves is said. */
function oneInText({ n, only }: { readonly n: number; readonly only: boolean }, { low, high }: Share): Sentence {
  if (only) return say("1 in {n} packets", { n });
  const [least, most] = [Math.ceil(1 / high), Math.floor(1 / low)];
  if (least >= most) return say("about 1 in {n} packets", { n });
  return say("about 1 in {least} to {most} packets", { least, most });
}

function throughText({ kind, name, peer, device }: Place, direction: Anomaly["direction"]): Sentence {
  if (kind !== "node") return say("between {name} and {peer}", { name, peer: peer ?? "" });
  if (device === undefined) return say("through {name}", { name });
  if (direction?.from === name) return say("through {name} ({device}, outgoing)", { name, device });
  if (direction?.to === name) return say("through {name} ({device}, incoming)", { name, device });
  return say("through {name} ({device})", { name, device });
}

function spreadText({ pattern }: Anomaly): Sentence {
  if (!pattern) return say("the pattern was not worked out");
  const interval = intervalText(pattern.share);
  if (pattern.spread === "even")
    return say("they are spread more evenly than chance allows ({interval}): a counter or a queue, not load", {
      interval,
    });
  if (pattern.spread === "random")
    return say(
      "the share is steady ({interval}); whether it is exactly every n-th cannot be seen, because other traffic shares the NIC",
      { interval },
    );
  return say("the share is {interval}; too few packets to see how they are spread", { interval });
}

function peersOf(legId: string, node: string, { plan }: Case): readonly string[] {
  const leg = plan.legs.find(({ id }) => id === legId);
  if (!leg) return [];
  const { from, to } = endsOf(leg, plan);
  return [from, to].flatMap((end) => (end && end.node !== node ? [end.node] : []));
}

function addressOf(found: Anomaly, { plan }: Case): string {
  const leg = plan.legs.find(
    ({ id, to, toIp }) => found.legs.includes(id) && to === `node/${found.place.name}` && toIp !== "",
  );
  return (
    leg?.toIp ??
    plan.legs.find(({ id }) => found.legs.includes(id))?.toIp ??
    legText(plan.legs[0] as Case["plan"]["legs"][number], plan)
  );
}
