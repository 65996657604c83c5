import { askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { inWords, listed, say, type Text } from "../core/sentence.ts";
import { kernelEventsOf, kernelEvidence } from "../probes/kernel.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/** The kernel repeats the line every 10 s while it waits: fewer than these, or in less time, pass by themselves. */
const MIN_LINES = 3;
const MIN_LASTED_MS = 20_000;
/** How the kubelet calls a pod for which no network can be made. */
const WAITING = /ContainerCreating|CreateContainerError|PodInitializing|Terminating|is waiting/;

/**
 * A node cannot give back the network namespace of a pod that has ended: a device in it is still referred to
 * (`unregister_netdevice: waiting for …`). Meanwhile new pods of the node get no network, and pods that end hang. Decisive are
 * three such lines within 20 s or more, and a pod of the check on that node that does not come up.
 * Fooled by a wait that is over after some seconds (harmless: cleared), by leaks that harm no pod of the check, by old lines, and by
 * other machines that share the kernel.
 */
export const netnsLeak: Rule = {
  name: "netns-leak",
  title: "Node cannot give back a network namespace",
  needs: [kernelEvidence],
  evaluate(seen) {
    const read = askedNodes(seen.plan).filter((node) => seen.evidence.get(kernelEvidence, `node/${node}`)?.logRead);
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the kernel log of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("no pod of the check waits for a network on {nodes} while the kernel cannot give one back", {
        nodes: listed(read),
      }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { fromMs = 0 } = seen.evidence.get(kernelEvidence, `node/${node}`) ?? {};
  const lines = kernelEventsOf(seen.evidence, node).filter(({ kind }) => kind === "netns-leak");
  const [first, last] = [lines[0], lines.at(-1)];
  if (!first || !last || lines.length < MIN_LINES || last.atMs - first.atMs < MIN_LASTED_MS || last.atMs < fromMs)
    return [];
  const stuck = waitingPods(node, seen);
  if (stuck.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "node", name: node },
      because: [
        say("the kernel of {node} says: {line}", { node, line: last.text.slice(0, 120) }),
        say("it said so {count} times within {seconds} s, the last time during the check", {
          count: lines.length,
          seconds: Math.round((last.atMs - first.atMs) / 1_000),
        }),
        ...stuck.map(({ text }) => text),
      ],
      against: [],
      confirm: [
        `dmesg -T | grep unregister_netdevice; ip netns; lsns -t net   # on ${node}`,
        `kubectl get pods -A --field-selector spec.nodeName=${node}`,
      ],
      advice: [
        say("Move pods away from {node} and restart it: nothing else frees such a namespace", { node }),
        say("Update the kernel of {node}: leaked references are bugs that are fixed from version to version", { node }),
      ],
      explains: ["target-not-running", "no-endpoints", "path-loss", "port-filtered", "ipam-leak"],
      legs: seen.plan.legs
        .filter(({ from, to }) => stuck.some(({ id }) => id === from || id === to))
        .map(({ id }) => id),
    },
  ];
}

/** Pods of the check on a node that wait to be made. */
function waitingPods(node: string, { plan, evidence }: Case): readonly { readonly id: string; readonly text: Text }[] {
  const names = new Set(
    [plan.from, plan.to].flatMap(({ kind, name, backend }) => (kind === "pod" ? [name] : (backend ?? []))),
  );
  return [...names].flatMap((name) => {
    const state = evidence.get(podStateEvidence, `pod/${name}`);
    if (state?.node !== node) return [];
    const waits = state.notRunning.map((text) => inWords(text)).filter((text) => WAITING.test(text));
    if (waits.length === 0 && state.phase !== "Pending" && state.deletedAtMs === undefined) return [];
    return [
      {
        id: `pod/${name}`,
        text: say("{pod} on {node} is {phase}: {waits}", {
          pod: name,
          node,
          phase: state.phase,
          waits: listed(waits.length > 0 ? waits : ["…"]),
        }),
      },
    ];
  });
}
