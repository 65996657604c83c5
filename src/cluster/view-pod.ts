import type { V1Container, V1ContainerState, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { ContainerView, PodView } from "../core/cluster-view.ts";
import { unixMs } from "./view-time.ts";

const MAX_TEXT = 500;
const MAX_ANNOTATIONS = 12;
const meshAnnotation =
  /^((sidecar|ambient|traffic\.sidecar|proxy|inject)\.istio\.io|([a-z]+\.)?linkerd\.io|kuma\.io|consul\.hashicorp\.com)\//;

/** A pod as the plain data of a ClusterView; undefined for one that is not whole. */
export function podView(pod: V1Pod): PodView | undefined {
  const {
    name,
    namespace,
    uid,
    labels = {},
    annotations = {},
    deletionTimestamp,
    creationTimestamp,
  } = pod.metadata ?? {};
  if (!name || !namespace || !uid) return undefined;
  const { spec, status } = pod;
  const node = spec?.nodeName;
  const ip = status?.podIP;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller);
  const { containers, initContainers } = containersOf(pod);
  return {
    namespace,
    name,
    // The cgroup of a static pod carries the hash of its file, not the UID of its mirror object.
    uid: annotations["kubernetes.io/config.hash"] ?? uid,
    ...(node ? { node } : {}),
    ...(ip ? { ip } : {}),
    ...((status?.podIPs?.length ?? 0) > 1 ? { ips: (status?.podIPs ?? []).map((one) => one.ip) } : {}),
    hostNetwork: spec?.hostNetwork ?? false,
    phase: status?.phase ?? "Unknown",
    ready: ready?.status === "True",
    ...ifKnown("deletedAtMs", unixMs(deletionTimestamp)),
    labels,
    containers,
    ...(initContainers.length > 0 ? { initContainers } : {}),
    ...ifKnown("createdAtMs", unixMs(creationTimestamp)),
    ...(owner ? { owner: { kind: owner.kind, name: owner.name } } : {}),
    ...ifKnown("priorityClassName", spec?.priorityClassName),
    ...ifKnown("dnsPolicy", spec?.dnsPolicy),
    ...dnsConfig(pod),
    ...meshAnnotations(annotations),
    ...ifKnown("reason", status?.reason),
    ...ifKnown("message", status?.message?.slice(0, MAX_TEXT)),
    ...unscheduled(pod),
    ...ifKnown("wantsNode", wantedNode(pod)),
    ...ifKnown("readySinceMs", unixMs(ready?.lastTransitionTime)),
  };
}

function ifKnown<K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: T });
}

function containersOf({ spec, status }: V1Pod): { containers: ContainerView[]; initContainers: ContainerView[] } {
  const statuses = new Map(
    [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map((one) => [one.name, one]),
  );
  const view = (container: V1Container): ContainerView => containerView(container, statuses.get(container.name));
  const early = spec?.initContainers ?? [];
  const stays = ({ restartPolicy }: V1Container): boolean => restartPolicy === "Always";
  return {
    containers: [
      ...(spec?.containers ?? []).map(view),
      ...early.filter(stays).map((container) => ({ ...view(container), sidecar: true })),
    ],
    initContainers: early.filter((container) => !stays(container)).map(view),
  };
}

function containerView(container: V1Container, status: V1ContainerStatus | undefined): ContainerView {
  const now: V1ContainerState = status?.state ?? {};
  const state = now.running ? "running" : now.waiting ? "waiting" : now.terminated ? "terminated" : "unknown";
  const ended = now.terminated ?? status?.lastState?.terminated;
  const reason = now.waiting?.reason ?? (ended ? `${ended.reason ?? "ended"} (${ended.exitCode})` : undefined);
  const limits = {
    ...ifKnown("cpuMilli", milli(container.resources?.limits?.["cpu"])),
    ...ifKnown("memoryBytes", quantity(container.resources?.limits?.["memory"])),
  };
  return {
    name: container.name,
    // "containerd://0a1b…"
    ...ifKnown("id", status?.containerID?.replace(/^.*:\/\//, "") || undefined),
    ports: (container.ports ?? []).map(({ containerPort, protocol = "TCP", name }) => ({
      port: containerPort,
      protocol,
      ...(name ? { name } : {}),
    })),
    restarts: status?.restartCount ?? 0,
    state,
    ...(reason ? { reason } : {}),
    ...ifKnown("ready", status?.ready),
    ...ifKnown("startedAtMs", unixMs(now.running?.startedAt)),
    ...(ended
      ? {
          lastEnd: {
            ...ifKnown("reason", ended.reason),
            exitCode: ended.exitCode,
            ...ifKnown("finishedAtMs", unixMs(ended.finishedAt)),
          },
        }
      : {}),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  };
}

const SUFFIX: Readonly<Record<string, number>> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity such as "250m", "1.5", "128Mi" or "1e3"; undefined for what is none. */
export function quantity(text: string | undefined): number | undefined {
  const [, number, suffix = ""] = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)$/.exec(text ?? "") ?? [];
  const factor = SUFFIX[suffix];
  const value = Number(number) * (factor ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

function milli(text: string | undefined): number | undefined {
  const cores = quantity(text);
  return cores === undefined ? undefined : Math.round(cores * 1_000);
}

function dnsConfig({ spec }: V1Pod): Pick<PodView, "dnsConfig"> {
  const config = spec?.dnsConfig;
  if (!config) return {};
  const options = (config.options ?? [])
    .slice(0, 20)
    .map(({ name = "", value }) => ({ name, ...ifKnown("value", value) }));
  return {
    dnsConfig: {
      nameservers: (config.nameservers ?? []).slice(0, 10),
      searches: (config.searches ?? []).slice(0, 40),
      options,
    },
  };
}

function meshAnnotations(annotations: Readonly<Record<string, string>>): Pick<PodView, "annotations"> {
  const kept = Object.entries(annotations)
    .filter(([key]) => meshAnnotation.test(key))
    .slice(0, MAX_ANNOTATIONS)
    .map(([key, value]) => [key, value.slice(0, MAX_TEXT)]);
  return kept.length > 0 ? { annotations: Object.fromEntries(kept) as Record<string, string> } : {};
}

function unscheduled({ status }: V1Pod): Pick<PodView, "unscheduled"> {
  const condition = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (condition?.status !== "False") return {};
  return {
    unscheduled: {
      ...ifKnown("reason", condition.reason),
      ...ifKnown("message", condition.message?.slice(0, MAX_TEXT)),
      ...ifKnown("sinceMs", unixMs(condition.lastTransitionTime)),
    },
  };
}

/** A DaemonSet pins each of its pods to a node by name and leaves the rest to the scheduler. */
function wantedNode({ spec }: V1Pod): string | undefined {
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const names = terms.flatMap(({ matchFields = [] }) =>
    matchFields.filter(({ key, operator }) => key === "metadata.name" && operator === "In").map(({ values }) => values),
  );
  return names.length === 1 && names[0]?.length === 1 ? names[0][0] : undefined;
}
