import type { KernelEvent } from "../core/kernel-log.ts";
import { nicsEvidence } from "../core/nic-evidence.ts";
import { placeOf } from "../core/nic-facts.ts";
import { hurtText } from "../core/node-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { kernelEvidence, type LoggedTrouble, loggedInBadSeconds } from "../probes/kernel.ts";

/** A queue is given up after 5 s or more, and a NIC needs some more to come back: how far bad seconds may lie, s. */
const BEFORE_S = 20;
const AFTER_S = 10;

/**
 * A NIC of a node on the path stopped sending and was started anew by its driver (NETDEV WATCHDOG, "Reset adapter", "Tx Unit
 * Hang" …): for some seconds nothing passed. Decisive is the line in the node's kernel log in the same seconds in which packets
 * through the node were late or lost; certain when it names a device that carries the path.
 * Fooled by another NIC of the node (its line names a device that is none of the path's: left out), by machines that were
 * suspended or paused (vm-stalled explains it then), by a NIC that is started anew because somebody changed its settings,
 * by old lines, and by lines of other machines that share the kernel.
 */
export const nicReset: Rule = {
  name: "nic-reset",
  title: "NIC hung and was reset",
  needs: [kernelEvidence],
  evaluate(seen) {
    const { read, found } = loggedInBadSeconds(seen, {
      wanted: ({ kind }) => kind === "nic-reset",
      beforeS: BEFORE_S,
      afterS: AFTER_S,
    });
    const suspicions = found.flatMap((one) => suspect(one, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the kernel log of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("the kernels of {nodes} report no reset of a NIC while packets were late or lost", {
        nodes: listed(read),
      }),
    };
  },
};

function suspect({ node, legs, events }: LoggedTrouble, seen: Case): readonly Suspicion[] {
  const nics = (seen.evidence.get(nicsEvidence, `node/${node}`)?.nics ?? []).map(({ device }) => device);
  const known = ({ device }: KernelEvent): boolean => device !== undefined && nics.includes(device);
  const ours = events.filter((event) => event.device === undefined || nics.length === 0 || known(event));
  const [first] = ours;
  if (!first) return [];
  const device = ours.find(known)?.device;
  return [
    {
      status: "suspected",
      confidence: device === undefined ? "likely" : "certain",
      where: device === undefined ? { kind: "node", name: node } : placeOf(node, device),
      because: [
        say("the kernel of {node} says: {line}", { node, line: first.text.slice(0, 120) }),
        say("{count} such lines lie next to seconds in which packets were late or lost", { count: ours.length }),
        hurtText(node, legs, seen),
      ],
      against: device === undefined ? [say("the line does not tell whether the NIC carries the path")] : [],
      confirm: [`dmesg -T | grep -iE 'watchdog|reset|hang|timeout'; ethtool -i ${device ?? "DEVICE"}   # on ${node}`],
      advice: [
        say("Update driver and firmware of the NIC of {node}; look for known hangs of this version", { node }),
        say("If it repeats, move pods away from {node} and have the NIC or its slot replaced", { node }),
      ],
      explains: [
        "link-flapping",
        "bond-degraded",
        "qdisc-drops",
        "path-loss",
        "link-delay",
        "nic-periodic-delay",
        "high-latency",
        "port-filtered",
        "capture-loss-located",
      ],
      legs: legs.map(({ id }) => id),
    },
  ];
}
