import { hurtText } from "../core/node-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { kernelEvidence, type LoggedTrouble, loggedInBadSeconds } from "../probes/kernel.ts";

/** How far bad seconds may lie from the line, s. */
const NEAR_S = 3;
/** Larger blocks are asked for with something smaller to fall back on. */
const MOST_ORDER = 1;

/**
 * The kernel of a node on the path could not get a page at once where it must not wait, as NICs do for what they receive: the
 * packet is dropped. Decisive is `page allocation failure` of order 0 or 1 with GFP_ATOMIC in the seconds in which packets
 * through the node are late or lost.
 * Fooled by order 2 and more (the caller falls back on single pages: harmless), by callers that may wait (GFP_KERNEL: a program
 * failed, no packet), by old lines, by lines that the kernel left out (their number is a lower bound), and by other machines
 * that share the kernel.
 */
export const memoryAllocationFailing: Rule = {
  name: "memory-allocation-failing",
  title: "Kernel has no memory for packets",
  needs: [kernelEvidence],
  evaluate(seen) {
    const { read, found } = loggedInBadSeconds(seen, {
      wanted: ({ kind, order, atomic }) =>
        kind === "page-allocation" && atomic === true && order !== undefined && order <= MOST_ORDER,
      beforeS: NEAR_S,
      afterS: NEAR_S,
    });
    if (found.length > 0) return found.map((one) => suspicion(one, seen));
    if (read.length === 0)
      return { status: "unknown", because: say("the kernel log of no node of the path could be read") };
    return {
      status: "cleared",
      because: say(
        "the kernels of {nodes} report no page that was missing for packets while packets were late or lost",
        {
          nodes: listed(read),
        },
      ),
    };
  },
};

function suspicion({ node, legs, events }: LoggedTrouble, seen: Case): Suspicion {
  return {
    status: "suspected",
    confidence: events.length > 1 ? "certain" : "likely",
    where: { kind: "node", name: node },
    because: [
      say("the kernel of {node} says: {line}", { node, line: events[0]?.text.slice(0, 120) ?? "" }),
      say("{count} such lines lie next to seconds in which packets were late or lost", { count: events.length }),
      hurtText(node, legs, seen),
    ],
    against: [],
    confirm: [`dmesg -T | grep -A20 'page allocation failure'; cat /proc/buddyinfo; free -m   # on ${node}`],
    advice: [
      say("Raise vm.min_free_kbytes on {node}, so that memory for packets stays free", { node }),
      say("Find what uses up the memory of {node}, and give pods memory limits", { node }),
    ],
    explains: [
      "nic-ring-overflow",
      "softnet-drops",
      "path-loss",
      "high-latency",
      "port-filtered",
      "link-delay",
      "capture-loss-located",
    ],
    legs: legs.map(({ id }) => id),
  };
}
