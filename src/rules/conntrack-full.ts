import { legText } from "../core/anomaly-text.ts";
import { gainedDuring } from "../core/gains.ts";
import { asked, legsTouching, servingNodes, suffers } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say, type Text } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { conntrackEvidence } from "../probes/conntrack.ts";
import { kernelEventsOf, kernelEvidence } from "../probes/kernel.ts";

/** Share of the limit from which on a table counts as full. 90 % alone is a warning, no cause. */
const FULL = 0.95;
const MIN_DROPS = 3;

/**
 * The connection table of a node is full: packets of new connections through it are dropped, those of old ones pass.
 * Decisive are legs of the node that lose, and, while they do, `drop` of `conntrack -S` gaining or `table full` in the
 * kernel log with the namespace of that node; supporting is the fill of the table in the node's own namespace, 95 % of the
 * maximum or more. Fooled by a table that is nearly full while nothing is lost (early drop frees entries silently: cleared),
 * by old totals, by the tables of other namespaces (pods have their own), and by log lines of other nodes that share the
 * kernel.
 */
export const conntrackFull: Rule = {
  name: "conntrack-full",
  title: "Connection table is full",
  needs: [kernelEvidence],
  evaluate(seen) {
    const nodes = servingNodes(seen.plan).filter((node) => tableOf(node, seen));
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (nodes.length === 0)
      return { status: "unknown", because: say("the connection table of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("connection tables are filled to {fills}", {
        fills: listed(
          nodes.map((node) => {
            const { most, max } = tableOf(node, seen) ?? { most: 0, max: 1 };
            return say("{share} on {node}", { share: percentText(most / max), node });
          }),
        ),
      }),
    };
  },
};

function tableOf(node: string, { evidence }: Case): { readonly most: number; readonly max: number } | undefined {
  const table = evidence.get(kernelEvidence, `node/${node}`)?.conntrack;
  return table && table.max > 0 ? table : undefined;
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { plan, evidence, comparison } = seen;
  const bad = legsTouching(node, plan).flatMap(({ id }) => {
    const result = comparison.legs.get(id);
    return result && suffers(result) ? [result] : [];
  });
  const kernel = evidence.get(kernelEvidence, `node/${node}`);
  const table = tableOf(node, seen);
  if (!bad.some(({ leg }) => asked(leg)) || !kernel || !table) return [];
  const gains = evidence.get(conntrackEvidence, `node/${node}`);
  const { inside: drops, outside } = gains
    ? gainedDuring(gains, "drop", comparison.badSeconds)
    : { inside: 0, outside: 0 };
  const lines = kernelEventsOf(evidence, node).filter(
    ({ kind, atMs }) => kind === "conntrack-full" && atMs >= kernel.fromMs - 10_000,
  ).length;
  const fill = table.most / table.max;
  const full = fill >= FULL;
  const dropped = drops >= MIN_DROPS && drops >= outside;
  if (!dropped && !(full && (lines > 0 || bad.some(({ leg }) => leg.port !== undefined)))) return [];
  const because: Text[] = [
    say("the connection table of {node} holds {most} of at most {max} connections ({share})", {
      node,
      most: table.most,
      max: table.max,
      share: percentText(fill),
    }),
    ...(dropped
      ? [
          say("{node} dropped {packets} for want of an entry while packets were lost", {
            node,
            packets: counted(drops, "packet"),
          }),
        ]
      : []),
    ...(lines > 0 ? [say("its kernel log says `table full, dropping packet`")] : []),
    say("{legs} of {node} lose: {which}", {
      legs: counted(bad.length, "leg"),
      node,
      which: listed(
        bad.map(({ leg }) => legText(leg, plan)),
        3,
      ),
    }),
  ];
  return [
    {
      status: "suspected",
      confidence: (dropped || lines > 0) && full ? "certain" : dropped || full ? "likely" : "possible",
      where: { kind: "node", name: node },
      because,
      against: full ? [] : [say("when it was read the table was filled to {share} only", { share: percentText(fill) })],
      confirm: [
        `cat /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max; conntrack -S   # on ${node}, twice`,
        `conntrack -L 2>/dev/null | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^src=/) { print $i; break } }' | sort | uniq -c | sort -rn | head   # on ${node}: who has the most`,
      ],
      advice: [
        say("Find out who holds so many connections on {node}, and close those", { node }),
        say("Raise net.netfilter.nf_conntrack_max on {node} (kube-proxy sets it from --conntrack-max-per-core)", {
          node,
        }),
      ],
      explains: [
        "path-loss",
        "port-filtered",
        "dns-down",
        "dns-path-loss",
        "dns-upstream-failing",
        "dns-tcp-blocked",
        "slow-connect",
        "link-delay",
      ],
      // Connections that the table knows pass: what is lost may look as if it were lost at a place that clean legs cross too.
      legs: legsTouching(node, plan).map(({ id }) => id),
    },
  ];
}
