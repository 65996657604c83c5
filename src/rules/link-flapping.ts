import { gainedDuring } from "../core/gains.ts";
import { type Nic, nicsEvidence } from "../core/nic-evidence.ts";
import {
  idsOf,
  type NodeOnPath,
  newest,
  nodesOnPath,
  placeOf,
  suffering,
  sufferingText,
  unreadText,
} from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { clockText } from "../core/units.ts";

/**
 * A link on the path lost its carrier while the check ran, or has none: cable, transceiver, switch port, or somebody who
 * restarts the switch. Counted by the kernel (`carrier_changes`: two for each time it goes and comes back). Certain when
 * packets went wrong in the same seconds, or when nothing gets through a link without carrier.
 * Fooled by devices of pods, which come and go with them (only the node's own NICs are looked at), by old counts (only
 * gains count), and by a slave of a bond that is down while others carry the traffic (bond-degraded).
 */
export const linkFlapping: Rule = {
  name: "link-flapping",
  title: "Link goes down",
  needs: [nicsEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const suspicions = nodes.flatMap((at) =>
      at.nics.filter(({ role }) => role !== "bond").flatMap((nic) => suspicion(at, nic, seen)),
    );
    // A bond and its slave, a VLAN and its NIC: the same event, told once, of the lowest device.
    const told = [...Map.groupBy(suspicions, ({ where }) => where.name).values()].map(
      (same) => same.findLast(({ confidence }) => confidence === "certain") ?? same.at(-1),
    );
    const [first, ...more] = told.filter((one) => one !== undefined);
    if (first) return [first, ...more];
    const unread = unreadText(nodes);
    if (unread) return { status: "unknown", because: unread };
    return {
      status: "cleared",
      because: say("no link of {nodes} changed its carrier", { nodes: listed(nodes.map(({ node }) => node)) }),
    };
  },
};

function suspicion({ node, legs, nics }: NodeOnPath, nic: Nic, seen: Case): readonly Suspicion[] {
  const { device, gains } = nic;
  const changes = gains?.gained["carrier_changes"] ?? 0;
  const results = suffering(legs, seen);
  // One slave of several without carrier is for the bond to bear.
  const spare =
    nic.role === "lower" && nics.some((other) => other.role === "lower" && other !== nic && newest(other)?.up);
  const bad = results.some(({ state, deadAtEnd }) => state === "dead" || deadAtEnd);
  const gone = newest(nic)?.up === false && !spare && bad;
  if (changes === 0 && !gone) return [];
  const { inside } = gains ? gainedDuring(gains, "carrier_changes", seen.comparison.badSeconds) : { inside: 0 };
  const moments = (gains?.steps ?? []).filter(({ gained }) => (gained["carrier_changes"] ?? 0) > 0);
  const downs = Math.ceil(changes / 2);
  return [
    {
      status: "suspected",
      confidence: gone || inside > 0 ? "certain" : "likely",
      where: placeOf(node, device),
      because: [
        ...(changes > 0
          ? [
              say("the link of {node} ({device}) went down {times} during the check ({changes} carrier changes)", {
                node,
                device,
                times: counted(downs, "time"),
                changes,
              }),
              say("seen in the readings at {times}", {
                times: listed(
                  moments.map(({ toMs }) => clockText(toMs)),
                  6,
                ),
              }),
            ]
          : []),
        ...(gone ? [say("the link of {node} ({device}) has no carrier", { node, device })] : []),
        ...(results.length > 0 ? [sufferingText(node, legs, seen)] : []),
      ],
      against: inside > 0 || gone ? [] : [say("no packet of the path went wrong in those seconds")],
      confirm: [
        `cat /sys/class/net/${device}/carrier_changes; ip -s -s link show ${device}   # on ${node}, twice`,
        `dmesg -T | grep -E '${device}.*[Ll]ink'   # on ${node}`,
      ],
      advice: [
        say(
          "Check cable, transceiver and switch port of {node} ({device}), and the log of the switch for the same times",
          {
            node,
            device,
          },
        ),
        say("Move pods away from {node} until its link holds", { node }),
      ],
      explains: [
        "bond-degraded",
        "path-loss",
        "link-delay",
        "nic-periodic-delay",
        "port-filtered",
        "high-latency",
        "dns-down",
        "route-missing",
        "neighbour-unresolved",
      ],
      legs: idsOf(legs),
      ...(gone ? { breaks: true } : {}),
    },
  ];
}
