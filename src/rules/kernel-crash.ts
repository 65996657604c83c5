import { nodeLoadEvidence } from "../core/node-load.ts";
import { hurtText } from "../core/node-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { kernelEvidence, type LoggedTrouble, loggedInBadSeconds } from "../probes/kernel.ts";
import { nodeStateEvidence } from "../probes/node-state.ts";

/** What breaks may take a while to show, and a kernel that dies says so at the end, s. */
const BEFORE_S = 10;
const AFTER_S = 30;

/**
 * The kernel of a node on the path found itself broken (`BUG:`, Oops, general protection fault, panic): what the crashed part
 * held is held for ever. Decisive is the line in its log next to the seconds in which packets through the node are late or
 * lost; certain when the node was started anew during the check as well (its boot id changed).
 * Fooled by soft lockups, which begin with `BUG:` too (kernel-lockup), by a planned reboot (no such line: node-down), by old
 * lines, and by lines of other machines that share the kernel. What a kernel says last may never reach its log.
 */
export const kernelCrash: Rule = {
  name: "kernel-crash",
  title: "Kernel of the node crashed",
  needs: [kernelEvidence],
  evaluate(seen) {
    const { read, found } = loggedInBadSeconds(seen, {
      wanted: ({ kind }) => kind === "crash",
      beforeS: BEFORE_S,
      afterS: AFTER_S,
    });
    if (found.length > 0) return found.map((one) => suspicion(one, seen));
    if (read.length === 0)
      return { status: "unknown", because: say("the kernel log of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("the kernels of {nodes} report no bug of their own while packets were late or lost", {
        nodes: listed(read),
      }),
    };
  },
};

function suspicion({ node, legs, events }: LoggedTrouble, seen: Case): Suspicion {
  const rebooted =
    seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.rebooted === true ||
    seen.evidence.get(nodeStateEvidence, `node/${node}`)?.rebooted === true;
  return {
    status: "suspected",
    confidence: rebooted ? "certain" : "likely",
    where: { kind: "node", name: node },
    because: [
      say("the kernel of {node} says: {line}", { node, line: events[0]?.text.slice(0, 120) ?? "" }),
      ...(rebooted ? [say("{node} was started anew while the check ran (boot id changed)", { node })] : []),
      hurtText(node, legs, seen),
    ],
    against: [],
    confirm: [
      `dmesg -T | grep -A30 -E 'BUG:|Oops|general protection'   # on ${node}`,
      `journalctl -k -b -1 | tail -50   # on ${node}`,
    ],
    advice: [
      say("Restart {node} at the next occasion: a kernel that crashed in part is not to be trusted", { node }),
      say(
        "Look up the function in the first line of the trace; update the kernel or the module of {node} that it names",
        { node },
      ),
    ],
    explains: [
      "node-down",
      "kernel-lockup",
      "task-hung",
      "target-not-running",
      "nic-reset",
      "path-loss",
      "link-delay",
      "high-latency",
      "port-filtered",
      "server-slow",
    ],
    legs: legs.map(({ id }) => id),
  };
}
