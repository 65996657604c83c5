import type { LabModel } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { firstSeen, timeOf, uidFor } from "../object-parts.ts";
import { AGE, defineResource, integers, type KubeObject, NAME, plain, type Scene } from "../resource.ts";

export const namespaces = defineResource({
  group: "",
  name: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  shortNames: ["ns"],
  namespaced: false,
  fields: ["status.phase"],
  dependsOn: ["namespace"],
  sources: (model: LabModel) => model.namespaces,
  build: buildNamespace,
  columns: [NAME, ...plain("Status"), AGE],
  cells: ({ metadata, status }, nowMs) => [metadata.name, status.phase, ageOf(metadata.creationTimestamp, nowMs)],
});

function buildNamespace(name: string, { model, nowMs, previous }: Scene) {
  const made = model.made?.get(name);
  const creationTimestamp = made ? timeOf(made.createdAtMs) : firstSeen(previous(name), nowMs);
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      uid: made?.uid ?? uidFor(`Namespace/${name}`),
      creationTimestamp,
      labels: { ...made?.labels, "kubernetes.io/metadata.name": name },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: made?.terminating ? "Terminating" : "Active" },
  } satisfies KubeObject & Record<string, unknown>;
}

const CA_MAP = "kube-root-ca.crt";

/** The one ConfigMap that every namespace of a real cluster has. */
export const configMaps = defineResource({
  group: "",
  name: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  shortNames: ["cm"],
  namespaced: true,
  fields: [],
  dependsOn: ["namespace"],
  sources: (model: LabModel) => model.namespaces,
  build: buildCaMap,
  columns: [NAME, ...integers("Data"), AGE],
  cells: ({ metadata, data }, nowMs) => [
    metadata.name,
    Object.keys(data).length,
    ageOf(metadata.creationTimestamp, nowMs),
  ],
});

function buildCaMap(namespace: string, { ca, nowMs, previous }: Scene) {
  const creationTimestamp = firstSeen(previous(CA_MAP, namespace), nowMs);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: CA_MAP, namespace, uid: uidFor(`ConfigMap/${namespace}/${CA_MAP}`), creationTimestamp },
    data: { "ca.crt": ca },
  } satisfies KubeObject & Record<string, unknown>;
}
