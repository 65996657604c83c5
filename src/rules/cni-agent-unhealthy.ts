import { betweenNodes, cutOff, podsCutOff, silenceLooksLike } from "../core/between-nodes.ts";
import { asked, askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { idsOf, sufferText } from "../core/suffering.ts";
import { clockText } from "../core/units.ts";
import { type NetworkAgent, networkAgentsEvidence } from "../probes/network-agents.ts";

/**
 * The pod network's agent of a node does not work, so that nobody keeps its routes, tunnel entries and cables right. Supporting
 * is the pod of the agent by the Kubernetes API: not ready, or restarted during the check; it becomes a cause only with the
 * damage: pods of that node and of another that do not reach each other although the nodes do. What exactly is damaged (a route,
 * an entry) is named beneath it.
 * Fooled by data planes that go on without their agent (existing pods stay connected: cleared), by rollouts that restart the
 * agents one after another, and by agents of nodes beside the path.
 */
export const cniAgentUnhealthy: Rule = {
  name: "cni-agent-unhealthy",
  title: "Pod network's agent does not work",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan).filter((node) => agentsOf(node, seen) !== undefined);
    if (nodes.length === 0)
      return { status: "unknown", because: say("the cluster shows no pods of a known pod network's agent") };
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    const ill = nodes.filter((node) => badAgent(node, seen));
    return ill.length > 0
      ? {
          status: "cleared",
          because: say("the pod network's agent is not well on {nodes}, but its pods are reached", {
            nodes: listed(ill),
          }),
        }
      : { status: "cleared", because: say("the pod network's agents of {nodes} are ready", { nodes: listed(nodes) }) };
  },
};

function agentsOf(node: string, { evidence }: Case): readonly NetworkAgent[] | undefined {
  return evidence.get(networkAgentsEvidence, `node/${node}`)?.agents;
}

/** The agent that is not ready, has restarted, or is not there at all ("none"). */
function badAgent(node: string, seen: Case): NetworkAgent | "none" | undefined {
  const agents = agentsOf(node, seen) ?? [];
  return agents.length === 0 ? "none" : agents.find(({ wasUnready, restarted }) => wasUnready || restarted > 0);
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const agent = badAgent(node, seen);
  if (agent === undefined) return [];
  const cut = betweenNodes(node, seen).filter((between) => podsCutOff(between));
  const dead = cut.flatMap(({ pods }) => pods.filter(cutOff));
  if (!dead.some(({ leg }) => asked(leg))) return [];
  const lasting = agent === "none" || !agent.ready;
  const name = agent === "none" ? undefined : agent.name;
  const state = seen.evidence.get(networkAgentsEvidence, `node/${node}`);
  return [
    {
      status: "suspected",
      confidence: lasting ? "likely" : "possible",
      where: { kind: "node", name: node },
      because: [
        agent === "none"
          ? say("no pod of the pod network's agent is on {node}; {ready} are ready on {nodes} nodes", {
              node,
              ready: state?.ready ?? 0,
              nodes: state?.nodes ?? 0,
            })
          : agentText(node, agent),
        sufferText(dead, seen.plan),
        say("{node} and {peers} themselves reach each other", { node, peers: listed(cut.map(({ peer }) => peer)) }),
      ],
      against: lasting ? [] : [say("it is ready again")],
      confirm:
        name === undefined
          ? [`kubectl get pods -A -o wide --field-selector spec.nodeName=${node}`]
          : [
              `kubectl describe pod -n ${name.replace("/", " ")}`,
              `kubectl logs -n ${name.replace("/", " ")} --all-containers --tail=100`,
            ],
      advice: [
        say("Read the log of the agent on {node}, of its last run, too", { node }),
        say("Restart it there: it writes routes, tunnel entries and cables anew when it starts"),
      ],
      explains: [
        "bgp-down",
        "route-missing",
        "tunnel-entry-wrong",
        "pod-link-broken",
        "neighbour-unresolved",
        "address-range-overlap",
        "competing-bpf",
        ...silenceLooksLike,
      ],
      legs: idsOf(cut.flatMap(({ pods }) => pods)),
    },
  ];
}

function agentText(
  node: string,
  { name, network, ready, phase, reason, sinceMs, restarted, restarts }: NetworkAgent,
): Sentence {
  const values = { node, pod: name, network, restarts };
  if (ready)
    return say("{pod}, the agent of {network} on {node}, has restarted {count} times during the check", {
      ...values,
      count: restarted,
    });
  return sinceMs === undefined
    ? say("{pod}, the agent of {network} on {node}, is not ready: {reason}, {restarts} restarts", {
        ...values,
        reason: reason ?? phase,
      })
    : say("{pod}, the agent of {network} on {node}, is not ready since {since}: {reason}, {restarts} restarts", {
        ...values,
        reason: reason ?? phase,
        since: clockText(sinceMs),
      });
}
