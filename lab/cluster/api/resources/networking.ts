import type { LabModel, LabPolicy } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { joined, timeOf } from "../object-parts.ts";
import { AGE, defineResource, type KubeObject, NAME, plain } from "../resource.ts";

export const networkPolicies = defineResource({
  group: "networking.k8s.io",
  name: "networkpolicies",
  singular: "networkpolicy",
  kind: "NetworkPolicy",
  shortNames: ["netpol"],
  namespaced: true,
  fields: [],
  source: "networkpolicy",
  dependsOn: [],
  sources: (model: LabModel) => model.policies.values(),
  build: buildPolicy,
  columns: [NAME, ...plain("Pod-Selector"), AGE],
  cells({ metadata, spec }, nowMs) {
    const { matchLabels } = (spec["podSelector"] ?? {}) as { matchLabels?: Record<string, string> };
    return [metadata.name, joined(matchLabels), ageOf(metadata.creationTimestamp, nowMs)];
  },
});

function buildPolicy({ namespace, name, uid, createdAtMs, spec }: LabPolicy) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, uid, generation: 1, creationTimestamp: timeOf(createdAtMs) },
    spec,
  } satisfies KubeObject & Record<string, unknown>;
}

/** Served and empty: the lab's model has none, and a client must be able to see that there are none. */
export const ingresses = defineResource({
  group: "networking.k8s.io",
  name: "ingresses",
  singular: "ingress",
  kind: "Ingress",
  shortNames: ["ing"],
  namespaced: true,
  fields: [],
  dependsOn: [],
  sources: (): readonly KubeObject[] => [],
  build: (ingress: KubeObject) => ingress,
  columns: [NAME, ...plain("Class", "Hosts", "Address", "Ports"), AGE],
  cells: ({ metadata }) => [metadata.name, "<none>", "*", "", "80", ""],
});
