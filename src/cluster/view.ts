import type { ClusterView } from "../core/cluster-view.ts";
import { NetcheckError } from "../core/errors.ts";
import type { Agents } from "./agents.ts";
import { type Kube, listPages, type Page, type PageQuery } from "./kube-client.ts";
import { eventView, nodeView, serviceView } from "./view-objects.ts";
import { podView } from "./view-pod.ts";
import { ingressView, namespaceView, policyView } from "./view-policies.ts";
import { unixMs } from "./view-time.ts";

/** More than these are not read; the view names what was cut. Paged, so a large cluster costs several small requests. */
const MAX = {
  pods: 20_000,
  nodes: 2_000,
  services: 5_000,
  endpointSlices: 10_000,
  events: 3_000,
  policies: 3_000,
  ingresses: 2_000,
  namespaces: 2_000,
} as const;
const KEPT_EVENTS = 500;
const HOUR_MS = 3_600_000;

/**
 * One reading of everything a check may touch. Pods, nodes and agents must be readable; what else is refused, and what is cut,
 * is named in `unread`. Events are those seen since `sinceMs` (Unix milliseconds; default: the last hour), the newest 500.
 */
export async function readView(
  { kube, agents, nowMs = Date.now }: { kube: Kube; agents: Agents; nowMs?: () => number },
  { sinceMs = nowMs() - HOUR_MS }: { sinceMs?: number } = {},
): Promise<ClusterView> {
  const { core, discovery, coordination, networking } = kube;
  const unread: string[] = [];
  const list = async <T>(resource: string, max: number, page: (query: PageQuery) => Promise<Page<T>>): Promise<T[]> => {
    const { items, complete } = await listPages((query) => kube.call({ verb: "list", resource }, () => page(query)), {
      max,
    });
    if (!complete) unread.push(`Only the first ${max} ${resource} were read.`);
    return items;
  };
  const optional = async <T>(listed: Promise<T[]>): Promise<T[] | undefined> => {
    try {
      return await listed;
    } catch (error) {
      // "not-found": a cluster that serves no such group.
      if (!(error instanceof NetcheckError) || (error.code !== "forbidden" && error.code !== "not-found")) throw error;
      unread.push(error.message);
      return undefined;
    }
  };
  const ifAllowed = async <T>(listed: Promise<T[]>): Promise<T[]> => (await optional(listed)) ?? [];
  const [pods, nodes, services, slices, leases, events, policies, ingresses, namespaces, allAgents] = await Promise.all(
    [
      list("pods", MAX.pods, (query) => core.listPodForAllNamespaces(query)),
      list("nodes", MAX.nodes, (query) => core.listNode(query)),
      ifAllowed(list("services", MAX.services, (query) => core.listServiceForAllNamespaces(query))),
      ifAllowed(
        list("endpointslices", MAX.endpointSlices, (query) => discovery.listEndpointSliceForAllNamespaces(query)),
      ),
      ifAllowed(
        list("leases", MAX.nodes, (query) =>
          coordination.listNamespacedLease({ namespace: "kube-node-lease", ...query }),
        ),
      ),
      ifAllowed(list("events", MAX.events, (query) => core.listEventForAllNamespaces(query))),
      optional(list("networkpolicies", MAX.policies, (query) => networking.listNetworkPolicyForAllNamespaces(query))),
      optional(list("ingresses", MAX.ingresses, (query) => networking.listIngressForAllNamespaces(query))),
      optional(list("namespaces", MAX.namespaces, (query) => core.listNamespace(query))),
      agents.all(),
    ],
  );
  const atMs = nowMs();
  const renewedMs = new Map(leases.map(({ metadata, spec }) => [metadata?.name, unixMs(spec?.renewTime)]));
  const slicesOf = Map.groupBy(
    slices,
    ({ metadata }) => `${metadata?.namespace}/${metadata?.labels?.["kubernetes.io/service-name"]}`,
  );
  return {
    atMs,
    pods: pods.flatMap((pod) => podView(pod) ?? []),
    nodes: nodes.flatMap((node) => {
      const renewed = renewedMs.get(node.metadata?.name);
      return nodeView(node, renewed === undefined ? undefined : Math.max(0, atMs - renewed)) ?? [];
    }),
    services: services.flatMap((service) => {
      const key = `${service.metadata?.namespace}/${service.metadata?.name}`;
      return serviceView(service, slicesOf.get(key) ?? []) ?? [];
    }),
    agents: allAgents.map(({ node, pod, namespace, ready }) => ({ node, pod, namespace, ready })),
    events: events
      .map(eventView)
      .filter((event) => event.atMs >= sinceMs)
      .sort((a, b) => b.atMs - a.atMs)
      .slice(0, KEPT_EVENTS),
    ...(policies ? { policies: policies.flatMap((policy) => policyView(policy) ?? []) } : {}),
    ...(ingresses ? { ingresses: ingresses.flatMap((ingress) => ingressView(ingress) ?? []) } : {}),
    ...(namespaces ? { namespaces: namespaces.flatMap((namespace) => namespaceView(namespace) ?? []) } : {}),
    ...(unread.length > 0 ? { unread } : {}),
  };
}
