import type {
  CoreV1Event,
  V1ContainerState,
  V1ContainerStatus,
  V1EndpointSlice,
  V1Node,
  V1Pod,
  V1Service,
} from "@kubernetes/client-node";
import type { ClusterView, NodeView, PodView, ServiceView } from "../core/cluster-view.ts";

/** Objects of the Kubernetes API as the plain data of a ClusterView; undefined for one that is not whole. */
export function podView(pod: V1Pod): PodView | undefined {
  const { name, namespace, uid, labels = {}, annotations = {}, deletionTimestamp } = pod.metadata ?? {};
  if (!name || !namespace || !uid) return undefined;
  const statuses = new Map(pod.status?.containerStatuses?.map((status) => [status.name, status]));
  const node = pod.spec?.nodeName;
  const ip = pod.status?.podIP;
  return {
    namespace,
    name,
    // The cgroup of a static pod carries the hash of its file, not the UID of its mirror object.
    uid: annotations["kubernetes.io/config.hash"] ?? uid,
    ...(node ? { node } : {}),
    ...(ip ? { ip } : {}),
    hostNetwork: pod.spec?.hostNetwork ?? false,
    phase: pod.status?.phase ?? "Unknown",
    ready: pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    ...(deletionTimestamp ? { deletedAtMs: deletionTimestamp.getTime() } : {}),
    labels,
    containers: (pod.spec?.containers ?? []).map((container) => ({
      name: container.name,
      ports: (container.ports ?? []).map(({ containerPort, protocol = "TCP", name: portName }) => ({
        port: containerPort,
        protocol,
        ...(portName ? { name: portName } : {}),
      })),
      ...containerState(statuses.get(container.name)),
    })),
  };
}

function containerState(
  status: V1ContainerStatus | undefined,
): Pick<PodView["containers"][number], "id" | "restarts" | "state" | "reason"> {
  const now: V1ContainerState = status?.state ?? {};
  const state = now.running ? "running" : now.waiting ? "waiting" : now.terminated ? "terminated" : "unknown";
  const ended = now.terminated ?? status?.lastState?.terminated;
  const reason = now.waiting?.reason ?? (ended ? `${ended.reason ?? "ended"} (${ended.exitCode})` : undefined);
  // "containerd://0a1b…"
  const id = status?.containerID?.replace(/^.*:\/\//, "");
  return { ...(id ? { id } : {}), restarts: status?.restartCount ?? 0, state, ...(reason ? { reason } : {}) };
}

export function nodeView(node: V1Node, leaseAgeMs: number | undefined): NodeView | undefined {
  const name = node.metadata?.name;
  const ip = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  if (!name || !ip) return undefined;
  const condition = node.status?.conditions?.find(({ type }) => type === "Ready");
  const ready = condition?.status === "True" || condition?.status === "False" ? condition.status : "Unknown";
  const bootId = node.status?.nodeInfo?.bootID;
  const zone = node.metadata?.labels?.["topology.kubernetes.io/zone"];
  return {
    name,
    ip,
    ready,
    ...(condition?.reason ? { readyReason: condition.reason } : {}),
    ...(leaseAgeMs === undefined ? {} : { leaseAgeMs }),
    ...(bootId ? { bootId } : {}),
    ...(zone ? { zone } : {}),
    podCidrs: node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []),
  };
}

/** A Service with the endpoints of its slices. "None" is no address. */
export function serviceView(service: V1Service, slices: readonly V1EndpointSlice[]): ServiceView | undefined {
  const { name, namespace } = service.metadata ?? {};
  if (!name || !namespace) return undefined;
  const clusterIp = service.spec?.clusterIP;
  return {
    namespace,
    name,
    ...(clusterIp && clusterIp !== "None" ? { clusterIp } : {}),
    selector: service.spec?.selector ?? {},
    ports: (service.spec?.ports ?? []).map(({ port, targetPort, protocol = "TCP" }) => ({
      port,
      targetPort: targetPort ?? port,
      protocol,
    })),
    endpoints: slices.flatMap((slice) =>
      (slice.endpoints ?? []).flatMap((endpoint) =>
        endpoint.addresses.slice(0, 1).map((ip) => ({
          ip,
          ...(endpoint.targetRef?.kind === "Pod" && endpoint.targetRef.name ? { pod: endpoint.targetRef.name } : {}),
          ...(endpoint.nodeName ? { node: endpoint.nodeName } : {}),
          ready: endpoint.conditions?.ready ?? true,
          ports: (slice.ports ?? []).flatMap(({ port }) => (port === undefined ? [] : [port])),
        })),
      ),
    ),
  };
}

export function eventView(event: CoreV1Event): ClusterView["events"][number] {
  const at =
    event.lastTimestamp ?? event.series?.lastObservedTime ?? event.eventTime ?? event.metadata.creationTimestamp;
  const { kind = "", namespace, name = "" } = event.involvedObject;
  return {
    atMs: unixMs(at) ?? 0,
    object: [kind.toLowerCase(), namespace, name].filter(Boolean).join("/"),
    reason: event.reason ?? "",
    message: (event.message ?? "").slice(0, 500),
    count: event.count ?? event.series?.count ?? 1,
  };
}

/** Times with microseconds are typed as Date, but client-node 2.0.1 leaves them as text. */
export function unixMs(time: Date | undefined): number | undefined {
  return time === undefined ? undefined : new Date(time).getTime();
}
