import { addressesEvidence } from "../core/addresses.ts";
import type { Anomaly } from "../core/anomaly.ts";
import { legText, sharesText, whenText } from "../core/anomaly-text.ts";
import { cutOff, lostWay } from "../core/between-nodes.ts";
import { endsOf, isPod } from "../core/elements.ts";
import { nicOf } from "../core/nic-of.ts";
import { measuredLegs, suffers } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import { lookUp, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { nodeVantage, steeredTunnel, type Tunnel, tunnelsEvidence, tunnelTowards } from "../core/tunnels.ts";
import { linksEvidence } from "../probes/links.ts";

const PLACES = new Set(["tunnel", "tunnel-pair", "overlay"]);
/** Share of pod packets that has to be lost while it lasts: a block takes all. */
const BLOCKED = 0.95;
const MIN_ECHOES = 10;
/** Drops of the tunnel device itself, as a part of what was lost, from which the trouble is on this side of the wire. */
const OWN_DROPS = 0.5;

/**
 * The pod network's tunnel does not get through between nodes that reach each other: its UDP port or IP protocol is
 * blocked on the way. It takes both: everything between pods across the place is lost (95 % while it lasts) and echoes
 * between the same nodes pass; and the tunnel devices send without dropping. What explains it better (firewall rules
 * that were read, routes, entries, addresses) comes before it, and then this is a symptom.
 * Fooled by network policies (they do not spare other pods of the same node: pods of one node have to reach each other)
 * and by pod networks without a tunnel, where it does not apply.
 */
export const tunnelBlocked: Rule = {
  name: "tunnel-blocked",
  title: "Tunnel is blocked between nodes",
  needs: [tunnelsEvidence],
  evaluate(seen) {
    const found = seen.comparison.loss.filter(
      ({ element, onPath, shareInside }) => onPath && PLACES.has(element.kind) && shareInside >= BLOCKED,
    );
    const suspicions = found.flatMap((anomaly) => suspect(anomaly, seen));
    if (suspicions.length > 0) return suspicions;
    const tunnels = seen.evidence.all(tunnelsEvidence).filter(({ data }) => data.devices.length > 0);
    if (tunnels.length === 0) return { status: "cleared", because: say("the pod network uses no tunnel") };
    if (found.length > 0)
      return { status: "unknown", because: say("pods are cut off across nodes, but not by the tunnel alone") };
    return { status: "cleared", because: say("tunnel packets get through between the nodes of the path") };
  },
};

function suspect(found: Anomaly, seen: Case): readonly Suspicion[] {
  const { plan, comparison } = seen;
  const results = found.legs.flatMap((id) => comparison.legs.get(id) ?? []);
  const pairs = pairsOf(
    results.filter(cutOff).map(({ leg }) => leg.id),
    seen,
  );
  const ways = pairs.map((pair) => ({ ...pair, tunnel: tunnelBetween(pair.from, pair.to, seen) }));
  const tunnel = ways.find((way) => way.tunnel !== undefined)?.tunnel;
  const echoes = measuredLegs(comparison).filter(({ leg }) => {
    const { from, to } = endsOf(leg, plan);
    return (
      leg.scope === "underlay" && leg.port === undefined && pairs.some((pair) => isPair(pair, from?.node, to?.node))
    );
  });
  const sent = echoes.reduce((sum, one) => sum + one.sent, 0);
  if (!tunnel || sent < MIN_ECHOES || echoes.some(suffers) || inNodePodsSuffer(pairs, seen)) return [];
  const senders = [...new Set(pairs.map(({ from }) => from))];
  if (senders.some((node) => dropsOf(node, tunnel, seen) > OWN_DROPS * found.bad)) return [];
  const way = pairs
    .map(({ from, to }) => lostWay(from.node, to.node, seen))
    .find((direction) => direction !== undefined);
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: found.place,
      because: [
        say("pod packets in the tunnel are all lost between {pairs}: {shares}", {
          pairs: listed([...new Set(pairs.map(({ from, to }) => [from.label, to.label].toSorted().join(" and ")))], 3),
          shares: sharesText(found),
        }),
        say("echoes between the same nodes, without the tunnel: {lost} of {sent} lost", {
          lost: echoes.reduce((sum, { lost }) => sum + lost, 0),
          sent: counted(sent, "echo", "echoes"),
        }),
        ...(way
          ? [
              say("lost on the way from {from} to {to} ({bad} of {of}), not on the way back", {
                from: way.from,
                to: way.to,
                bad: way.bad,
                of: counted(way.of, "packet"),
              }),
            ]
          : []),
        say("{tunnel} sends them as {what}", { tunnel: tunnel.name, what: wire(tunnel) }),
        ...[whenText(found)].filter((text) => text !== undefined),
      ],
      against: results
        .filter((result) => !cutOff(result) && result.sent >= MIN_ECHOES)
        .slice(0, 3)
        .map(({ leg }) => say("{leg} crosses it and passes", { leg: legText(leg, plan) })),
      confirm: pairs
        .slice(0, 1)
        .map(
          ({ from, to }) =>
            `tcpdump -n -c 20 ${tunnel.port === undefined ? "ip proto 4" : `udp port ${tunnel.port}`} and host ${from.ip}   # on the NICs of ${from.label} and ${to.label}: what leaves one does not reach the other`,
        ),
      advice: [
        say(
          "Allow {what} between all nodes: security groups, network firewalls, host firewalls, port security of switches",
          {
            what: wire(tunnel),
          },
        ),
      ],
      explains: [
        "port-filtered",
        "dns-down",
        "dns-path-loss",
        "dns-upstream-failing",
        "path-member-loss",
        "path-loss",
        "high-latency",
      ],
      legs: found.legs,
    },
  ];
}

