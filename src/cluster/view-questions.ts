import type { NodeView, PodView, ServiceView } from "../core/cluster-view.ts";
import type { Kube } from "./kube-client.ts";
import { eventView, leaseView, nodeView, serviceView, sliceView } from "./view-objects.ts";
import { podView } from "./view-pod.ts";
import { ingressView, namespaceView, policyView } from "./view-policies.ts";
import { ifWhole, type ViewReader } from "./view-reader.ts";

/** Of one namespace, service or object. Of pods and events these are enough; where others are cut, the view says so. */
const MAX = { pods: 200, services: 1_000, slices: 200, events: 100, policies: 500, ingresses: 500 } as const;
/** Of a whole cluster, where nothing narrows it down. */
const MAX_ALL = { services: 20_000, ingresses: 2_000 } as const;

type Labels = Readonly<Record<string, string>>;
export type Deployment = { readonly namespace: string; readonly name: string; readonly labels: Labels };

/** Narrow questions to the API, each with a bounded answer. Names are compared as they are: none can end a selector. */
export function questions(kube: Kube, { list, some, few, optional, ifAllowed }: ViewReader) {
  const { core, discovery, coordination, networking, apps } = kube;

  const podsWhere = (fieldSelector: string, namespace?: string): Promise<PodView[]> =>
    few(
      "pods",
      (cached) =>
        namespace === undefined
          ? core.listPodForAllNamespaces({ fieldSelector, ...cached })
          : core.listNamespacedPod({ namespace, fieldSelector, ...cached }),
      ifWhole(podView),
    );
  const servicesWhere = (fieldSelector: string, namespace?: string): Promise<ServiceView[]> =>
    few(
      "services",
      (cached) =>
        namespace === undefined
          ? core.listServiceForAllNamespaces({ fieldSelector, ...cached })
          : core.listNamespacedService({ namespace, fieldSelector, ...cached }),
      ifWhole(serviceView),
    );

  const eventsOf = (kind: "Pod" | "Node", name: string, namespace: string) =>
    ifAllowed(
      some(
        "events",
        MAX.events,
        (query) =>
          core.listNamespacedEvent({
            namespace,
            fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}`,
            ...query,
          }),
        eventView,
      ),
    );

  return {
    podsNamed: (name: string, namespace?: string) => podsWhere(`metadata.name=${name}`, namespace),
    podsAt: (ip: string) => podsWhere(`status.podIP=${ip}`),
    podsOn: (node: string) => podsWhere(`spec.nodeName=${node}`),
    /** Those that no node has taken yet. */
    podsWaiting: (namespace: string) => podsWhere("spec.nodeName=,status.phase=Pending", namespace),
    /** No labels pick nobody. */
    podsOf: async (namespace: string, labels: Labels): Promise<PodView[]> => {
      const labelSelector = selectorOf(labels);
      if (labelSelector === "") return [];
      return some(
        "pods",
        MAX.pods,
        (query) => core.listNamespacedPod({ namespace, labelSelector, ...query }),
        ifWhole(podView),
      );
    },
    podsIn: (namespace: string) =>
      some("pods", MAX.pods, (query) => core.listNamespacedPod({ namespace, ...query }), ifWhole(podView)),
    servicesNamed: (name: string, namespace?: string) => ifAllowed(servicesWhere(`metadata.name=${name}`, namespace)),
    servicesAt: (ip: string) => ifAllowed(servicesWhere(`spec.clusterIP=${ip}`)),
    servicesIn: (namespace: string, wanted: (service: ServiceView) => boolean) =>
      ifAllowed(
        list("services", MAX.services, (query) => core.listNamespacedService({ namespace, ...query }), kept(wanted)),
      ),
    /** Looks at every Service: nothing else finds one by its node port. */
    servicesWithNodePort: (port: number) =>
      ifAllowed(
        list(
          "services",
          MAX_ALL.services,
          (query) => core.listServiceForAllNamespaces(query),
          kept(({ ports }) => ports.some(({ nodePort }) => nodePort === port)),
        ),
      ),
    slicesOf: (namespace: string, services: readonly string[]) =>
      ifAllowed(
        list(
          "endpointslices",
          MAX.slices,
          (query) =>
            discovery.listNamespacedEndpointSlice({
              namespace,
              labelSelector: `kubernetes.io/service-name in (${services.join(",")})`,
              ...query,
            }),
          sliceView,
        ),
      ),
    deploymentsNamed: (name: string, namespace?: string): Promise<Deployment[]> =>
      few(
        "deployments",
        (cached) => {
          const query = { fieldSelector: `metadata.name=${name}`, ...cached };
          return namespace === undefined
            ? apps.listDeploymentForAllNamespaces(query)
            : apps.listNamespacedDeployment({ namespace, ...query });
        },
        ({ metadata, spec }) => ({
          namespace: metadata?.namespace ?? "",
          name: metadata?.name ?? "",
          labels: spec?.selector.matchLabels ?? {},
        }),
      ),
    nodesNamed: (name: string): Promise<NodeView[]> =>
      few("nodes", (cached) => core.listNode({ fieldSelector: `metadata.name=${name}`, ...cached }), ifWhole(nodeView)),
    leaseOf: (node: string) =>
      ifAllowed(
        few(
          "leases",
          (cached) =>
            coordination.listNamespacedLease({
              namespace: "kube-node-lease",
              fieldSelector: `metadata.name=${node}`,
              ...cached,
            }),
          leaseView,
        ),
      ),
    eventsOfPod: ({ namespace, name }: Pick<PodView, "namespace" | "name">) => eventsOf("Pod", name, namespace),
    /** They are in the namespace `default`, as nodes have none. */
    eventsOfNode: (node: string) => eventsOf("Node", node, "default"),
    policiesIn: (namespace: string) =>
      optional(
        list(
          "networkpolicies",
          MAX.policies,
          (query) => networking.listNamespacedNetworkPolicy({ namespace, ...query }),
          ifWhole(policyView),
        ),
      ),
    ingressesIn: (namespace: string) =>
      optional(
        list(
          "ingresses",
          MAX.ingresses,
          (query) => networking.listNamespacedIngress({ namespace, ...query }),
          ifWhole(ingressView),
        ),
      ),
    allIngresses: () =>
      optional(
        list(
          "ingresses",
          MAX_ALL.ingresses,
          (query) => networking.listIngressForAllNamespaces(query),
          ifWhole(ingressView),
        ),
      ),
    namespaceNamed: (name: string) =>
      optional(
        few(
          "namespaces",
          (cached) => core.listNamespace({ fieldSelector: `metadata.name=${name}`, ...cached }),
          ifWhole(namespaceView),
        ),
      ),
  };
}

export type Questions = ReturnType<typeof questions>;

function kept(wanted: (service: ServiceView) => boolean) {
  return (...service: Parameters<typeof serviceView>): ServiceView[] => {
    const made = serviceView(...service);
    return made && wanted(made) ? [made] : [];
  };
}

const selectorOf = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
