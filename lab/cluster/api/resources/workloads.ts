import type { LabDaemonSet, LabDeployment, LabModel, LabPod } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { firstSeen, joined, podsSelected, shortHash, uidFor, withTransitions } from "../object-parts.ts";
import { AGE, defineResource, integers, type KubeObject, NAME, plain, type Scene, wide } from "../resource.ts";

const APPS = { group: "apps", namespaced: true, fields: [], dependsOn: ["pod"] } as const;
const TEMPLATE_COLUMNS = wide("Containers", "Images", "Selector");

export const deployments = defineResource({
  ...APPS,
  name: "deployments",
  singular: "deployment",
  kind: "Deployment",
  shortNames: ["deploy"],
  source: "deployment",
  sources: (model: LabModel) => model.deployments.values(),
  build: buildDeployment,
  columns: [NAME, ...plain("Ready"), ...integers("Up-to-date", "Available"), AGE, ...TEMPLATE_COLUMNS],
  cells({ metadata, spec, status }, nowMs) {
    const { readyReplicas: ready, updatedReplicas, availableReplicas } = status;
    const age = ageOf(metadata.creationTimestamp, nowMs);
    return [
      metadata.name,
      `${ready}/${spec.replicas}`,
      updatedReplicas,
      availableReplicas,
      age,
      ...templateCells(spec),
    ];
  },
});

function buildDeployment(deployment: LabDeployment, { model, nowMs, previous }: Scene) {
  const { namespace, name, uid, replicas, selector } = deployment;
  const before = previous(name, namespace);
  const pods = podsSelected(model, deployment);
  const ready = pods.filter((pod) => pod.ready).length;
  const available = {
    type: "Available",
    ...(ready >= replicas
      ? { status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
      : {
          status: "False",
          reason: "MinimumReplicasUnavailable",
          message: "Deployment does not have minimum availability.",
        }),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, uid, generation: 1, creationTimestamp: firstSeen(before, nowMs), labels: selector },
    spec: {
      replicas,
      selector: { matchLabels: selector },
      template: templateOf(selector, pods),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: {
      observedGeneration: 1,
      replicas: pods.length,
      updatedReplicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
      unavailableReplicas: Math.max(0, replicas - ready),
      conditions: withTransitions([available], { previous: before, nowMs }),
    },
  } satisfies KubeObject & Record<string, unknown>;
}

export const replicaSets = defineResource({
  ...APPS,
  dependsOn: ["pod", "deployment"],
  name: "replicasets",
  singular: "replicaset",
  kind: "ReplicaSet",
  shortNames: ["rs"],
  sources: (model: LabModel) => model.deployments.values(),
  build: buildReplicaSet,
  columns: [NAME, ...integers("Desired", "Current", "Ready"), AGE, ...TEMPLATE_COLUMNS],
  cells({ metadata, spec, status }, nowMs) {
    const age = ageOf(metadata.creationTimestamp, nowMs);
    return [metadata.name, spec.replicas, status.replicas, status.readyReplicas, age, ...templateCells(spec)];
  },
});

/** Every deployment has one; its name is what the pods say, or made up while there are none. */
function buildReplicaSet(deployment: LabDeployment, { model, nowMs, previous }: Scene) {
  const { namespace, replicas, selector } = deployment;
  const pods = podsSelected(model, deployment);
  const owner = pods.find((pod) => pod.owner?.kind === "ReplicaSet")?.owner;
  const name = owner?.name ?? `${deployment.name}-${shortHash(deployment.uid, 10)}`;
  const ready = pods.filter((pod) => pod.ready).length;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      namespace,
      uid: uidFor(`ReplicaSet/${namespace}/${name}`),
      generation: 1,
      labels: selector,
      creationTimestamp: firstSeen(previous(name, namespace), nowMs),
      annotations: { "deployment.kubernetes.io/revision": "1" },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          name: deployment.name,
          uid: deployment.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { replicas, selector: { matchLabels: selector }, template: templateOf(selector, pods) },
    status: { observedGeneration: 1, replicas: pods.length, readyReplicas: ready, availableReplicas: ready },
  } satisfies KubeObject & Record<string, unknown>;
}

export const daemonSets = defineResource({
  ...APPS,
  dependsOn: ["pod", "node"],
  name: "daemonsets",
  singular: "daemonset",
  kind: "DaemonSet",
  shortNames: ["ds"],
  source: "daemonset",
  sources: (model: LabModel) => model.daemonSets.values(),
  build: buildDaemonSet,
  columns: [
    NAME,
    ...integers("Desired", "Current", "Ready", "Up-to-date", "Available"),
    ...plain("Node Selector"),
    AGE,
    ...TEMPLATE_COLUMNS,
  ],
  cells({ metadata, spec, status }, nowMs) {
    return [
      metadata.name,
      status.desiredNumberScheduled,
      status.currentNumberScheduled,
      status.numberReady,
      status.updatedNumberScheduled,
      status.numberAvailable,
      "<none>",
      ageOf(metadata.creationTimestamp, nowMs),
      ...templateCells(spec),
    ];
  },
});

function buildDaemonSet(daemonSet: LabDaemonSet, { model, nowMs, previous }: Scene) {
  const { namespace, name, uid, selector } = daemonSet;
  const pods = podsSelected(model, daemonSet);
  const ready = pods.filter((pod) => pod.ready).length;
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name,
      namespace,
      uid,
      generation: 1,
      labels: selector,
      creationTimestamp: firstSeen(previous(name, namespace), nowMs),
    },
    spec: {
      selector: { matchLabels: selector },
      template: templateOf(selector, pods),
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      revisionHistoryLimit: 10,
    },
    status: {
      observedGeneration: 1,
      desiredNumberScheduled: model.nodes.size,
      currentNumberScheduled: pods.length,
      updatedNumberScheduled: pods.length,
      numberReady: ready,
      numberAvailable: ready,
      numberUnavailable: Math.max(0, model.nodes.size - ready),
      numberMisscheduled: 0,
    },
  } satisfies KubeObject & Record<string, unknown>;
}

type Template = ReturnType<typeof templateOf>;

/** The pod template, read back from a pod; empty while there is none. */
function templateOf(labels: Readonly<Record<string, string>>, [pod]: readonly LabPod[]) {
  const containers = (pod?.containers ?? []).map(({ name, image, ports }) => ({
    name,
    image,
    ports: ports.map(({ port, protocol }) => ({ containerPort: port, protocol })),
    resources: {},
  }));
  return {
    metadata: { labels },
    spec: { containers, restartPolicy: "Always", ...(pod?.hostNetwork && { hostNetwork: true }) },
  };
}

function templateCells({ template }: { readonly template: Template }): string[] {
  const list = (key: "name" | "image") => template.spec.containers.map((container) => container[key]).join(",");
  return [list("name"), list("image"), joined(template.metadata.labels)];
}
