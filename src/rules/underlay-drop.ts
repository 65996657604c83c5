import { addressesEvidence } from "../core/addresses.ts";
import { hopsEvidence, type Tap } from "../core/capture.ts";
import { crosses } from "../core/elements.ts";
import type { EvidenceSet } from "../core/evidence.ts";
import { lossyHops } from "../core/hop-loss.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText } from "../core/suffering.ts";
import { percentText } from "../core/units.ts";

/** A filter takes all of what it takes; what loses less is a bad wire. */
const ALL = 0.95;
const MIN_REFUSALS = 3;

type Blocked = {
  readonly from: string;
  readonly to: string;
  readonly facts: readonly Sentence[];
  readonly proven: boolean;
};

/**
 * The network between two nodes drops what one node sends to the other: a security group, a network ACL, a firewall, a port of a
 * switch. Decisive are packets recorded as they left one node's NIC of which nearly none (5 %) was seen at the NIC of the other,
 * both recordings whole; or ICMP messages "administratively prohibited" from a box that is no node of the cluster. It names the
 * stretch between the two NICs and no box, unless that said so itself.
 * Fooled by packets that leave by another NIC than the recorded one, by points that programs of the data plane pass by (VF, XDP:
 * they see nothing at all, and the hop is not judged), and by wires that lose a part of everything (`path-loss`).
 */
export const underlayDrop: Rule = {
  name: "underlay-drop",
  title: "The network between nodes drops traffic",
  needs: [],
  evaluate(seen) {
    const bad = sufferers(seen, (leg) => crosses(leg));
    const found = [...recorded(seen), ...refused(seen)];
    if (bad.length > 0 && found.length > 0)
      return [...Map.groupBy(found, ({ from, to }) => `${from} ${to}`).values()].map((same) => suspicion(same, seen));
    if (bad.length === 0) return { status: "cleared", because: say("nothing is lost between the nodes of the path") };
    return seen.evidence.has(hopsEvidence)
      ? { status: "cleared", because: say("what leaves one node's NIC was recorded at the other's") }
      : { status: "unknown", because: say("no packets were recorded at the NICs of both nodes") };
  },
};

function suspicion(same: readonly Blocked[], seen: Case): Suspicion {
  const [{ from, to } = { from: "", to: "" }] = same;
  const bad = sufferers(
    seen,
    (leg, ends) =>
      crosses(leg) && [ends.from?.node, ends.to?.node].includes(from) && [ends.from?.node, ends.to?.node].includes(to),
  );
  return {
    status: "suspected",
    confidence: same.some(({ proven }) => proven) ? "certain" : "likely",
    where: { kind: "pair", name: from, peer: to },
    because: [...same.flatMap(({ facts }) => facts), ...(bad.length > 0 ? [sufferText(bad, seen.plan)] : [])],
    against: [],
    confirm: [
      `tcpdump -n -c 50 host ${addressOf(to, seen)}   # on the NICs of ${from} and ${to}: what leaves one does not reach the other`,
    ],
    advice: [
      say("Look at security groups, network ACLs, firewalls and switch ports between {from} and {to}", { from, to }),
      say("On cloud NICs look at the check of source and destination addresses, too"),
    ],
    // Whoever knows why packets are lost knows why these do not arrive: sent to a wrong next hop, for one.
    alike: ["path-loss"],
    explains: [
      "capture-loss-located",
      "port-filtered",
      "path-member-loss",
      "path-loss",
      "dns-path-loss",
      "dns-down",
      "high-latency",
    ],
    legs: idsOf(bad),
  };
}

function addressOf(node: string, { plan }: Case): string {
  return plan.vantages.find(({ id }) => id === `node/${node}`)?.ip ?? node;
}

/** Hops from one node's NIC to another's on which nearly all was lost. */
function recorded({ evidence }: Case): readonly Blocked[] {
  return evidence.all(hopsEvidence).flatMap(({ data }) =>
    lossyHops(data)
      .filter(({ sure, share }) => sure && share.share >= ALL)
      .flatMap(({ from, to, lost, sent, share, excused }): readonly Blocked[] => {
        const [one, other] = [nicTap(from, data.taps), nicTap(to, data.taps)];
        if (!one || !other || one.node === other.node) return [];
        return [
          {
            from: one.node,
            to: other.node,
            proven: excused === 0,
            facts: [
              say("{lost} of {sent} that left {from} were not seen at {to}: {share}", {
                lost,
                sent: counted(sent, "packet"),
                from,
                to,
                share: percentText(share.share),
              }),
            ],
          },
        ];
      }),
  );
}

function nicTap(label: string, taps: readonly Tap[]): Tap | undefined {
  const tap = taps.find((one) => label === one.label || label.startsWith(`${one.label} + `));
  return tap?.kind === "nic" || tap?.kind === "bond-member" ? tap : undefined;
}

/** Boxes that are no nodes and say that they refuse. */
function refused({ plan, evidence }: Case): readonly Blocked[] {
  const own = ownAddresses(
    evidence,
    plan.vantages.map(({ ip }) => ip),
  );
  return plan.legs.filter(crosses).flatMap(({ id, from, to }): readonly Blocked[] => {
    const boxes = (evidence.get(pingEvidence, id)?.errors ?? []).filter(
      ({ reason, from: box }) => reason === "prohibited" && !own.has(box),
    );
    const count = boxes.reduce((sum, box) => sum + box.count, 0);
    const [one, other] = [from, to].map((end) => plan.vantages.find((vantage) => vantage.id === end)?.node);
    if (count < MIN_REFUSALS || one === undefined || other === undefined) return [];
    return [
      {
        from: one,
        to: other,
        proven: true,
        facts: [
          say("{boxes} refused {packets} from {from} to {to}: administratively prohibited (ICMP)", {
            boxes: listed([...new Set(boxes.map(({ from: box }) => box))]),
            packets: counted(count, "packet"),
            from: one,
            to: other,
          }),
        ],
      },
    ];
  });
}

function ownAddresses(evidence: EvidenceSet, known: readonly string[]): ReadonlySet<string> {
  const read = evidence
    .all(addressesEvidence)
    .flatMap(({ data }) => data.devices.flatMap(({ addresses }) => addresses));
  return new Set([...known, ...read.map(({ ip }) => ip)]);
}
