import { z } from "zod";
import type { ClusterView, PodView } from "../core/cluster-view.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ClusterProbe } from "../core/probe.ts";

/** The kube-proxy pods that belong to a node, by the Kubernetes API. Only where the cluster has such pods. Subject: `node/<name>`. */
export const proxyPodsEvidence = defineEvidence(
  "proxy-pods",
  z.object({
    pods: z.array(
      z.object({
        /** ns/name */
        name: z.string(),
        phase: z.string(),
        /** Its container runs now. */
        running: z.boolean(),
        ready: z.boolean(),
        /** "CrashLoopBackOff", "Evicted", "Unschedulable" … */
        reason: z.string().optional(),
        message: z.string().optional(),
        sinceMs: z.number().optional(),
        startedAtMs: z.number().optional(),
        restarts: z.number().int(),
        /** How its last run ended. */
        lastEnd: z.string().optional(),
        priorityClassName: z.string().optional(),
        events: z.array(z.object({ atMs: z.number(), reason: z.string(), message: z.string() })),
      }),
    ),
    /** Nodes on which such a pod runs. */
    running: z.number().int(),
    nodes: z.number().int(),
  }),
);
export type ProxyPod = z.infer<typeof proxyPodsEvidence.schema>["pods"][number];

const MAX_NODES = 200;

export const proxyPods: ClusterProbe = {
  kind: "cluster",
  name: "proxy-pods",
  read(views) {
    const newest = views.at(-1);
    const all = newest?.pods.filter(isProxy) ?? [];
    // k3s and Cilium without kube-proxy have no such pod anywhere: nothing to say about any node.
    if (!newest || all.length === 0) return [];
    const placeOf = (pod: PodView): string | undefined => pod.node ?? pod.wantsNode;
    const running = new Set(all.flatMap((pod) => (runs(pod) && pod.node !== undefined ? [pod.node] : []))).size;
    return newest.nodes.slice(0, MAX_NODES).map(({ name }) =>
      evidenceOf(proxyPodsEvidence, `node/${name}`, newest.atMs, {
        pods: all.filter((pod) => placeOf(pod) === name).map((pod) => describe(pod, newest)),
        running,
        nodes: newest.nodes.length,
      }),
    );
  },
};

/** Managed clusters run it as a DaemonSet or as static pods; the name is what they share. */
function isProxy({ name, labels, owner }: PodView): boolean {
  return labels["k8s-app"] === "kube-proxy" || owner?.name === "kube-proxy" || /^kube-proxy(-|$)/.test(name);
}

function runs({ phase, containers, deletedAtMs }: PodView): boolean {
  return phase === "Running" && deletedAtMs === undefined && containers.some(({ state }) => state === "running");
}

function describe(pod: PodView, { events }: ClusterView): ProxyPod {
  const name = `${pod.namespace}/${pod.name}`;
  const container = pod.containers[0];
  const reason = pod.reason ?? pod.unscheduled?.reason ?? (runs(pod) ? undefined : container?.reason);
  const message = pod.message ?? pod.unscheduled?.message;
  const sinceMs = pod.unscheduled?.sinceMs ?? container?.lastEnd?.finishedAtMs ?? pod.readySinceMs ?? pod.createdAtMs;
  const startedAtMs = pod.containers.find(({ state }) => state === "running")?.startedAtMs;
  return {
    name,
    phase: pod.phase,
    running: runs(pod),
    ready: pod.ready,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    restarts: pod.containers.reduce((sum, { restarts }) => sum + restarts, 0),
    ...(container?.lastEnd === undefined
      ? {}
      : { lastEnd: `${container.lastEnd.reason ?? "ended"} (${container.lastEnd.exitCode})` }),
    ...(pod.priorityClassName === undefined ? {} : { priorityClassName: pod.priorityClassName }),
    events: events
      .filter(
        ({ object, reason: word }) =>
          object === `pod/${name}` && /Evict|Preempt|FailedScheduling|BackOff|Failed/.test(word),
      )
      .toSorted((a, b) => b.atMs - a.atMs)
      .slice(0, 3)
      .map(({ atMs, reason: word, message: text }) => ({ atMs, reason: word, message: text.slice(0, 300) })),
  };
}