type Pair = { readonly from: Vantage; readonly to: Vantage };

function pairsOf(legs: readonly string[], { plan }: Case): readonly Pair[] {
  const found = new Map<string, Pair>();
  for (const leg of plan.legs.filter(({ id }) => legs.includes(id))) {
    const { from, to } = endsOf(leg, plan);
    const [one, other] = [nodeVantage(plan, from?.node ?? ""), nodeVantage(plan, to?.node ?? "")];
    if (one && other && one !== other) found.set([one.id, other.id].toSorted().join(), { from: one, to: other });
  }
  return [...found.values()];
}

function isPair({ from, to }: Pair, one: string | undefined, other: string | undefined): boolean {
  return (from.node === one && to.node === other) || (from.node === other && to.node === one);
}

function tunnelBetween(one: Vantage, other: Vantage, seen: Case): Tunnel | undefined {
  const pod = seen.plan.vantages.find((vantage) => isPod(vantage) && vantage.node === other.node);
  const back = seen.plan.vantages.find((vantage) => isPod(vantage) && vantage.node === one.node);
  return (pod && tunnelOf(one, pod.ip, seen)) ?? (back && tunnelOf(other, back.ip, seen));
}

/** The device of the route, or where that leads to a program and not to the NIC, the one which the program steers. */
function tunnelOf(at: Vantage, podIp: string, { plan, evidence }: Case): Tunnel | undefined {
  const there = tunnelTowards(at, podIp, evidence)?.tunnel;
  if (there) return there;
  const { kind, route } = lookUp(evidence.get(routesEvidence, at.id)?.versions.at(-1)?.value ?? [], podIp);
  const nic = nicOf(at.node, plan, evidence.get(addressesEvidence, at.id));
  if (kind !== "specific" || nic === undefined || route?.dev === nic) return undefined;
  return steeredTunnel(evidence.get(tunnelsEvidence, at.id)?.devices ?? []);
}

/** Whether pods do not even reach their neighbours on these nodes. */
function inNodePodsSuffer(pairs: readonly Pair[], { plan, comparison }: Case): boolean {
  const nodes = new Set(pairs.flatMap(({ from, to }) => [from.node, to.node]));
  return measuredLegs(comparison).some((result) => {
    const node = endsOf(result.leg, plan).from?.node;
    return (
      ["same-node", "local"].includes(result.leg.scope) && node !== undefined && nodes.has(node) && suffers(result)
    );
  });
}

function dropsOf(node: Vantage, { name }: Tunnel, { evidence }: Case): number {
  const device = evidence.get(linksEvidence, node.id)?.devices.find(({ device }) => device === name);
  return (device?.gained["tx.dropped"] ?? 0) + (device?.gained["tx.errors"] ?? 0);
}

function wire({ kind, port }: Tunnel): Sentence {
  return port === undefined
    ? say("{kind} packets (an IP protocol of its own)", { kind })
    : say("UDP to port {port} ({kind})", { port: `${port}`, kind });
}
