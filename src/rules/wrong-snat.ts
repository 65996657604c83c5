import { isPod } from "../core/elements.ts";
import { saveCommand } from "../core/ip-family.ts";
import { askedVantages } from "../core/path-facts.ts";
import type { Plan, Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText } from "../core/suffering.ts";
import { type Flow, flowsEvidence } from "../probes/flows.ts";

/** Part of the connections of one kind that have to be alike: translation is for all, a few are left from before a change. */
const NEARLY_ALL = 0.9;
const MIN_FLOWS = 3;

/**
 * The source address of packets is translated where it must not be, or not where it must: a pod's connections to another pod
 * arrive with the address of its node, so that policies that allow the pod do not know it; or they leave the cluster with the
 * pod's own address, to which nobody outside can answer. Decisive is the node's connection table (the address to which answers
 * go), for the asked connections, while they fail; that other nodes do it otherwise makes it certain.
 * Fooled by connections through a Service, which kube-proxy translates by design in several cases (only connections to pod
 * addresses are judged), by a pod that reaches itself (hairpin), by networks in which pod addresses are valid outside (then
 * connections are answered: cleared), and by pod networks that translate between all nodes (only possible then).
 */
export const wrongSnat: Rule = {
  name: "wrong-snat",
  title: "Source address is translated wrongly",
  needs: [],
  evaluate(seen) {
    const pods = askedVantages(seen.plan).filter(isPod);
    const read = pods.filter(({ node }) => seen.evidence.get(flowsEvidence, `node/${node}`));
    if (read.length === 0)
      return { status: "unknown", because: say("the connections of no node of the path could be read") };
    const suspicions = read.flatMap((pod) => [...translated(pod, seen), ...untranslated(pod, seen)]);
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("the nodes of {pods} translate source addresses as they should, or connections are answered", {
        pods: listed(read.map(({ label }) => label)),
      }),
    };
  },
};

function flowsOf({ ip, node }: Vantage, { evidence }: Case): readonly Flow[] {
  return (evidence.get(flowsEvidence, `node/${node}`)?.flows ?? []).filter(
    ({ from, answers }) => from === ip && answers !== ip,
  );
}

/** Connections to the address of another pod, without a Service between. */
function toPods(pod: Vantage, seen: Case): readonly Flow[] {
  const ips = new Set(seen.plan.vantages.filter(isPod).map(({ ip }) => ip));
  return flowsOf(pod, seen).filter(({ to, answers }) => ips.has(to) && to === answers);
}

function count(flows: readonly Flow[]): number {
  return flows.reduce((sum, flow) => sum + flow.count, 0);
}

function translated(pod: Vantage, seen: Case): readonly Suspicion[] {
  const { plan } = seen;
  const far = new Set(plan.vantages.flatMap((one) => (isPod(one) && one.node !== pod.node ? [one.ip] : [])));
  const flows = toPods(pod, seen).filter(({ to }) => far.has(to));
  const wrong = flows.filter(({ back }) => back !== pod.ip);
  const bad = sufferers(
    seen,
    (leg, { from, to }) => from?.id === pod.id && to !== undefined && isPod(to) && far.has(leg.toIp),
  );
  if (bad.length === 0 || count(wrong) < MIN_FLOWS || count(wrong) < NEARLY_ALL * count(flows)) return [];
  const others = plan.vantages
    .filter((one) => isPod(one) && one.node !== pod.node)
    .flatMap((one) => toPods(one, seen).map((flow) => ({ flow, one })));
  const right = others.filter(({ flow, one }) => flow.back === one.ip);
  return [
    suspicion(pod, plan, {
      confidence: right.length > 0 ? "certain" : "possible",
      because: [
        say("{node} gives {count} of {of} connections of {pod} to other pods another source address: {address}", {
          node: pod.node,
          pod: pod.label,
          count: count(wrong),
          of: count(flows),
          address: listed([...new Set(wrong.map(({ back }) => back))], 3),
        }),
        ...(right.length > 0
          ? [say("{nodes} leave it as it is", { nodes: listed([...new Set(right.map(({ one }) => one.node))]) })]
          : []),
        sufferText(bad, plan),
      ],
      against: right.length > 0 ? [] : [say("all nodes that were read do so: the pod network may mean it")],
      advice: say(
        "Except the pods' addresses from masquerading on {node}: ip-masq-agent's nonMasqueradeCIDRs, Calico's natOutgoing and pools, Cilium's native-routing-cidr, flannel's subnet",
        { node: pod.node },
      ),
      legs: idsOf(bad),
    }),
  ];
}

function untranslated(pod: Vantage, seen: Case): readonly Suspicion[] {
  const { plan } = seen;
  const bad = sufferers(seen, (leg, { from }) => leg.scope === "external" && from?.id === pod.id);
  const outside = new Set(bad.map(({ leg }) => leg.toIp));
  const flows = flowsOf(pod, seen).filter(({ to }) => outside.has(to));
  const wrong = flows.filter(({ back, unanswered, count: all }) => back === pod.ip && unanswered >= NEARLY_ALL * all);
  // Elsewhere connections out of the cluster are translated and answered.
  const right = plan.vantages
    .filter(isPod)
    .filter(
      (one) =>
        one.node !== pod.node &&
        flowsOf(one, seen).some((flow) => outside.has(flow.to) && flow.back !== one.ip && flow.unanswered < flow.count),
    );
  if (count(wrong) < MIN_FLOWS || count(wrong) < NEARLY_ALL * count(flows) || right.length === 0) return [];
  return [
    suspicion(pod, plan, {
      confidence: "certain",
      because: [
        say(
          "{node} lets {count} connections of {pod} leave the cluster with the pod's own address {address}, and none is answered",
          {
            node: pod.node,
            pod: pod.label,
            count: count(wrong),
            address: pod.ip,
          },
        ),
        say("{nodes} translate it, and are answered", { nodes: listed([...new Set(right.map(({ node }) => node))]) }),
        sufferText(bad, plan),
      ],
      against: [],
      advice: say(
        "Restore the masquerading of what leaves the cluster on {node}: restart the pod network's agent, look at its settings",
        { node: pod.node },
      ),
      legs: idsOf(bad),
    }),
  ];
}

function suspicion(
  pod: Vantage,
  plan: Plan,
  {
    advice,
    ...said
  }: Pick<Suspicion, "confidence" | "because" | "against"> & {
    readonly advice: Suspicion["advice"][number];
    readonly legs: readonly string[];
  },
): Suspicion {
  return {
    status: "suspected",
    where: { kind: "node", name: pod.node },
    confirm: [
      `conntrack -L -s ${pod.ip}   # on ${pod.node}: the second dst= is where answers go`,
      `${saveCommand(plan)} -t nat | grep -E 'POSTROUTING|MASQ|SNAT'; nft list ruleset | grep -E 'masquerade|snat'   # on ${pod.node} and on another node`,
    ],
    advice: [advice, say("Compare the NAT rules of {node} with those of a node that works", { node: pod.node })],
    explains: ["network-policy-deny", "firewall-drop", "port-filtered", "reset-by-peer", "path-loss", "high-latency"],
    strikesElsewhere: true,
    ...said,
  };
}
