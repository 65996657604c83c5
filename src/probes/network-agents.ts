import { z } from "zod";
import type { PodView } from "../core/cluster-view.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ClusterProbe } from "../core/probe.ts";

const agent = z.object({
  /** ns/name */
  name: z.string(),
  /** The pod network it belongs to: "calico", "cilium" … */
  network: z.string(),
  ready: z.boolean(),
  /** Whether any view of the check showed it not ready. */
  wasUnready: z.boolean(),
  phase: z.string(),
  /** "CrashLoopBackOff", "Evicted", "Unschedulable" … */
  reason: z.string().optional(),
  sinceMs: z.number().optional(),
  /** Restarts that the check saw, and all of them. */
  restarted: z.number().int(),
  restarts: z.number().int(),
});
export type NetworkAgent = z.infer<typeof agent>;

/**
 * The pods of the pod network's agent that belong to a node, by the Kubernetes API. Only where the cluster has such pods.
 * Subject: `node/<name>`.
 */
export const networkAgentsEvidence = defineEvidence(
  "network-agents",
  z.object({ agents: z.array(agent), ready: z.number().int(), nodes: z.number().int() }),
);

/** Labels that their manifests give the agents (Calico, Canal, Cilium, AWS, flannel, kindnet, Weave, Antrea, kube-router, OVN, Azure). */
const AGENTS: readonly (readonly [network: string, label: string, value: RegExp])[] = [
  ["calico", "k8s-app", /^(calico-node|canal)$/],
  ["cilium", "k8s-app", /^cilium$/],
  ["aws-vpc-cni", "k8s-app", /^aws-node$/],
  ["flannel", "app", /^flannel$/],
  ["flannel", "k8s-app", /^flannel$/],
  ["kindnet", "k8s-app", /^kindnet$/],
  ["weave", "name", /^weave-net$/],
  ["antrea", "component", /^antrea-agent$/],
  ["kube-router", "k8s-app", /^kube-router$/],
  ["ovn-kubernetes", "app", /^ovnkube-node$/],
  ["kube-ovn", "app", /^kube-ovn-cni$/],
  ["azure-cni", "k8s-app", /^azure-cns$/],
];
const MAX_NODES = 200;

/** The pod network whose agent a pod is; undefined for other pods. */
export function networkOf({ labels }: Pick<PodView, "labels">): string | undefined {
  return AGENTS.find(([, label, value]) => value.test(labels[label] ?? ""))?.[0];
}

export const networkAgents: ClusterProbe = {
  kind: "cluster",
  name: "network-agents",
  read(views) {
    const [first, newest] = [views[0], views.at(-1)];
    const all = newest?.pods.filter(isAgent) ?? [];
    if (!newest || !first || all.length === 0) return [];
    const restartsOf = (pod: PodView | undefined): number =>
      pod?.containers.reduce((sum, { restarts }) => sum + restarts, 0) ?? 0;
    const ready = all.filter((pod) => pod.ready).length;
    return newest.nodes.slice(0, MAX_NODES).map(({ name }) => {
      const agents = all
        .filter(({ node, wantsNode }) => (node ?? wantsNode) === name)
        .map((pod): NetworkAgent => {
          const before = first.pods.find(({ uid }) => uid === pod.uid);
          const down = pod.containers.find(({ state }) => state !== "running");
          const reason = pod.reason ?? pod.unscheduled?.reason ?? down?.reason;
          const sinceMs = pod.readySinceMs ?? down?.lastEnd?.finishedAtMs;
          return {
            name: `${pod.namespace}/${pod.name}`,
            network: networkOf(pod) ?? "",
            ready: pod.ready,
            wasUnready: views.some(({ pods }) => pods.some(({ uid, ready: well }) => uid === pod.uid && !well)),
            phase: pod.phase,
            ...(reason === undefined ? {} : { reason }),
            ...(sinceMs === undefined ? {} : { sinceMs }),
            restarted: before ? Math.max(0, restartsOf(pod) - restartsOf(before)) : 0,
            restarts: restartsOf(pod),
          };
        });
      return evidenceOf(networkAgentsEvidence, `node/${name}`, newest.atMs, {
        agents,
        ready,
        nodes: newest.nodes.length,
      });
    });
  },
};

function isAgent(pod: PodView): boolean {
  return networkOf(pod) !== undefined;
}
