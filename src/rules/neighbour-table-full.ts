import { gainedDuring } from "../core/gains.ts";
import { askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText, touches } from "../core/suffering.ts";
import { kernelEventsOf } from "../probes/kernel.ts";
import { neighbourTableEvidence } from "../probes/neighbour-table.ts";

/** Share of gc_thresh3 from which on the table counts as full: collecting frees some entries between two readings. */
const FULL = 0.95;

/**
 * The kernel's neighbour table is full: no entry is made for addresses that it does not know yet, and packets for them are
 * dropped, while known ones pass. Decisive is `table_fulls` of /proc/net/stat/arp_cache gaining while legs of the node lose;
 * the log line alone is not (the kernel leaves lines out, and other nodes may share its log).
 * Fooled by permanent entries, which newer kernels do not count towards the limit (a table that is above it and refuses nothing is
 * cleared), by old totals, and by a table that is full while nothing is lost.
 */
export const neighbourTableFull: Rule = {
  name: "neighbour-table-full",
  title: "Neighbour table is full",
  needs: [neighbourTableEvidence],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan).filter((node) => tableOf(node, seen));
    if (nodes.length === 0)
      return { status: "unknown", because: say("the neighbour tables of the path could not be read") };
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("the neighbour tables of {nodes} refused no entry while packets were lost", {
        nodes: listed(nodes),
      }),
    };
  },
};

function tableOf(node: string, { evidence }: Case) {
  const table = evidence.get(neighbourTableEvidence, `node/${node}`);
  return table?.gains ? { ...table, gains: table.gains } : undefined;
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const table = tableOf(node, seen);
  const bad = sufferers(seen, (_, ends) => touches(node, ends));
  if (!table || bad.length === 0) return [];
  const { inside, outside } = gainedDuring(table.gains, "table_fulls", seen.comparison.badSeconds);
  if (inside === 0 || inside < outside) return [];
  const { entries, max } = table;
  const full = max !== undefined && entries >= FULL * max;
  const lines = kernelEventsOf(seen.evidence, node).filter(({ kind }) => kind === "neighbours-full").length;
  return [
    {
      status: "suspected",
      confidence: full || lines > 0 ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        say("the kernel of {node} refused {count} new neighbour entries while packets were lost (table_fulls)", {
          node,
          count: inside,
        }),
        ...(max === undefined
          ? []
          : [say("its table holds {entries} entries, at most {max} (gc_thresh3)", { entries, max })]),
        ...(lines > 0 ? [say("its log says `neighbor table overflow!`")] : []),
        sufferText(bad, seen.plan),
      ],
      against: max === undefined || full ? [] : [say("when it was read there was room in the table")],
      confirm: [
        `cat /proc/net/stat/arp_cache; sysctl net.ipv4.neigh.default.gc_thresh3; ip -4 neigh | wc -l   # on ${node}`,
      ],
      advice: [
        say(
          "Raise net.ipv4.neigh.default.gc_thresh1, gc_thresh2 and gc_thresh3 on {node} above the number of pods and nodes that it talks to",
          { node },
        ),
        say("Find out what makes so many entries on {node}: a scan, very large subnets, many pods", { node }),
      ],
      explains: [
        "neighbour-unresolved",
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
