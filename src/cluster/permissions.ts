import type { Kube } from "./kube-client.ts";

/** What a worker needs, as RBAC words it. Exec takes both verbs: a WebSocket starts with a GET, and since 1.35 `create` is asked too. */
export const needed = (agentNamespace: string) => [
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

/** Asks the API server what this worker may not do: `create pods/exec in netcheck`. Empty when everything is granted. */
export async function missingPermissions(kube: Kube, agentNamespace: string): Promise<string[]> {
  const answers = await Promise.all(
    needed(agentNamespace).map(async ({ verb, group, resource, subresource, namespace }) => {
      const place = { ...(namespace ? { namespace } : {}), ...(subresource ? { subresource } : {}) };
      const spec = { resourceAttributes: { verb, group, resource, ...place } };
      const review = await kube.call({ verb: "create", resource: "selfsubjectaccessreviews" }, () =>
        kube.authorization.createSelfSubjectAccessReview({ body: { spec } }),
      );
      const what = `${verb} ${resource}${subresource ? `/${subresource}` : ""}${namespace ? ` in ${namespace}` : ""}`;
      return review.status?.allowed ? [] : [what];
    }),
  );
  return answers.flat();
}
