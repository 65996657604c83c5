import { gainedDuring } from "../core/gains.ts";
import { type NodeLoad, nodeLoadEvidence, onlyHere } from "../core/node-load.ts";
import { hurtText, lossyLegs } from "../core/node-trouble.ts";
import { servingNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { sysctlsEvidence } from "../probes/sysctls.ts";

/** Fewer are one short burst. */
const MIN_PACKETS = 3;

/**
 * The kernel of a node on the path refused packets because the queue in front of its network stack was full
 * (net.core.netdev_max_backlog for each CPU). Decisive is the second word of /proc/net/softnet_stat gaining in the seconds in
 * which the path lost packets.
 * Fooled by the third word (`time_squeeze`: a round ended early, nothing was lost: supporting only), by row numbers taken
 * for CPUs (offline ones have no row), by old totals, by hexadecimal numbers, and by nodes that are containers of one host and
 * all show the host's numbers (what several of them show is no one's).
 */
export const softnetDrops: Rule = {
  name: "softnet-drops",
  title: "Kernel drops packets before its network stack",
  needs: [nodeLoadEvidence],
  evaluate(seen) {
    const read = servingNodes(seen.plan).filter(
      (node) => (seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.softnet?.steps.length ?? 0) > 0,
    );
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("softnet_stat of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("the queues in front of the network stack of {nodes} dropped nothing while the path lost packets", {
        nodes: listed(read),
      }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const softnet = seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.softnet;
  const legs = lossyLegs(node, seen);
  if (!softnet || legs.length === 0) return [];
  const { inside, outside } = gainedDuring(softnet, "dropped", seen.comparison.badSeconds);
  const droppedOf = ({ softnet: other }: NodeLoad): number =>
    other ? gainedDuring(other, "dropped", seen.comparison.badSeconds).inside : 0;
  if (inside < MIN_PACKETS || !onlyHere(seen.evidence, node, droppedOf)) return [];
  const cpus = Object.entries(softnet.gained)
    .filter(([name]) => name.startsWith("dropped."))
    .toSorted(([, a], [, b]) => b - a);
  const squeezed = softnet.gained["squeezed"] ?? 0;
  const limit = seen.evidence.get(sysctlsEvidence, `node/${node}`)?.values["core/netdev_max_backlog"];
  return [
    {
      status: "suspected",
      confidence: outside > inside ? "likely" : "certain",
      where: { kind: "node", name: node },
      because: [
        say(
          "the kernel of {node} dropped {dropped} packets before its network stack in seconds in which the path lost packets",
          {
            node,
            dropped: inside,
          },
        ),
        say("by CPU: {cpus}", {
          cpus: listed(cpus.map(([name, count]) => `${name.replace("dropped.", "")}: ${count}`)),
        }),
        ...(squeezed > 0 ? [say("its CPUs ran out of time for packets {times} times", { times: squeezed })] : []),
        ...(limit === undefined ? [] : [say("net.core.netdev_max_backlog is {limit}", { limit })]),
        hurtText(node, legs, seen),
      ],
      against: [],
      confirm: [
        `cat /proc/net/softnet_stat; sysctl net.core.netdev_max_backlog   # on ${node}, twice: 2nd column, hex`,
      ],
      advice: [
        say("Raise net.core.netdev_max_backlog on {node}, and net.core.netdev_budget if CPUs run out of time", {
          node,
        }),
        say("Spread the packets of {node} over more CPUs: queues of the NIC, RPS, interrupts", { node }),
      ],
      explains: ["path-loss", "high-latency", "port-filtered", "capture-loss-located", "nic-ring-overflow"],
      legs: legs.map(({ id }) => id),
    },
  ];
}
