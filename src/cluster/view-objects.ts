import type { CoreV1Event, V1EndpointSlice, V1Lease, V1Node, V1Service } from "@kubernetes/client-node";
import type { ClusterView, NodeView, ServiceView } from "../core/cluster-view.ts";
import { unixMs } from "./view-time.ts";

const MAX_ADDRESSES = 10;
const MAX_TEXT = 300;

/** A node as the plain data of a ClusterView, without its lease; undefined for one that is not whole. */
export function nodeView(node: V1Node): NodeView | undefined {
  const name = node.metadata?.name;
  const ip = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  if (!name || !ip) return undefined;
  const condition = node.status?.conditions?.find(({ type }) => type === "Ready");
  const ready = condition?.status === "True" || condition?.status === "False" ? condition.status : "Unknown";
  const bootId = node.status?.nodeInfo?.bootID;
  const zone = node.metadata?.labels?.["topology.kubernetes.io/zone"];
  const createdAtMs = unixMs(node.metadata?.creationTimestamp);
  return {
    name,
    ip,
    ready,
    ...(condition?.reason ? { readyReason: condition.reason } : {}),
    ...(bootId ? { bootId } : {}),
    ...(zone ? { zone } : {}),
    podCidrs: node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []),
    addresses: (node.status?.addresses ?? []).slice(0, MAX_ADDRESSES).map(({ type, address }) => ({ type, address })),
    conditions: otherConditions(node),
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    ...(node.spec?.unschedulable ? { unschedulable: true } : {}),
  };
}

/** When the kubelet of a node renewed its lease, Unix milliseconds. */
export type LeaseView = { readonly node: string; readonly renewedMs: number | undefined };

export const leaseView = ({ metadata, spec }: V1Lease): LeaseView => ({
  node: metadata?.name ?? "",
  renewedMs: unixMs(spec?.renewTime),
});

/** Nodes with the ages of their leases. */
export function withLeases(nodes: readonly NodeView[], leases: readonly LeaseView[], nowMs: number): NodeView[] {
  const renewed = new Map(leases.map(({ node, renewedMs }) => [node, renewedMs]));
  return nodes.map((node) => {
    const renewedMs = renewed.get(node.name);
    return renewedMs === undefined ? node : { ...node, leaseAgeMs: Math.max(0, nowMs - renewedMs) };
  });
}

function otherConditions({ status }: V1Node): NodeView["conditions"] {
  return (status?.conditions ?? [])
    .filter(({ type }) => type !== "Ready")
    .slice(0, 20)
    .map((condition) => {
      const sinceMs = unixMs(condition.lastTransitionTime);
      return {
        type: condition.type,
        status: condition.status,
        ...(condition.reason ? { reason: condition.reason } : {}),
        ...(condition.message ? { message: condition.message.slice(0, MAX_TEXT) } : {}),
        ...(sinceMs === undefined ? {} : { sinceMs }),
      };
    });
}

/** A Service, without its endpoints. "None" is no address. */
export function serviceView(service: V1Service): ServiceView | undefined {
  const { name, namespace, creationTimestamp } = service.metadata ?? {};
  if (!name || !namespace) return undefined;
  const { spec } = service;
  const clusterIp = spec?.clusterIP;
  const createdAtMs = unixMs(creationTimestamp);
  const balancers = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return {
    namespace,
    name,
    ...(clusterIp && clusterIp !== "None" ? { clusterIp } : {}),
    selector: spec?.selector ?? {},
    ports: (spec?.ports ?? []).map(({ port, targetPort, protocol = "TCP", name: portName, nodePort, appProtocol }) => ({
      port,
      targetPort: targetPort ?? port,
      protocol,
      ...(portName ? { name: portName } : {}),
      ...(nodePort ? { nodePort } : {}),
      ...(appProtocol ? { appProtocol } : {}),
    })),
    endpoints: [],
    ...(spec?.type ? { type: spec.type } : {}),
    ...(spec?.clusterIPs ? { clusterIps: spec.clusterIPs.filter((ip) => ip !== "None") } : {}),
    ...(spec?.externalIPs?.length ? { externalIps: spec.externalIPs } : {}),
    ...(balancers.length > 0 ? { loadBalancerIps: balancers } : {}),
    ...(spec?.loadBalancerSourceRanges?.length ? { sourceRanges: spec.loadBalancerSourceRanges } : {}),
    ...(spec?.publishNotReadyAddresses ? { publishNotReadyAddresses: true } : {}),
    ...(spec?.internalTrafficPolicy ? { internalTrafficPolicy: spec.internalTrafficPolicy } : {}),
    ...(spec?.externalTrafficPolicy ? { externalTrafficPolicy: spec.externalTrafficPolicy } : {}),
    ...(spec?.sessionAffinity ? { sessionAffinity: spec.sessionAffinity } : {}),
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
  };
}

/** The endpoints of one slice, and whose they are: `namespace/service`. */
export type SliceView = { readonly service: string; readonly endpoints: ServiceView["endpoints"] };

export const sliceView = (slice: V1EndpointSlice): SliceView => ({
  service: `${slice.metadata?.namespace}/${slice.metadata?.labels?.["kubernetes.io/service-name"]}`,
  endpoints: endpointsOf(slice),
});

/** Services with the endpoints of their slices. */
export function withEndpoints(services: readonly ServiceView[], slices: readonly SliceView[]): ServiceView[] {
  const slicesOf = Map.groupBy(slices, ({ service }) => service);
  return services.map((service) => ({
    ...service,
    endpoints: (slicesOf.get(`${service.namespace}/${service.name}`) ?? []).flatMap(({ endpoints }) => endpoints),
  }));
}

function endpointsOf(slice: V1EndpointSlice): ServiceView["endpoints"] {
  const named = (slice.ports ?? []).flatMap(({ name = "", port, protocol = "TCP" }) =>
    port === undefined ? [] : [{ name, port, protocol }],
  );
  return (slice.endpoints ?? []).flatMap(({ addresses, targetRef, nodeName, conditions = {} }) =>
    addresses.slice(0, 1).map((ip) => ({
      ip,
      ...(targetRef?.kind === "Pod" && targetRef.name ? { pod: targetRef.name } : {}),
      ...(nodeName ? { node: nodeName } : {}),
      ready: conditions.ready ?? true,
      ports: named.map(({ port }) => port),
      named,
      ...(conditions.serving === undefined ? {} : { serving: conditions.serving }),
      ...(conditions.terminating === undefined ? {} : { terminating: conditions.terminating }),
    })),
  );
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
