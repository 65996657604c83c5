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
import { elementKinds, endsOf } from "../core/elements.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { PROGRAMMED_MS, serviceStateEvidence } from "../core/service-evidence.ts";
import { wilson } from "../core/stats.ts";
import { limitedText, lossText, tracesOf } from "../core/trace-text.ts";

/** TCP to one port is about that port, not about the path. */
const NOT_THE_PATH: ReadonlySet<string> = new Set(
  elementKinds.filter((kind) => kind === "port" || kind === "flow-port" || kind.startsWith("icmp-")),
);

/**
 * Packets are lost at a place that the comparison of legs finds, and nothing else tells why.
 * Fooled by late answers (they count as received), by filters for echoes only (TCP of the same legs passes: not this),
 * by too few packets (under 100 only three lost in a row count), and by a busy observer, which delays but does not lose.
 * Fooled also by a rollout: until the rules of Services are written anew, connects are sent to endpoints that have gone.
 * A trace of the path is cited, never decisive: middle hops that answer seldom are routers that limit their answers.
 */
export const pathLoss: Rule = {
  name: "path-loss",
  title: "Packets are lost",
  needs: [pingEvidence],
  evaluate(seen) {
    const all = seen.comparison.loss.filter(({ element, onPath }) => onPath && !NOT_THE_PATH.has(element.kind));
    const found = all.filter((anomaly) => !followsEndpoints(anomaly, seen));
    if (found.length > 0) return found.map((anomaly) => suspicion(anomaly, seen));
    const [brief] = all;
    if (brief)
      return {
        status: "unknown",
        because: say(
          "{lost} to a Service were lost, as happens for a moment when endpoints of it go away: that tells no path",
          {
            lost: counted(brief.bad, "connect"),
          },
        ),
      };
    const echoes = [...seen.comparison.legs.values()].filter(
      ({ leg, sent }) => leg.part !== "control" && leg.port === undefined && sent > 0,
    );
    const sent = echoes.reduce((sum, result) => sum + result.sent, 0);
    const lost = echoes.reduce((sum, result) => sum + result.lost, 0);
    if (sent === 0) return { status: "unknown", because: say("no echo was sent along the path") };
    const counts = { lost, sent: counted(sent, "echo", "echoes") };
    // A place that other rules speak about, or too little for a place.
    const unplaced = echoes.some(({ state }) => state === "dead" || state === "lossy");
    return unplaced
      ? {
          status: "unknown",
          because: say("{lost} of {sent} along the path were lost, which does not tell a place", counts),
        }
      : { status: "cleared", because: clearedText(say("{lost} of {sent} along the path were lost", counts), seen) };
  },
};

/** Connects that an endpoint costs which goes away, before the rules know it, at the pace of a check. */
const LOST_PER_ENDPOINT = 3;

/**
 * Whether what is lost are connects to a Service address while endpoints of it went away: either for a moment only, and no more often than
 * endpoints went, or so few that each of them may have cost those.
 */
function followsEndpoints({ element, episodes, bad }: Anomaly, { evidence }: Case): boolean {
  const ip = element.kind === "service" ? element.name : element.kind === "service-at" ? element.peer : undefined;
  if (ip === undefined) return false;
  const state = evidence.all(serviceStateEvidence).find(({ data }) => data.clusterIp === ip)?.data;
  const gone = (state?.moves ?? []).filter(({ came }) => !came);
  const during = episodes.every(({ startMs, endMs }) =>
    gone.some(({ afterMs, beforeMs }) => endMs >= afterMs && startMs <= beforeMs + PROGRAMMED_MS),
  );
  const brief = episodes.every(({ startMs, endMs }) => endMs - startMs <= PROGRAMMED_MS);
  return during && ((brief && episodes.length <= gone.length) || bad <= LOST_PER_ENDPOINT * gone.length);
}

/** Whoever traces the path by hand sees routers that seem to lose: it is said that they do not. */
function clearedText(counts: Sentence, { plan, evidence }: Case): Sentence {
  const [more] = tracesOf(plan, evidence).flatMap((traced) => limitedText(traced) ?? []);
  return more ? say("{counts}; {more}", { counts, more }) : counts;
}

