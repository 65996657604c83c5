import type { ClusterView } from "../core/cluster-view.ts";
import type { Agents } from "./agents.ts";
import type { Kube } from "./kube-client.ts";
import type { About } from "./measure-ports.ts";
import { readAround, type Sources, type ViewParts } from "./view-around.ts";
import { eventView, leaseView, nodeView, serviceView, sliceView, withEndpoints, withLeases } from "./view-objects.ts";
import { podView } from "./view-pod.ts";
import { ingressView, namespaceView, policyView } from "./view-policies.ts";
import { ifWhole, viewReader } from "./view-reader.ts";

/** A cluster with more pods is not read whole. */
const MOST_PODS = 3_000;
/** More than these are not read; the view names what was cut. Paged, so that each request is small. */
const MAX = {
  pods: 5_000,
  nodes: 2_000,
  services: 5_000,
  slices: 10_000,
  events: 3_000,
  policies: 3_000,
  ingresses: 2_000,
  namespaces: 2_000,
} as const;
const KEPT_EVENTS = 500;
const HOUR_MS = 3_600_000;

/**
 * One reading of everything a check may touch: of the whole cluster, or, when that has more than 3,000 pods, of what is about the
 * check. Pods, nodes and agents must be readable; what else is refused, and what is cut, is named in `unread`. Events are those
 * seen since `sinceMs` (Unix milliseconds; default: the last hour), the newest 500.
 */
export async function readView(
  { kube, agents, nowMs = Date.now }: { kube: Kube; agents: Agents; nowMs?: () => number },
  { about, sinceMs = nowMs() - HOUR_MS }: { about?: About; sinceMs?: number } = {},
): Promise<ClusterView> {
  const reader = viewReader(kube);
  const parts =
    about && (await isLarge(kube))
      ? await readAround({ kube, agents, reader, nowMs }, about)
      : await readWhole({ kube, agents, reader, nowMs });
  const unread = [...reader.unread()];
  return {
    ...parts,
    atMs: nowMs(),
    agents: parts.agents.map(({ node, pod, namespace, ready }) => ({ node, pod, namespace, ready })),
    events: parts.events
      .filter((event) => event.atMs >= sinceMs)
      .sort((a, b) => b.atMs - a.atMs)
      .slice(0, KEPT_EVENTS),
    ...(unread.length > 0 ? { unread } : {}),
  };
}

/** Asks for one pod, and how many more there are. */
async function isLarge(kube: Kube): Promise<boolean> {
  const { metadata } = await kube.call({ verb: "list", resource: "pods" }, () =>
    kube.core.listPodForAllNamespaces({ limit: 1 }),
  );
  return Boolean(metadata?._continue) && (metadata?.remainingItemCount ?? Number.POSITIVE_INFINITY) >= MOST_PODS;
}

async function readWhole({ kube, agents, reader, nowMs }: Sources): Promise<ViewParts> {
  const { core, discovery, coordination, networking } = kube;
  const { list, optional, ifAllowed } = reader;
  const leasesAt = { namespace: "kube-node-lease" };
  const [pods, nodes, services, slices, leases, events, policies, ingresses, namespaces, allAgents] = await Promise.all(
    [
      list("pods", MAX.pods, (query) => core.listPodForAllNamespaces(query), ifWhole(podView)),
      list("nodes", MAX.nodes, (query) => core.listNode(query), ifWhole(nodeView)),
      ifAllowed(
        list("services", MAX.services, (query) => core.listServiceForAllNamespaces(query), ifWhole(serviceView)),
      ),
      ifAllowed(
        list("endpointslices", MAX.slices, (query) => discovery.listEndpointSliceForAllNamespaces(query), sliceView),
      ),
      ifAllowed(
        list("leases", MAX.nodes, (query) => coordination.listNamespacedLease({ ...leasesAt, ...query }), leaseView),
      ),
      ifAllowed(list("events", MAX.events, (query) => core.listEventForAllNamespaces(query), eventView)),
      optional(
        list(
          "networkpolicies",
          MAX.policies,
          (query) => networking.listNetworkPolicyForAllNamespaces(query),
          ifWhole(policyView),
        ),
      ),
      optional(
        list(
          "ingresses",
          MAX.ingresses,
          (query) => networking.listIngressForAllNamespaces(query),
          ifWhole(ingressView),
        ),
      ),
      optional(list("namespaces", MAX.namespaces, (query) => core.listNamespace(query), ifWhole(namespaceView))),
      agents.all(),
    ],
  );
  return {
    pods,
    nodes: withLeases(nodes, leases, nowMs()),
    services: withEndpoints(services, slices),
    agents: allAgents,
    events,
    ...(policies ? { policies } : {}),
    ...(ingresses ? { ingresses } : {}),
    ...(namespaces ? { namespaces } : {}),
  };
}
