import { alternativesText, cleanInside, controlsText, directionText, legText, whenText } from "../core/anomaly-text.ts";
import type { Anomaly } from "../core/compare.ts";
import { endsOf } from "../core/elements.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import { nicOf } from "../core/nic-of.ts";
import type { Place } from "../core/place.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { countText, intervalText, listText, msRangeText, msText, percentText, roundly } from "../core/units.ts";
import { addressesEvidence } from "../probes/addresses.ts";

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
    if (of === 0) return { status: "unknown", because: "no echo was answered" };
    return {
      status: "cleared",
      because: `${bad} of ${countText(of, "echo").replace(/echos$/, "echoes")} along the path were late`,
    };
  },
};

/** From here on a connect sends its SYN anew, and an echo may count as lost. */
const GIVEN_UP_MS = 900;

/** Whether the latest packets are so late that some of them count as lost. */
export function looksLost({ extraMs }: Anomaly): boolean {
  return extraMs !== undefined && extraMs.high > GIVEN_UP_MS;
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
  const { plan, evidence, comparison } = seen;
  const { pattern, extraMs, element } = found;
  const node = found.place.kind === "node" ? found.place.name : undefined;
  const device = node === undefined ? undefined : nicOf(node, plan, evidence.get(addressesEvidence, `node/${node}`));
  const where: Place = { ...found.place, ...(device === undefined ? {} : { device }) };
  const share = pattern?.share ?? found.share;
  const which = pattern?.oneIn
    ? `${pattern.oneIn.only ? "" : "about "}1 in ${pattern.oneIn.n} packets`
    : `${percentText(share.share)} of packets`;
  const counts = `${percentText(share.share)}, ${(pattern?.bad ?? found.bad).toLocaleString("en-US")} of ${(pattern?.of ?? found.of).toLocaleString("en-US")}`;
  const through = node === undefined ? `between ${found.place.name} and ${found.place.peer ?? ""}` : `through ${node}`;
  const heading =
    found.direction === undefined
      ? ""
      : found.direction.from === node
        ? ", outgoing"
        : found.direction.to === node
          ? ", incoming"
          : "";
  const range = extraMs ? msRangeText(roundly(extraMs.low), roundly(extraMs.high)) : "";
  const peers = [...new Set(found.legs.flatMap((id) => peersOf(id, element.name, seen)))];
  const certain =
    node !== undefined && found.alternatives.length === 0 && pattern?.spread === "even" && pattern.oneIn !== undefined;
  return {
    status: "suspected",
    confidence: certain ? "certain" : "likely",
    where,
    because: [
      `${which} (${counts}) ${through}${device === undefined ? "" : ` (${device}${heading})`} ${pattern?.bad === 1 ? "is" : "are"} ${range} late; normal is ${msText(extraMs?.normal ?? 0)} for a round trip`,
      spreadText(found),
      ...[
        node === undefined
          ? undefined
          : `every pair through ${node} is affected, with ${listText(peers)} at the other end; pods and nodes alike`,
        controlsText(found, comparison),
        directionText(found),
        whenText(found),
      ].filter((text) => text !== undefined),
    ],
    against: [
      ...cleanInside(found, comparison, plan),
      ...[alternativesText(found)].filter((text) => text !== undefined),
    ],
    confirm: [
      `ping -n -D -i 0.2 -c 100 ${addressOf(found, seen)}   # from another node: count replies above ${msText(Math.max(1, (extraMs?.low ?? 0) / 2))}`,
      `cat /proc/net/bonding/*; ethtool -S ${device ?? "DEVICE"}; ethtool -m ${device ?? "DEVICE"}   # on ${node ?? found.place.name}`,
    ],
    advice: [
      `If ${device ?? "the uplink"} of ${node ?? found.place.name} is a bond, fail over to the other slave and measure again`,
      `Have the NIC, transceiver, cable and switch port of ${node ?? found.place.name} checked or replaced; pods and CNI are not the cause`,
      ...(node === undefined ? [] : [`Move latency-sensitive pods away from ${node} until then`]),
    ],
    explains: ["link-delay", ...(looksLost(found) ? ["path-loss"] : [])],
    legs: found.legs,
  };
}

function spreadText({ pattern }: Anomaly): string {
  if (!pattern) return "the pattern was not worked out";
  const interval = intervalText(pattern.share);
  if (pattern.spread === "even")
    return `they are spread more evenly than chance allows (${interval}): a counter or a queue, not load`;
  if (pattern.spread === "random")
    return `the share is steady (${interval}); whether it is exactly every n-th cannot be seen, because other traffic shares the NIC`;
  return `the share is ${interval}; too few packets to see how they are spread`;
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
