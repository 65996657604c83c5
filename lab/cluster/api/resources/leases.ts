import type { LabModel, LabNode } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { microTimeOf, timeOf, uidFor } from "../object-parts.ts";
import { AGE, defineResource, type KubeObject, NAME, plain } from "../resource.ts";

/** The kubelets' signs of life, one per node. */
export const leases = defineResource({
  group: "coordination.k8s.io",
  name: "leases",
  singular: "lease",
  kind: "Lease",
  shortNames: [],
  namespaced: true,
  fields: [],
  dependsOn: ["node"],
  sources: (model: LabModel) => model.nodes.values(),
  build: buildLease,
  columns: [NAME, ...plain("Holder"), AGE],
  cells: ({ metadata, spec }, nowMs) => [metadata.name, spec.holderIdentity, ageOf(metadata.creationTimestamp, nowMs)],
});

function buildLease(node: LabNode) {
  const owner = { apiVersion: "v1", kind: "Node", name: node.name, uid: uidFor(`Node/${node.name}`) };
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: node.name,
      namespace: "kube-node-lease",
      uid: uidFor(`Lease/${node.name}`),
      creationTimestamp: timeOf(node.createdAtMs),
      ownerReferences: [{ ...owner, controller: false, blockOwnerDeletion: false }],
    },
    spec: { holderIdentity: node.name, leaseDurationSeconds: 40, renewTime: microTimeOf(node.leaseRenewedAtMs) },
  } satisfies KubeObject & Record<string, unknown>;
}
