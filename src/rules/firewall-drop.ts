import { legText } from "../core/anomaly-text.ts";
import { silenceLooksLike } from "../core/between-nodes.ts";
import type { LegResult } from "../core/compare.ts";
import type { DropRule } from "../core/drop-rules.ts";
import { endsOf, isPod } from "../core/elements.ts";
import { saveCommand } from "../core/ip-family.ts";
import { asked, suffers } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { hits } from "../core/rule-hits.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { opensTexts } from "../pcap/captured-opens.ts";
import { linksEvidence } from "../probes/links.ts";
import { nftRulesEvidence } from "../probes/nft-rules.ts";
import { packetFilterEvidence } from "../probes/packet-filter.ts";

/** Share of our lost packets that a rule must have counted at least. */
const MOVES_WITH_US = 0.5;
const MIN_PACKETS = 3;

/** A rule that drops what we sent, with the legs that meet it. */
type Culprit = {
  readonly at: Vantage;
  readonly rule: DropRule;
  readonly bad: readonly LegResult[];
  readonly clean: readonly LegResult[];
  readonly lost: number;
};

/**
 * A packet filter on a node or in a pod drops or refuses the traffic of the path. Decisive is a rule outside the chains
 * of Kubernetes and the pod network that our lost packets meet and whose counter moved with them.
 * Fooled by rules that drop other people's packets (their legs are healthy, or nothing of ours meets them), by default
 * policies of ufw, firewalld or Docker (they have to meet broken legs too), by rules without a counter (then only
 * "possible"), and by filters that nobody can read: network policies, cloud firewalls, switches. A filter of one port
 * inside a pod is `port-filtered`.
 */