/** Where a trace sees the loss begin, for each direction whose ends this loss lies between. */
function tracedText({ legs }: Anomaly, { plan, evidence }: Case): readonly Sentence[] {
  const between = plan.legs.filter(({ id }) => legs.includes(id));
  return tracesOf(plan, evidence)
    .filter(({ from, to }) =>
      between.some((leg) => [leg.from, leg.to].includes(from.id) && [leg.from, leg.to].includes(to.id)),
    )
    .flatMap((traced) => lossText(traced) ?? []);
}

function suspicion(found: Anomaly, seen: Case): Suspicion {
  const { plan, evidence, comparison } = seen;
  const where = whereText(found.element, found.place, found.direction);
  const texts = [directionText(found), controlsText(found, comparison), whenText(found), scopeText(found, plan)];
  const refusals = found.legs.flatMap((id) => evidence.get(pingEvidence, id)?.errors ?? []);
  const boxes = [...new Set(refusals.map(({ from, text }) => `${from}: ${text}`))];
  const against = [
    ...cleanInside(found, comparison, plan),
    ...[alternativesText(found)].filter((text) => text !== undefined),
  ];
  return {
    status: "suspected",
    confidence: against.length === 0 && found.background.bad === 0 && found.background.of > 0 ? "certain" : "likely",
    where: found.place,
    because: [
      headline(found, where),
      ...texts.filter((text) => text !== undefined),
      ...(boxes.length > 0 ? [say("ICMP errors came back from {boxes}", { boxes: listed(boxes, 3) })] : []),
      ...tracedText(found, seen),
    ],
    against,
    confirm: confirmations(found, plan),
    advice: advice(found),
    explains: ["capture-loss-located"],
    legs: found.legs,
    ...(found.own.length > 0 ? { own: found.own } : {}),
  };
}

/** Counted one way where that is known: a round trip crosses a place twice. */
function headline(found: Anomaly, where: Sentence): Sentence {
  const { dead, direction, bad, of, share } = found;
  const shares = sharesText({ bad, of, share });
  if (dead) return say("packets {where} are all lost: {shares}", { where, shares });
  if (!direction) return say("packets {where} are lost: {shares}", { where, shares });
  return say("packets {where} are lost: {shares} one way; {bad} of {of}", {
    where,
    shares: sharesText({ ...direction, share: wilson(direction.bad, direction.of) }),
    bad,
    of: counted(of, "round trip"),
  });
}

/** What the shape of the place says about the layer. */
function scopeText({ element }: Anomaly, plan: Case["plan"]): Sentence | undefined {
  const underlay = plan.legs.some(({ scope }) => scope === "underlay");
  if ((element.kind === "tunnel" || element.kind === "tunnel-pair" || element.kind === "overlay") && underlay)
    return say(
      "node-to-node packets on the same way pass: the pod network's tunnel or routing is concerned, not the wire",
    );
  if (element.kind === "nic" || element.kind === "pair")
    return say("pods and nodes suffer alike: it is below the pod network");
  if (element.kind === "entry") return say("from its own node the pod answers");
  return undefined;
}

function confirmations(found: Anomaly, plan: Case["plan"]): readonly string[] {
  const legs = plan.legs.filter(({ id }) => found.legs.includes(id));
  const leg = legs.find(({ part, port }) => part !== "control" && port === undefined) ?? legs[0];
  if (!leg) return [];
  const from = endsOf(leg, plan).from?.label ?? leg.from;
  return [
    `ping -n -D -O -i 0.2 -c 200 ${leg.toIp}   # from ${from}`,
    `mtr -n -c 100 ${leg.toIp}   # from ${from}; loss counts only if it lasts to the end`,
  ];
}

function advice({ element, place }: Anomaly): readonly Sentence[] {
  switch (element.kind) {
    case "nic":
    case "host":
      return [
        say("Check the uplink of {node}: NIC errors (ethtool -S), cable, switch port, rate limits", {
          node: place.name,
        }),
      ];
    case "pair":
    case "flow":
      return [
        say("Check what lies between {name} and {peer}: switch ports, links, firewalls, security groups", {
          name: place.name,
          peer: place.peer ?? "?",
        }),
      ];
    case "tunnel":
    case "tunnel-pair":
    case "overlay":
      return [
        say(
          "Check the pod network: tunnel port allowed on every firewall in between, forwarding and neighbour entries of the tunnel, CNI agent log",
        ),
      ];
    case "pod":
    case "entry":
      return [
        say("Check the link of {pod} to its node: its veth pair, its filters, network policies that select it", {
          pod: place.name,
        }),
      ];
    default:
      return [say("Check the devices in between, and measure again with a capture at both ends")];
  }
}
