import { gainedDuring } from "../core/gains.ts";
import { type Nic, nicsEvidence } from "../core/nic-evidence.ts";
import {
  idsOf,
  type NodeOnPath,
  nodesOnPath,
  placeOf,
  suffering,
  sufferingText,
  unreadText,
  wires,
} from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";

/**
 * Packets that the hypervisor queued or dropped because the instance had used up an allowance, as the ena driver counts them
 * (drivers/net/ethernet/amazon/ena/ena_ethtool.c), and how many are a mere burst: limits of aws/eks-node-monitoring-agent.
 */
const ALLOWANCES: readonly { readonly name: RegExp; readonly burst: number; readonly what: Sentence }[] = [
  { name: /bw_in_allowance_exceeded$/, burst: 180, what: say("bandwidth inwards") },
  { name: /bw_out_allowance_exceeded$/, burst: 100, what: say("bandwidth outwards") },
  { name: /pps_allowance_exceeded$/, burst: 320, what: say("packets per second") },
  { name: /conntrack_allowance_exceeded$/, burst: 100, what: say("tracked connections") },
  { name: /linklocal_allowance_exceeded$/, burst: 100, what: say("packets to DNS, time and metadata of the cloud") },
];

/**
 * A node of the path uses more than its machine type may: the cloud's hypervisor queues or drops the rest. Decisive is an
 * `…_allowance_exceeded` counter of its NIC that gained more than a burst in the seconds in which packets through the node were late
 * or lost.
 * Fooled by short bursts, which every instance has (a counter's burst is allowed for), by a trickle over hours, by old totals
 * since the instance was started, and by gains in other seconds. Other clouds' drivers (gve, mana, hv_netvsc) count no such thing.
 */
export const cloudAllowanceExceeded: Rule = {
  name: "cloud-allowance-exceeded",
  title: "Instance exceeds what the cloud allows it",
  needs: [nicsEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const suspicions = nodes.flatMap((at) => wires(at.nics).flatMap((nic) => suspect(at, nic, seen)));
    if (suspicions.length > 0) return suspicions;
    const unread = unreadText(nodes);
    return unread
      ? { status: "unknown", because: unread }
      : {
          status: "cleared",
          because: say(
            "no NIC of the path counts an allowance of the cloud as exceeded while packets were late or lost",
          ),
        };
  },
};

function suspect({ node, legs }: NodeOnPath, { device, gains }: Nic, seen: Case): readonly Suspicion[] {
  if (!gains || suffering(legs, seen).length === 0) return [];
  const found = Object.keys(gains.gained).flatMap((name) => {
    const known = ALLOWANCES.find((one) => one.name.test(name));
    const { inside, outside } = gainedDuring(gains, name, seen.comparison.badSeconds);
    return known && inside > known.burst ? [{ ...known, counter: name.replace(/^driver\./, ""), inside, outside }] : [];
  });
  const [worst] = found.toSorted((a, b) => b.inside / b.burst - a.inside / a.burst);
  if (!worst) return [];
  return [
    {
      status: "suspected",
      confidence: worst.inside >= worst.outside ? "certain" : "likely",
      where: placeOf(node, device),
      because: [
        ...found.map(({ what, inside, counter }) =>
          say(
            "{node} exceeded its allowance of {what}: {count} packets in seconds in which packets were late or lost ({counter})",
            {
              node,
              what,
              count: inside,
              counter,
            },
          ),
        ),
        sufferingText(node, legs, seen),
      ],
      against: [],
      confirm: [`ethtool -S ${device} | grep allowance   # on ${node}, twice`],
      advice: [
        say("Find what on {node} sends or opens so much, and spread it over nodes", { node }),
        say("Use a machine type for {node} that allows more of: {what}", {
          node,
          what: listed(found.map(({ what }) => what)),
        }),
      ],
      explains: [
        "link-rate-limited",
        "qdisc-drops",
        "dns-path-loss",
        "dns-overloaded",
        "path-loss",
        "link-delay",
        "high-latency",
        "port-filtered",
      ],
      legs: idsOf(legs),
    },
  ];
}
