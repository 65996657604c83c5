import { type Gains, gainedDuring } from "../core/gains.ts";
import { nodeLoadEvidence, onlyHere } from "../core/node-load.ts";
import { holdsBad, hurtLegs, hurtText } from "../core/node-trouble.ts";
import { servingNodes } from "../core/path-facts.ts";
import { troubledPorts } from "../core/port-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { kernelEvidence } from "../probes/kernel.ts";

/** Share of the time in which somebody waited for a CPU, and runnable tasks for each CPU. */
const WAITED = 0.2;
const QUEUED = 1;

/**
 * A node of the path has more to do than its CPUs can: programs wait for their turn, and what they should answer is late.
 * Decisive together are pressure (PSI cpu `some`) of 20 % or more and more runnable tasks than CPUs, in seconds in which
 * packets through the node, or answers of its programs, were late or lost.
 * Fooled by pressure in a pod's own cgroup that comes from its limit (cpu-throttled explains it then), by load averages,
 * which count waiting for disks, by a busy node whose packets are on time (cleared), by single readings, and by the host's numbers
 * which containers on it share.
 */
export const nodeCpuPressure: Rule = {
  name: "node-cpu-pressure",
  title: "Node has too few CPUs for its work",
  needs: [kernelEvidence],
  evaluate(seen) {
    const read = servingNodes(seen.plan).filter(
      (node) => (seen.evidence.get(kernelEvidence, `node/${node}`)?.stalls?.steps.length ?? 0) > 0,
    );
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the kernels of the path's nodes tell no pressure (PSI)") };
    return {
      status: "cleared",
      because: say("CPUs of {nodes} were not wanting while packets were late or lost; waits in all: {shares}", {
        nodes: listed(read),
        shares: listed(
          read.map((node) => {
            const stalls = seen.evidence.get(kernelEvidence, `node/${node}`)?.stalls;
            return say("{share} ({pod})", { share: percentText(stalls ? shareOf(stalls) : 0), pod: node });
          }),
        ),
      }),
    };
  },
};

const shareOf = ({ gained, fromMs, toMs }: Gains): number =>
  toMs > fromMs ? Math.min(1, (gained["cpu.some"] ?? 0) / ((toMs - fromMs) * 1_000)) : 0;

/** Share of the time of intervals with bad seconds in which somebody waited. */
function badShare(stalls: Gains, badSeconds: ReadonlySet<number>): number {
  const bad = stalls.steps.filter((step) => holdsBad(step, { badSeconds }));
  const lasted = bad.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  return lasted === 0 ? 0 : Math.min(1, gainedDuring(stalls, "cpu.some", badSeconds).inside / (lasted * 1_000));
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { evidence, comparison } = seen;
  const data = evidence.get(kernelEvidence, `node/${node}`);
  const legs = hurtLegs(node, seen);
  const ports = troubledPorts(node, seen).filter(({ errors }) => !errors);
  const badSeconds = new Set([
    ...(legs.length > 0 ? comparison.badSeconds : []),
    ...ports.flatMap(({ seconds }) => [...seconds]),
  ]);
  if (!data?.stalls || badSeconds.size === 0) return [];
  const share = badShare(data.stalls, badSeconds);
  const cpus = data.cpus ?? 1;
  const waiting = data.runnable.toSorted((a, b) => a - b)[Math.floor(data.runnable.length / 2)] ?? 0;
  if (share < WAITED || waiting <= QUEUED * cpus) return [];
  const known = evidence.get(nodeLoadEvidence, `node/${node}`) !== undefined;
  const ofOthers = (name: string): number => {
    const stalls = evidence.get(kernelEvidence, `node/${name}`)?.stalls;
    return stalls ? badShare(stalls, badSeconds) : 0;
  };
  if (known && !onlyHere(evidence, node, (_, name) => ofOthers(name))) return [];
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "node", name: node },
      because: [
        say(
          "programs of {node} waited for a CPU for {share} of the time in which packets or answers were late or lost",
          {
            node,
            share: percentText(share),
          },
        ),
        say("{waiting} tasks wanted to run on its {cpus} CPUs at a time (median of {readings} readings)", {
          waiting,
          cpus,
          readings: data.runnable.length,
        }),
        ...ports.map(({ text }) => text),
        ...(legs.length > 0 ? [hurtText(node, legs, seen)] : []),
      ],
      against: [],
      confirm: [
        `cat /proc/pressure/cpu /proc/loadavg; top -b -n1 | head -20   # on ${node}`,
        `kubectl top node ${node}`,
      ],
      advice: [
        say("Move work away from {node}, or give it more CPUs: kubectl top pod -A --sort-by=cpu shows who uses them", {
          node,
        }),
        say("Give what must be on time CPU requests, so that others wait before it does"),
      ],
      explains: [
        "server-slow",
        "slow-receiver",
        "accept-queue-overflow",
        "link-delay",
        "nic-periodic-delay",
        "high-latency",
        "path-loss",
      ],
      legs: [...new Set([...legs.map(({ id }) => id), ...ports.flatMap(({ asked }) => asked.legs)])],
    },
  ];
}
