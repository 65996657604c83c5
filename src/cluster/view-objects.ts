import type { CoreV1Event, V1EndpointSlice, V1Node, V1Service } from "@kubernetes/client-node";
import type { ClusterView, NodeView, ServiceView } from "../core/cluster-view.ts";
import { unixMs } from "./view-time.ts";

const MAX_ADDRESSES = 10;
const MAX_TEXT = 300;

/** A node as the plain data of a ClusterView; undefined for one that is not whole. */
export function nodeView(node: V1Node, leaseAgeMs: number | undefined): NodeView | undefined {
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
    ...(leaseAgeMs === undefined ? {} : { leaseAgeMs }),
    ...(bootId ? { bootId } : {}),
    ...(zone ? { zone } : {}),
    podCidrs: node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []),
    addresses: (node.status?.addresses ?? []).slice(0, MAX_ADDRESSES).map(({ type, address }) => ({ type, address })),
    conditions: otherConditions(node),
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    ...(node.spec?.unschedulable ? { unschedulable: true } : {}),
  };
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

/** A Service with the endpoints of its slices. "None" is no address. */
export function serviceView(service: V1Service, slices: readonly V1EndpointSlice[]): ServiceView | undefined {
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
    endpoints: slices.flatMap(endpointsOf),
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
