import { legText } from "../core/anomaly-text.ts";
import { endsOf } from "../core/elements.ts";
import { pingEvidence, tcpEvidence } from "../core/leg-evidence.ts";
import { askedNodes, legsTouching } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { durationText } from "../core/units.ts";
import { type NodeState, nodeStateEvidence } from "../probes/node-state.ts";

/** Kubelets renew their lease every 10 s; the control plane gives up on them after 40 s. */
const LEASE_OLD_MS = 40_000;
/** A renewal that is late by this much supports what the probes show. */
const LEASE_LATE_MS = 20_000;
/** Streams of a living node end this close to those of the others. */
const SILENT_MS = 6_000;

/**
 * A node is gone: nothing reaches it or its pods, and nothing is heard from it.
 * Fooled by a control plane that lost the node while its traffic flows (the probes then pass: cleared), by a cut uplink
 * (the node itself still measures: then it is not down), by one dead pod, and by an agent that merely restarts (probes
 * towards the node pass).
 */
export const nodeDown: Rule = {
  name: "node-down",
  title: "Node is down",
  needs: [],
  evaluate(seen) {
    const suspicions = askedNodes(seen.plan).flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    const known = askedNodes(seen.plan).map((node) => seen.evidence.get(nodeStateEvidence, `node/${node}`));
    if (known.every((state) => state === undefined))
      return { status: "unknown", because: say("the state of the nodes was not read") };
    return {
      status: "cleared",
      because: say("{nodes} answered during the check", { nodes: listed(askedNodes(seen.plan)) }),
    };
  },
};

function suspect(node: string, { plan, evidence, comparison }: Case): readonly Suspicion[] {
  const state = evidence.get(nodeStateEvidence, `node/${node}`);
  const towards = legsTouching(node, plan)
    .filter((leg) => endsOf(leg, plan).from?.node !== node)
    .map((leg) => comparison.legs.get(leg.id))
    .filter((result) => result !== undefined && result.sent > 0);
  const dead = towards.filter((result) => result?.state === "dead" || result?.deadAtEnd);
  const reached = towards.length > 0 && dead.length < towards.length;
  const silent = silentSince(node, plan, evidence);
  const reported = trouble(state);
  if (reached) return [];
  const nothingArrives = towards.length > 0;
  if (!nothingArrives && !reported.decisive) return [];
  if (!reported.decisive && !silent) return [];

  const because = [
    ...reported.texts.map((text) => say("{node}: {text}", { node, text })),
    ...(nothingArrives
      ? [
          say("nothing reaches {node} or its pods: {dead} of {towards} towards it are dead ({legs})", {
            node,
            dead: dead.length,
            towards: counted(towards.length, "leg"),
            legs: listed(
              dead.flatMap((result) => (result ? [legText(result.leg, plan)] : [])),
              3,
            ),
          }),
        ]
      : []),
    ...(silent ? [silent] : []),
  ];
  const certain = nothingArrives && reported.decisive;
  return [
    {
      status: "suspected",
      confidence: certain ? "certain" : nothingArrives ? "likely" : "possible",
      where: { kind: "node", name: node },
      because,
      against: nothingArrives ? [] : [say("no leg towards it could be measured")],
      confirm: [
        `kubectl get node ${node} -o wide`,
        `kubectl describe node ${node}`,
        `kubectl get lease -n kube-node-lease ${node} -o yaml`,
      ],
      advice: [
        say("Look at the console or the machine's power and hypervisor state of {node}", { node }),
        say("Move the pods away with kubectl drain {node} when it does not come back", { node }),
      ],
      explains: [
        "target-not-running",
        "route-missing",
        "firewall-drop",
        "port-closed",
        "port-filtered",
        "link-delay",
        "nic-periodic-delay",
        "path-loss",
      ],
      legs: legsTouching(node, plan).map(({ id }) => id),
      breaks: nothingArrives,
    },
  ];
}

function trouble(state: NodeState | undefined): { readonly decisive: boolean; readonly texts: readonly Sentence[] } {
  if (!state) return { decisive: false, texts: [] };
  const texts: Sentence[] = [];
  if (!state.present) texts.push(say("it is no longer listed by the cluster"));
  if (state.ready !== "True")
    texts.push(
      state.readyReason
        ? say("condition Ready is {ready} ({reason})", { ready: state.ready, reason: state.readyReason })
        : say("condition Ready is {ready}", { ready: state.ready }),
    );
  if (state.leaseAgeMs !== undefined && state.leaseAgeMs > LEASE_LATE_MS)
    texts.push(say("its lease was last renewed {age} ago (normal: 10 s)", { age: durationText(state.leaseAgeMs) }));
  if (state.rebooted) texts.push(say("it was started anew while the check ran (boot id changed)"));
  const decisive = !state.present || state.ready !== "True" || (state.leaseAgeMs ?? 0) > LEASE_OLD_MS || state.rebooted;
  return { decisive, texts };
}

/** What the node's own streams say: nothing at all, or nothing any more while others went on. */
function silentSince(node: string, plan: Case["plan"], evidence: Case["evidence"]): Sentence | undefined {
  const newest = new Map<string, number>();
  for (const { subject, atMs } of [...evidence.all(pingEvidence), ...evidence.all(tcpEvidence)]) {
    const from = plan.vantages.find(({ id }) => subject.startsWith(`${id}>`))?.node;
    if (from !== undefined) newest.set(from, Math.max(newest.get(from) ?? 0, atMs));
  }
  const own = newest.get(node);
  const others = Math.max(0, ...[...newest].filter(([name]) => name !== node).map(([, atMs]) => atMs));
  if (others === 0) return undefined;
  if (own === undefined) return say("nothing was heard from the agent on {node}", { node });
  return others - own > SILENT_MS
    ? say("the agent on {node} fell silent {time} before the others ended", { node, time: durationText(others - own) })
    : undefined;
}
