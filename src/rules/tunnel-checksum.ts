import { betweenNodes } from "../core/between-nodes.ts";
import { isPod } from "../core/elements.ts";
import { gainedDuring } from "../core/gains.ts";
import { asked, askedNodes, suffers } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { idsOf, sufferText } from "../core/suffering.ts";
import { nodeVantage, type Tunnel, tunnelsEvidence, tunnelTowards } from "../core/tunnels.ts";
import { countersEvidence } from "../probes/counters.ts";

const MIN_ERRORS = 3;
/** Packets that are thrown away for their checksum, as a part of what the path lost: fewer do not explain it. */
const SHARE = 0.2;
/** By what a namespace counts that it has thrown away packets with wrong checksums. */
const OUTER = ["UdpInCsumErrors"] as const;
const INNER = ["TcpInCsumErrors", "UdpInCsumErrors", "IcmpInCsumErrors", "IpExtInCsumErrors"] as const;

/**
 * Packets of the pod network's tunnel arrive with wrong checksums and are thrown away by their receiver: a NIC or a virtual
 * switch that computes them wrongly for packets within packets (checksum offload), or that damages them. Decisive are checksum
 * errors that the receiving node (outer packet) or pod (inner packet) counts in the seconds in which pods lose, at least a fifth
 * of what they lose, while packets between the same nodes without the tunnel pass.
 * Fooled by wrong checksums in captures at the sender, which are normal (they are not looked at), by damage on the wire, which
 * strikes packets outside the tunnel as well (`link-crc-errors`), by old totals, and by damaged packets of strangers.
 */
export const tunnelChecksum: Rule = {
  name: "tunnel-checksum",
  title: "Tunnel packets arrive with wrong checksums",
  needs: [tunnelsEvidence, countersEvidence],
  evaluate(seen) {
    const tunnels = seen.evidence.all(tunnelsEvidence).filter(({ data }) => data.devices.length > 0);
    if (tunnels.length === 0) return { status: "cleared", because: say("the pod network uses no tunnel") };
    const nodes = askedNodes(seen.plan);
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("{nodes} counted no wrong checksums while pods lost packets, or nothing was lost", {
        nodes: listed(nodes),
      }),
    };
  },
};

/** What a node and its pods threw away for their checksums in bad seconds. */
function errorsAt(
  node: string,
  seen: Case,
): { readonly outer: number; readonly inner: number; readonly who: readonly string[] } {
  const gained = (id: string, names: readonly string[]): number => {
    const gains = seen.evidence.get(countersEvidence, id);
    return gains ? Math.max(...names.map((name) => gainedDuring(gains, name, seen.comparison.badSeconds).inside)) : 0;
  };
  const pods = seen.plan.vantages.filter((one) => isPod(one) && one.node === node);
  const inner = pods.map((pod) => ({ pod: pod.label, count: gained(pod.id, INNER) })).filter(({ count }) => count > 0);
  return {
    outer: gained(`node/${node}`, OUTER),
    inner: inner.reduce((sum, { count }) => sum + count, 0),
    who: inner.map(({ pod }) => pod),
  };
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { plan } = seen;
  const { outer, inner, who } = errorsAt(node, seen);
  const at = nodeVantage(plan, node);
  if (!at || outer + inner < MIN_ERRORS) return [];
  const peers = betweenNodes(node, seen).filter(({ pods }) => pods.some(suffers));
  const bad = peers.flatMap(({ pods }) => pods.filter(suffers));
  const nodes = peers.flatMap((between) => between.nodes);
  const lost = bad.reduce((sum, one) => sum + one.lost, 0);
  const tunnel = peers.map(({ peer }) => tunnelTo(peer, node, seen)).find((one) => one !== undefined);
  if (!tunnel || !bad.some(({ leg }) => asked(leg)) || nodes.some(suffers) || outer + inner < SHARE * lost) return [];
  const peer = listed(peers.map((between) => between.peer));
  return [
    {
      status: "suspected",
      confidence: nodes.length > 0 ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        ...(outer > 0
          ? [
              say("{node} threw away {packets} with wrong outer checksums while packets were lost (UdpInCsumErrors)", {
                node,
                packets: counted(outer, "packet"),
              }),
            ]
          : []),
        ...(inner > 0
          ? [
              say("{pods} threw away {packets} with wrong checksums while packets were lost (InCsumErrors)", {
                pods: listed(who),
                packets: counted(inner, "packet"),
              }),
            ]
          : []),
        sufferText(bad, plan),
        ...(nodes.length > 0
          ? [
              say("packets between {node} and {peer} without the tunnel pass: {lost} of {sent} lost", {
                node,
                peer,
                lost: nodes.reduce((sum, one) => sum + one.lost, 0),
                sent: counted(
                  nodes.reduce((sum, one) => sum + one.sent, 0),
                  "packet",
                ),
              }),
            ]
          : []),
      ],
      against: [],
      confirm: [
        `nstat -az UdpInCsumErrors TcpInCsumErrors   # on ${node} and in its pods, twice`,
        `ethtool -k ${tunnel.name} | grep tx-checksum-ip-generic   # on ${peers[0]?.peer ?? ""}`,
      ],
      advice: [
        say(
          "Switch the offload off on the senders and look whether it stops: ethtool -K {device} tx-checksum-ip-generic off",
          { device: tunnel.name },
        ),
        say(
          "Update the kernel or the NIC's driver: such faults of checksum offload in tunnels have been mended (flannel#1282, calico#3145)",
        ),
      ],
      explains: [
        "tunnel-blocked",
        "port-filtered",
        "path-member-loss",
        "capture-loss-located",
        "dns-down",
        "dns-path-loss",
        "dns-upstream-failing",
        "path-loss",
        "link-delay",
        "high-latency",
      ],
      // A wire that damages everything strikes the tunnel, too.
      alike: ["path-loss"],
      legs: idsOf(bad),
    },
  ];
}

/** The tunnel in which a node sends to the pods of another. */
function tunnelTo(from: string, to: string, { plan, evidence }: Case): Tunnel | undefined {
  const at = nodeVantage(plan, from);
  const pod = plan.vantages.find((one) => isPod(one) && one.node === to);
  return at && pod ? tunnelTowards(at, pod.ip, evidence)?.tunnel : undefined;
}
