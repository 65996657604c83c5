import { AGE, defineResource, type KubeObject, NAME, plain } from "../resource.ts";

/** Served and empty: the lab's model has no policies, and a client must be able to see that there are none. */
export const networkPolicies = defineResource({
  group: "networking.k8s.io",
  name: "networkpolicies",
  singular: "networkpolicy",
  kind: "NetworkPolicy",
  shortNames: ["netpol"],
  namespaced: true,
  fields: [],
  dependsOn: [],
  sources: (): readonly KubeObject[] => [],
  build: (policy: KubeObject) => policy,
  columns: [NAME, ...plain("Pod-Selector"), AGE],
  cells: ({ metadata }) => [metadata.name, "<none>", ""],
});
