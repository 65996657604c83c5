import type { Permission } from "../doctor/judge-api.ts";
import type { Kube } from "./kube-client.ts";

/** What a worker needs, as RBAC words it. Exec takes both verbs: a WebSocket starts with a GET, and since 1.35 `create` is asked too. */
export const needed = (agentNamespace: string): readonly Permission[] => [
  { verb: "list", group: "", resource: "pods" },
  { verb: "watch", group: "", resource: "pods" },
  { verb: "list", group: "", resource: "nodes" },
  { verb: "watch", group: "", resource: "nodes" },
  { verb: "list", group: "", resource: "services" },
  { verb: "watch", group: "", resource: "services" },
  { verb: "list", group: "", resource: "namespaces" },
  { verb: "list", group: "networking.k8s.io", resource: "networkpolicies" },
  { verb: "list", group: "networking.k8s.io", resource: "ingresses" },
  { verb: "list", group: "apps", resource: "deployments" },
  { verb: "watch", group: "apps", resource: "deployments" },
  { verb: "list", group: "discovery.k8s.io", resource: "endpointslices" },
  { verb: "list", group: "", resource: "events" },
  { verb: "list", group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease" },
  { verb: "get", group: "", resource: "pods", subresource: "exec", namespace: agentNamespace },
  { verb: "create", group: "", resource: "pods", subresource: "exec", namespace: agentNamespace },
];

/** Asks the API server what of that this worker may not do; each question ends within `deadlineMs`. Empty when all is granted. */
export async function missingPermissions(
  kube: Kube,
  agentNamespace: string,
  { deadlineMs }: { readonly deadlineMs?: number } = {},
): Promise<Permission[]> {
  const answers = await Promise.all(
    needed(agentNamespace).map(async (permission) => {
      const spec = { resourceAttributes: permission };
      const review = await kube.call(
        { verb: "create", resource: "selfsubjectaccessreviews" },
        () => kube.authorization.createSelfSubjectAccessReview({ body: { spec } }),
        deadlineMs === undefined ? {} : { deadlineMs },
      );
      return review.status?.allowed ? [] : [permission];
    }),
  );
  return answers.flat();
}
