import { devicesEvidence } from "../core/devices.ts";
import { crosses, endsOf, isPod } from "../core/elements.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import { asked, askedNodes } from "../core/path-facts.ts";
import type { Leg } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";

const MIN_DUPLICATES = 5;
/** A bridge that duplicates does so with every packet; single copies are made by wires. */
const MIN_SHARE = 0.2;

type Doubled = { readonly leg: Leg; readonly duplicates: number; readonly received: number };

/**
 * A bridge of a node that takes all frames (promiscuous) passes packets on twice, once as a bridge and once as a router: pods get
 * each packet two times, which UDP applications notice. Decisive are echoes that pods answer twice (a fifth of them or more; these
 * are copies on the wire, not copies that a recorder sees) together with a bridge of their node that is set to promiscuous.
 * Fooled by wires that duplicate (then packets between the nodes themselves come twice, too: cleared), by bridges that only a
 * recorder made promiscuous (not shown as a flag), and by a promiscuous bridge that duplicates nothing.
 */
export const bridgeDuplicates: Rule = {
  name: "bridge-duplicates",
  title: "Bridge passes packets on twice",
  needs: [pingEvidence],
  evaluate(seen) {
    const doubled = doubledLegs(seen);
    const nodes = askedNodes(seen.plan);
    if (!doubled.some(({ leg }) => asked(leg)))
      return { status: "cleared", because: say("no echo of the path was answered twice, or only a few") };
    const suspicions = nodes.flatMap((node) => suspect(node, doubled, seen));
    if (suspicions.length > 0) return suspicions;
    const read = nodes.some((node) => seen.evidence.get(devicesEvidence, `node/${node}`));
    return read
      ? {
          status: "cleared",
          because: say(
            "echoes are answered twice, but not because of a bridge: none is promiscuous, or it happens between nodes, too",
          ),
        }
      : {
          status: "unknown",
          because: say("echoes are answered twice, but the devices of no node of the path could be read"),
        };
  },
};

function doubledLegs({ plan, evidence }: Case): readonly Doubled[] {
  return plan.legs.flatMap((leg): readonly Doubled[] => {
    const { duplicates = 0, received = 0 } = evidence.get(pingEvidence, leg.id) ?? {};
    return duplicates >= MIN_DUPLICATES && duplicates >= MIN_SHARE * received ? [{ leg, duplicates, received }] : [];
  });
}

function suspect(node: string, doubled: readonly Doubled[], { plan, evidence }: Case): readonly Suspicion[] {
  const bridges = (evidence.get(devicesEvidence, `node/${node}`)?.devices ?? []).filter(
    ({ kind, promiscuous }) => kind === "bridge" && promiscuous,
  );
  const own = doubled.filter(({ leg }) => {
    const { from, to } = endsOf(leg, plan);
    return [from, to].some((end) => end !== undefined && isPod(end) && end.node === node);
  });
  const between = doubled.some(({ leg }) => crosses(leg) && leg.scope === "underlay");
  const [bridge] = bridges;
  if (!bridge || between || !own.some(({ leg }) => asked(leg))) return [];
  const duplicates = own.reduce((sum, one) => sum + one.duplicates, 0);
  const received = own.reduce((sum, one) => sum + one.received, 0);
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "node", name: node, device: bridge.name },
      because: [
        say("{count} of {of} to and from pods of {node} were answered twice ({share})", {
          count: duplicates,
          of: counted(received, "echo", "echoes"),
          node,
          share: percentText(duplicates / Math.max(1, received)),
        }),
        say("the bridge {bridges} of {node} takes all frames (PROMISC)", {
          bridges: listed(bridges.map(({ name }) => name)),
          node,
        }),
      ],
      against: [],
      confirm: [
        `ip -d link show ${bridge.name}   # on ${node}: PROMISC`,
        `tcpdump -n -c 20 -e icmp   # in a pod of ${node}: two packets with the same id and seq, from different MAC addresses`,
      ],
      advice: [
        say(
          "Switch promiscuous mode of {bridge} off and use hairpin mode of its ports: kubelet's hairpin-mode hairpin-veth, the bridge plugin's hairpinMode",
          { bridge: bridge.name },
        ),
      ],
      legs: own.map(({ leg }) => leg.id),
    },
  ];
}
