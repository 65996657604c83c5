import { type NodeLoad, nodeLoadEvidence, onlyHere } from "../core/node-load.ts";
import { holdsBad, hurtLegs, hurtText } from "../core/node-trouble.ts";
import { servingNodes } from "../core/path-facts.ts";
import type { Case, Confidence, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { durationText, percentText } from "../core/units.ts";
import { nodeStateEvidence } from "../probes/node-state.ts";

/** Share of CPU time that the hypervisor gave to others; in one interval so much that one is enough. */
const STOLEN = 0.1;
const MIN_STEPS = 2;
const MOSTLY = 0.3;
/** What clouds call a pause that they announce (AKS node conditions). */
const ANNOUNCED = /^(?:FreezeScheduled|VMEventScheduled|PreemptScheduled|RedeployScheduled)$/;

/**
 * The hypervisor did not let a node of the path run: it was paused (live migration, maintenance), or gets too little of a
 * host that is sold too often. Decisive are 10 % of CPU time or more stolen in intervals in which packets through the node
 * were late or lost (two, or one with 30 %), or a pause that the cloud announced together with a jump of the clock then.
 * Fooled by clocks that are set by hand or by NTP (a jump alone is only a possibility), by samplers that are starved by a
 * limit of their own (a gap between readings is no fact here), by hypervisors that tell no steal time (then nothing is
 * known of it), and by hosts whose containers show the host's numbers.
 */
export const vmStalled: Rule = {
  name: "vm-stalled",
  title: "Virtual machine was not running",
  needs: [nodeLoadEvidence],
  evaluate(seen) {
    const read = servingNodes(seen.plan).filter(
      (node) => (seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.cpus.length ?? 0) > 0,
    );
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the time of the CPUs of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("the hypervisor took little CPU time from {nodes} while packets were late or lost: {shares}", {
        nodes: listed(read),
        shares: listed(
          read.map((node) => say("{share} ({pod})", { share: percentText(mostStolen(node, seen)), pod: node })),
        ),
      }),
    };
  },
};

function mostStolen(node: string, { evidence }: Case): number {
  return Math.max(0, ...(evidence.get(nodeLoadEvidence, `node/${node}`)?.cpus ?? []).map(({ steal }) => steal));
}

const stolenSteps = ({ cpus }: NodeLoad, { comparison }: Case) =>
  cpus.filter((step) => step.steal >= STOLEN && holdsBad(step, comparison));
const jumpsOf = ({ clockJumps }: NodeLoad, { comparison }: Case) =>
  clockJumps.filter((jump) => holdsBad(jump, comparison));

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const load = seen.evidence.get(nodeLoadEvidence, `node/${node}`);
  const legs = hurtLegs(node, seen);
  if (!load || legs.length === 0) return [];
  const stolen = stolenSteps(load, seen);
  const worst = Math.max(0, ...stolen.map(({ steal }) => steal));
  const starved =
    (stolen.length >= MIN_STEPS || worst >= MOSTLY) &&
    onlyHere(seen.evidence, node, (other) => stolenSteps(other, seen).reduce((sum, { steal }) => sum + steal, 0));
  const jumps = onlyHere(seen.evidence, node, (other) => jumpsOf(other, seen).length) ? jumpsOf(load, seen) : [];
  const announced = (seen.evidence.get(nodeStateEvidence, `node/${node}`)?.troubles ?? []).filter((type) =>
    ANNOUNCED.test(type),
  );
  if (!starved && jumps.length === 0) return [];
  const facts = [starved, jumps.length > 0, announced.length > 0].filter(Boolean).length;
  const confidence: Confidence = facts > 1 ? "certain" : starved ? "likely" : "possible";
  return [
    {
      status: "suspected",
      confidence,
      where: { kind: "node", name: node },
      because: [
        ...(starved
          ? [
              say(
                "the hypervisor took up to {share} of the CPU time of {node}, in {steps} readings in which packets were late or lost",
                {
                  share: percentText(worst),
                  node,
                  steps: stolen.length,
                },
              ),
            ]
          : []),
        ...jumps.map(({ jumpedS }) =>
          say("the clock of {node} jumped by {time} then, against the time since it was started", {
            node,
            time: durationText(Math.abs(jumpedS) * 1_000),
          }),
        ),
        ...(announced.length > 0
          ? [say("the cloud announced it: condition {conditions} of {node}", { conditions: listed(announced), node })]
          : []),
        hurtText(node, legs, seen),
      ],
      against: facts === 1 && !starved ? [say("a clock that was set looks the same")] : [],
      confirm: [
        `vmstat 1 10   # on ${node}: column st`,
        `kubectl describe node ${node} | grep -iE 'freeze|scheduled|maintenance'`,
      ],
      advice: [
        say(
          "Ask whoever runs the hypervisor what it did with {node} at that time: live migration, maintenance, a crowded host",
          {
            node,
          },
        ),
        say("Move {node} to another host or to a machine type with CPUs of its own", { node }),
      ],
      explains: [
        "kernel-lockup",
        "nic-reset",
        "node-cpu-pressure",
        "softnet-drops",
        "nic-ring-overflow",
        "path-loss",
        "link-delay",
        "nic-periodic-delay",
        "high-latency",
        "port-filtered",
        "server-slow",
        "capture-loss-located",
      ],
      legs: legs.map(({ id }) => id),
    },
  ];
}
