import { z } from "zod";
import type { ContainerView, PodView } from "../core/cluster-view.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ClusterProbe } from "../core/probe.ts";

/** The mesh's proxy container of a pod, and what happened to it while the check ran. Subject: `pod/<ns>/<name>`. */
export const sidecarEvidence = defineEvidence(
  "sidecar",
  z.object({
    name: z.string(),
    /** By which its cgroup is found. */
    id: z.string().optional(),
    running: z.boolean(),
    ready: z.boolean(),
    /** "waiting (CrashLoopBackOff)", "running". */
    state: z.string(),
    /** In all, and during the check. */
    restarts: z.number().int(),
    restarted: z.number().int(),
    /** How its run before this one ended. */
    lastEnd: z.string().optional(),
    cpuLimitMilli: z.number().optional(),
  }),
);
export type Sidecar = z.infer<typeof sidecarEvidence.schema>;

const NAMES = /^(istio-proxy|linkerd-proxy|envoy|envoy-proxy|envoy-sidecar|kuma-sidecar|consul-dataplane|osm-proxy)$/;
const MAX_PODS = 300;

/** Proxies by the names that meshes give them. A pod that has no other container is a gateway: there the proxy is the program itself. */
export function proxyOf({ containers }: PodView): ContainerView | undefined {
  return containers.length < 2 ? undefined : containers.find(({ name }) => NAMES.test(name));
}

export const sidecars: ClusterProbe = {
  kind: "cluster",
  name: "sidecars",
  read(views) {
    const newest = views.at(-1);
    return (newest?.pods ?? [])
      .flatMap((pod) => {
        const proxy = proxyOf(pod);
        if (!proxy) return [];
        const before = views[0]?.pods
          .find(({ uid }) => uid === pod.uid)
          ?.containers.find(({ name }) => name === proxy.name);
        const { lastEnd, limits, id, reason, state } = proxy;
        const running = state === "running";
        return [
          evidenceOf(sidecarEvidence, `pod/${pod.namespace}/${pod.name}`, newest?.atMs ?? 0, {
            name: proxy.name,
            ...(id === undefined ? {} : { id }),
            running,
            ready: proxy.ready ?? running,
            state: running || reason === undefined ? state : `${state} (${reason})`,
            restarts: proxy.restarts,
            restarted: Math.max(0, proxy.restarts - (before?.restarts ?? proxy.restarts)),
            ...(lastEnd ? { lastEnd: `${lastEnd.reason ?? "ended"} (${lastEnd.exitCode})` } : {}),
            ...(limits?.cpuMilli === undefined ? {} : { cpuLimitMilli: limits.cpuMilli }),
          }),
        ];
      })
      .slice(0, MAX_PODS);
  },
};
