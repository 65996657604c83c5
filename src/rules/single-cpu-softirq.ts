import { nicHardwareEvidence, nicsEvidence } from "../core/nic-evidence.ts";
import { wires } from "../core/nic-facts.ts";
import { type CpuStep, type NodeLoad, nodeLoadEvidence, onlyHere } from "../core/node-load.ts";
import { holdsBad, hurtLegs, hurtText } from "../core/node-trouble.ts";
import { servingNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";

/** Share of one CPU's time in softirqs, of any other's, and for how long in all, ms: two readings as a rule. */
const FULL = 0.8;
const IDLE = 0.2;
const MIN_MS = 8_000;

/**
 * One CPU of a node carries all packets and has no time left, while the others have hardly any of that work: NIC with one
 * queue, interrupts on one CPU, no RPS. Decisive is that CPU being in softirqs for 80 % of the time or more, and no other for
 * 20 %, in intervals in which packets through the node were late or lost.
 * Fooled by one large flow, which no setting can spread (said against it), by machines with one CPU, by a CPU that is busy
 * with programs, by other soft interrupts (timers, block devices, which show the same), and by the host's numbers that
 * containers on it share.
 */
export const singleCpuSoftirq: Rule = {
  name: "single-cpu-softirq",
  title: "One CPU does all packet work",
  needs: [nodeLoadEvidence],
  evaluate(seen) {
    const read = servingNodes(seen.plan).filter((node) =>
      seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.cpus.some(({ soft }) => soft !== undefined),
    );
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the time of the CPUs of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("no CPU of {nodes} was full of packet work alone while packets were late or lost", {
        nodes: listed(read),
      }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const legs = hurtLegs(node, seen);
  const full = fullSteps(seen.evidence.get(nodeLoadEvidence, `node/${node}`), seen);
  if (legs.length === 0 || full.reduce((sum, { lastedMs }) => sum + lastedMs, 0) < MIN_MS) return [];
  if (!onlyHere(seen.evidence, node, (load) => fullSteps(load, seen).length)) return [];
  const [worst] = full.toSorted((a, b) => b.share - a.share);
  if (!worst) return [];
  const devices = wires(seen.evidence.get(nicsEvidence, `node/${node}`)?.nics ?? []).map(({ device }) => device);
  const slots = (seen.evidence.get(nicHardwareEvidence, `node/${node}`)?.devices ?? []).filter(({ device }) =>
    devices.includes(device),
  );
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "node", name: node },
      because: [
        say(
          "CPU {cpu} of {node} spent {share} of its time on packets, no other more than {others}, in {steps} readings in which packets were late or lost",
          {
            cpu: `${worst.cpu}`,
            node,
            share: percentText(worst.share),
            others: percentText(Math.max(...full.map(({ others }) => others))),
            steps: full.length,
          },
        ),
        ...slots.flatMap(({ device, slot }) =>
          slot?.queues === undefined
            ? []
            : [
                say("{device} has {queues} queues that receive, {spread} of them spread over CPUs by RPS", {
                  device,
                  queues: slot.queues,
                  spread: slot.spread ?? 0,
                }),
              ],
        ),
        hurtText(node, legs, seen),
      ],
      against: [say("one single large flow looks the same, and cannot be spread")],
      confirm: [`mpstat -P ALL 1 5; grep -E 'NET_RX|CPU' /proc/softirqs; cat /proc/interrupts   # on ${node}`],
      advice: [
        say("Spread the packets of {node} over more CPUs: queues of the NIC, RPS, interrupts", { node }),
        say("Find the flow that fills the CPU, if there is one: split it, or move it to another node"),
      ],
      explains: [
        "softnet-drops",
        "nic-ring-overflow",
        "node-cpu-pressure",
        "path-loss",
        "link-delay",
        "high-latency",
        "port-filtered",
        "capture-loss-located",
      ],
      legs: legs.map(({ id }) => id),
    },
  ];
}

type FullStep = NonNullable<CpuStep["soft"]> & { readonly lastedMs: number };

function fullSteps(load: NodeLoad | undefined, { comparison }: Case): readonly FullStep[] {
  return (load?.cpus ?? []).flatMap((step) =>
    step.soft && step.soft.share >= FULL && step.soft.others < IDLE && holdsBad(step, comparison)
      ? [{ ...step.soft, lastedMs: step.toMs - step.fromMs }]
      : [],
  );
}
