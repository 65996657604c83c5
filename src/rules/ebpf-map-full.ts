import { gainedDuring } from "../core/gains.ts";
import { askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText, touches } from "../core/suffering.ts";
import { percentText } from "../core/units.ts";
import { dataplaneMetricsEvidence } from "../probes/dataplane-metrics.ts";

/** From here on inserting begins to fail: maps of the LRU kind drop old entries, others refuse. */
const FULL = 0.9;
const MIN_DROPS = 3;
/**
 * Reasons for which Cilium drops a packet when a map has no room: "CT: Map insertion failed" (until 1.16; "Conntrack: Map insertion
 * failed" was proposed), "Failed to insert into proxymap", "No mapping for NAT masquerade", "CT: Can't create NAT/… entry".
 * Source: cilium/pkg/monitor/api/drop.go.
 */
const MAP_DROPS = /map insertion failed|failed to insert into|no mapping for NAT|can'?t create|map full/i;

/**
 * A map in which an eBPF data plane keeps connections, translations or policies is full, and packets that need a new entry are
 * dropped. Decisive are drops for that reason that the node's agent counts while legs of the node lose; a map at 90 % or more tells
 * which one. A full map alone is no cause.
 * Fooled by the metric's floor (Cilium reports maps from a certain fill on only, so that a missing one proves nothing), by old
 * totals, by maps that make room by themselves, and by drops for other reasons (policy).
 */
export const ebpfMapFull: Rule = {
  name: "ebpf-map-full",
  title: "eBPF map is full",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan).filter((node) => metricsOf(node, seen));
    if (sufferers(seen, () => true).length === 0)
      return { status: "cleared", because: say("nothing is lost on the path") };
    if (nodes.length === 0)
      return {
        status: "unknown",
        because: say("no eBPF data plane on the nodes of the path tells how full its maps are"),
      };
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("{nodes} dropped nothing for want of room in a map while packets were lost", {
        nodes: listed(nodes),
      }),
    };
  },
};

function metricsOf(node: string, { evidence }: Case) {
  const metrics = evidence.get(dataplaneMetricsEvidence, `node/${node}`);
  // kube-proxy's metrics alone say nothing about maps.
  return metrics && (Object.keys(metrics.pressure).length > 0 || metrics.drops.steps.length > 0) ? metrics : undefined;
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const metrics = metricsOf(node, seen);
  const bad = sufferers(seen, (_, ends) => touches(node, ends));
  if (!metrics || bad.length === 0) return [];
  const reasons = Object.keys(metrics.drops.gained).filter((reason) => MAP_DROPS.test(reason));
  const dropped = reasons.map((reason) => gainedDuring(metrics.drops, reason, seen.comparison.badSeconds));
  const inside = dropped.reduce((sum, one) => sum + one.inside, 0);
  const outside = dropped.reduce((sum, one) => sum + one.outside, 0);
  if (inside < MIN_DROPS || inside < outside) return [];
  const full = Object.entries(metrics.pressure).filter(([, fill]) => fill >= FULL);
  return [
    {
      status: "suspected",
      confidence: full.length > 0 ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        say("the data plane of {node} dropped {packets} while packets were lost: {reasons}", {
          node,
          packets: counted(inside, "packet"),
          reasons: listed(reasons),
        }),
        ...full.map(([map, fill]) => say("its map {map} is filled to {share}", { map, share: percentText(fill) })),
        sufferText(bad, seen.plan),
      ],
      against: full.length > 0 ? [] : [say("no map shows a fill of 90 % or more")],
      confirm: [
        `cilium-dbg metrics list | grep -E 'bpf_map_pressure|drop_count'   # in the agent's pod of ${node}`,
        `cilium-dbg monitor --type drop   # there`,
      ],
      advice: [
        say(
          "Make the map larger on {node}: bpf-ct-global-tcp-max, bpf-ct-global-any-max, bpf-nat-global-max, bpf-policy-map-max, or bpf-map-dynamic-size-ratio",
          { node },
        ),
        say("Find out who holds so many connections on {node}, and close those", { node }),
      ],
      explains: [
        "conntrack-full",
        "network-policy-deny",
        "port-filtered",
        "dns-down",
        "dns-path-loss",
        "dns-upstream-failing",
        "path-loss",
        "link-delay",
      ],
      legs: idsOf(bad),
    },
  ];
}
