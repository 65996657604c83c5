import { nearBad } from "../core/node-trouble.ts";
import { askedNodes } from "../core/path-facts.ts";
import { troubledPorts } from "../core/port-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { kernelEventsOf, kernelEvidence } from "../probes/kernel.ts";

/** The kernel looks every two minutes for tasks that were blocked for two: harm may begin so long before a line, and last on, s. */
const BEFORE_S = 240;
const AFTER_S = 130;

/**
 * Programs on the node of an asked port wait in the kernel for a disk or a remote file system for minutes (hung task): the port
 * is reached, its answers do not come. Decisive are `task … blocked for more than … seconds` in the node's log and late or missing
 * answers of a program there in the same minutes.
 * Fooled by packets that are late (a storage problem moves no packets: without a port that suffers it is cleared), by another
 * program that hangs and harms nobody, by old lines, by the limit of ten such lines after which the kernel is silent, and by
 * other machines that share the kernel.
 */
export const taskHung: Rule = {
  name: "task-hung",
  title: "Programs hang in the kernel",
  needs: [kernelEvidence],
  evaluate(seen) {
    const read = askedNodes(seen.plan).filter((node) => seen.evidence.get(kernelEvidence, `node/${node}`)?.logRead);
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the kernel log of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("the kernels of {nodes} report no program that hangs while answers are late", {
        nodes: listed(read),
      }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const ports = troubledPorts(node, seen).filter(({ errors }) => !errors);
  return ports.flatMap(({ asked, seconds, text }): Suspicion[] => {
    const events = kernelEventsOf(seen.evidence, node).filter(
      ({ kind, atMs }) =>
        kind === "task-hung" && nearBad(atMs, { badSeconds: seconds }, { beforeS: BEFORE_S, afterS: AFTER_S }),
    );
    const [first] = events;
    if (!first) return [];
    const names = [...new Set(events.flatMap(({ process }) => process ?? []))];
    return [
      {
        status: "suspected",
        confidence: "likely",
        where: { kind: "node", name: node },
        because: [
          say("the kernel of {node} reports {tasks} blocked for {seconds} or longer, {times}", {
            node,
            tasks: listed(names),
            seconds: counted(Math.max(...events.map((event) => event.seconds ?? 0)), "second"),
            times: counted(events.length, "time"),
          }),
          text,
          say("it is a matter of storage, not of the network"),
        ],
        against: [say("whether the program behind the port is the one that hangs cannot be seen")],
        confirm: [
          `dmesg -T | grep -A15 'blocked for more than'; ps -eo pid,stat,wchan:30,comm | awk '$2 ~ /D/'   # on ${node}`,
          "cat /proc/pressure/io; iostat -x 1 3",
        ],
        advice: [
          say("Look at the disk or the remote file system that the stack below that line waits for, on {node}", {
            node,
          }),
          say("Move {pod} to a node whose storage works", { pod: asked.at.label }),
        ],
        explains: [
          "server-slow",
          "slow-receiver",
          "accept-queue-overflow",
          "http-error",
          "high-latency",
          "sidecar-starved",
        ],
        legs: [...asked.legs],
      },
    ];
  });
}