export const firewallDrop: Rule = {
  name: "firewall-drop",
  title: "Firewall drops the traffic",
  needs: [],
  evaluate(seen) {
    const read = seen.plan.vantages.filter(
      ({ id }) => seen.evidence.get(packetFilterEvidence, id) ?? seen.evidence.get(nftRulesEvidence, id),
    );
    const culprits = culpritsOf(seen).filter(({ at, rule }) => !(isPod(at) && rule.ports !== undefined));
    const suspicions = [...Map.groupBy(culprits, ({ at }) => at.id).values()].map((same) => suspicion(same, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0) return { status: "unknown", because: say("no packet filter of the path could be read") };
    return {
      status: "cleared",
      because: say("no rule outside the cluster's own chains took packets of the check on {places}", {
        places: listed(read.map(({ label }) => label)),
      }),
    };
  },
};

/** Rules at all vantage points that explain lost packets of the asked path. */
export function culpritsOf(seen: Case): readonly Culprit[] {
  const { plan, evidence, comparison } = seen;
  if (![...comparison.legs.values()].some((result) => suffers(result) || result.refused > 0)) return [];
  const tunnelPorts = evidence
    .all(linksEvidence)
    .flatMap(({ data }) => data.devices.flatMap(({ tunnelPort }) => (tunnelPort === undefined ? [] : [tunnelPort])));
  return plan.vantages.flatMap((at) => {
    const rules = [
      ...(evidence.get(packetFilterEvidence, at.id)?.rules ?? []),
      ...(evidence.get(nftRulesEvidence, at.id)?.rules ?? []),
    ];
    return rules
      .filter(({ owned, packets }) => !owned && (packets === undefined || packets >= MIN_PACKETS))
      .flatMap((rule): Culprit[] => {
        const met = plan.legs
          .filter((leg) => hits(rule, at, leg, plan, tunnelPorts))
          .flatMap(({ id }) => comparison.legs.get(id) ?? []);
        const bad = met.filter(
          (result) => suffers(result) || (rule.action === "reject" && result.refused >= MIN_PACKETS),
        );
        // Pods of one node may or may not pass the filter: that depends on bridge-nf-call-iptables and on the CNI.
        const clean = met.filter(
          (result) => result.sent >= 20 && result.leg.scope !== "same-node" && !bad.includes(result),
        );
        const lost = bad.reduce((sum, result) => sum + Math.max(result.lost, result.refused), 0);
        if (!bad.some(({ leg }) => asked(leg)) || lost < MIN_PACKETS) return [];
        if (rule.packets !== undefined && rule.packets < MOVES_WITH_US * ownShare(bad, at, seen)) return [];
        // Without a counter only what the rule meets speaks: all of it has to suffer.
        if (rule.packets === undefined && clean.length > 0) return [];
        // A rule so wide that most of what meets it passes: something before it lets us through.
        if (clean.length > 2 * bad.length) return [];
        return [{ at, rule, bad, clean, lost }];
      });
  });
}

/** Lost packets that this rule would have to explain: where both ends may drop, half of them. */
function ownShare(bad: readonly LegResult[], at: Vantage, { plan }: Case): number {
  return bad.reduce((sum, { leg, lost, refused }) => {
    const { from, to } = endsOf(leg, plan);
    const both = from?.node !== at.node && to?.node !== at.node;
    return sum + (both ? 0 : Math.max(lost, refused)) * 0.5;
  }, 0);
}

function suspicion(same: readonly Culprit[], seen: Case): Suspicion {
  const { plan } = seen;
  const ranked = same.toSorted((a, b) => (b.rule.packets ?? 0) - (a.rule.packets ?? 0));
  const at = (ranked[0] as Culprit).at;
  const bad = [...new Set(ranked.flatMap((culprit) => culprit.bad))];
  const clean = [...new Set(ranked.flatMap((culprit) => culprit.clean))].filter((result) => !bad.includes(result));
  const counts = ranked.some(({ rule }) => rule.packets !== undefined);
  const lost = bad.reduce((sum, result) => sum + Math.max(result.lost, result.refused), 0);
  const sufferers = {
    legs: counted(bad.length, "leg"),
    lost: counted(lost, "packet"),
    list: listed(
      bad.map(({ leg }) => legText(leg, plan)),
      3,
    ),
  };
  const tool = ranked[0]?.rule.text.startsWith("-")
    ? `${saveCommand(plan)} -c -t ${ranked[0].rule.table}`
    : "nft list ruleset";
  return {
    status: "suspected",
    confidence: !counts ? "possible" : clean.length === 0 ? "certain" : "likely",
    where: isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at.node },
    because: [
      ...ranked.slice(0, 3).map(({ rule }) => ruleText(rule, at)),
      bad.length === 1
        ? say("{legs} that meets it lost or was refused {lost}: {list}", sufferers)
        : say("{legs} that meet it lost or were refused {lost}: {list}", sufferers),
      ...capturedTexts(bad, seen),
    ],
    against: clean.map(({ leg }) => say("{leg} seems to meet it too and passes", { leg: legText(leg, plan) })),
    confirm: [
      `${tool}   # ${isPod(at) ? "in the network of" : "on"} ${at.label}, twice: the counter moves with the traffic`,
    ],
    advice: [
      say(
        "Remove or narrow the rule on {place}, and find out what put it there (host firewall, configuration management, a person)",
        { place: at.label },
      ),
    ],
    explains: ["port-closed", ...silenceLooksLike],
    legs: bad.map(({ leg }) => leg.id),
  };
}

/** How far the connects of these legs came. */
function capturedTexts(bad: readonly LegResult[], seen: Case): readonly Sentence[] {
  return bad.slice(0, 1).flatMap(({ leg }) => {
    const { to } = endsOf(leg, seen.plan);
    return to && leg.port !== undefined ? opensTexts(to, leg.port, seen) : [];
  });
}

/** `node-2 filter INPUT: -p udp --dport 8472 -j DROP took 412 packets during the check`. */
export function ruleText(rule: DropRule, at: Vantage): Sentence {
  const { table, chain, packets, share } = rule;
  const text = `\`${rule.text.replace(/^-A \S+ /, "")}\``;
  const what =
    share === undefined ? text : say("{text} ({share} of what matches)", { text, share: percentText(share) });
  const place = at.label;
  return packets === undefined
    ? say("{place}, table {table}, chain {chain}: {what} it does not count packets", { place, table, chain, what })
    : say("{place}, table {table}, chain {chain}: {what} took {packets} during the check", {
        ...{ place, table, chain, what },
        packets: counted(packets, "packet"),
      });
}
