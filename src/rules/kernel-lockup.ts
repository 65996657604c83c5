import { asked, legsTouching, servingNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { kernelEventsOf, kernelEvidence } from "../probes/kernel.ts";

/** A lockup is logged after a CPU was stuck for about 20 s; bad seconds may lie so much before and after the line, s. */
const BEFORE_S = 30;
const AFTER_S = 3;

/**
 * A CPU of a node of the path was stuck in the kernel (soft or hard lockup, RCU stall): what it should have moved waited.
 * Decisive is the line in the node's kernel log in the same seconds in which packets through the node are late or lost.
 * Fooled by lines of other machines that share the kernel, by old lines, and by virtual machines that were paused: then the
 * pause is the cause, and such a line its consequence.
 */
export const kernelLockup: Rule = {
  name: "kernel-lockup",
  title: "A CPU was stuck in the kernel",
  needs: [kernelEvidence],
  evaluate(seen) {
    const nodes = servingNodes(seen.plan).filter((node) => seen.evidence.get(kernelEvidence, `node/${node}`)?.logRead);
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (nodes.length === 0)
      return { status: "unknown", because: say("the kernel log of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("the kernels of {nodes} report no stuck CPU while packets were late or lost", {
        nodes: listed(nodes),
      }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { plan, comparison, evidence } = seen;
  const bad = legsTouching(node, plan).filter(({ id }) => {
    const state = comparison.legs.get(id)?.state;
    return state === "late" || state === "lossy" || state === "dead";
  });
  if (!bad.some(asked)) return [];
  const events = kernelEventsOf(evidence, node).filter(({ kind, atMs }) => {
    if (kind !== "lockup") return false;
    const second = Math.floor(atMs / 1_000);
    return Array.from({ length: BEFORE_S + AFTER_S + 1 }, (_, n) => second - BEFORE_S + n).some((one) =>
      comparison.badSeconds.has(one),
    );
  });
  const [first] = events;
  if (!first) return [];
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "node", name: node },
      because: [
        say("the kernel of {node} reported a stuck CPU {times} while packets were late or lost: {line}", {
          node,
          times: counted(events.length, "time"),
          line: first.text.slice(0, 120),
        }),
      ],
      against: [],
      confirm: [`dmesg -T | grep -iE 'lockup|stall'   # on ${node}`],
      advice: [
        say(
          "Look at what the stack below that line shows on {node}: a driver, a file system, or a host that took the CPU away",
          {
            node,
          },
        ),
      ],
      explains: ["path-loss", "link-delay", "nic-periodic-delay", "high-latency", "server-slow"],
      legs: bad.map(({ id }) => id),
    },
  ];
}
