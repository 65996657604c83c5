import type { LabContainer, LabModel, LabPod } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { timeOf, uidFor, withTransitions } from "../object-parts.ts";
import {
  AGE,
  defineResource,
  type KubeObject,
  NAME,
  type OwnerReference,
  plain,
  type Scene,
  wide,
} from "../resource.ts";

export const pods = defineResource({
  group: "",
  name: "pods",
  singular: "pod",
  kind: "Pod",
  shortNames: ["po"],
  namespaced: true,
  fields: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  source: "pod",
  dependsOn: [],
  sources: (model: LabModel) => model.pods.values(),
  build: buildPod,
  columns: [
    NAME,
    ...plain("Ready", "Status", "Restarts"),
    AGE,
    ...wide("IP", "Node", "Nominated Node", "Readiness Gates"),
  ],
  cells(pod, nowMs) {
    const statuses = pod.status.containerStatuses ?? [];
    const ready = statuses.filter((status) => status.ready).length;
    return [
      pod.metadata.name,
      `${ready}/${pod.spec.containers.length}`,
      statusWord(pod),
      restarts(pod, nowMs),
      ageOf(pod.metadata.creationTimestamp, nowMs),
      pod.status.podIP ?? "<none>",
      pod.spec.nodeName ?? "<none>",
      "<none>",
      "<none>",
    ];
  },
});

type PodObject = ReturnType<typeof buildPod>;
type Before = KubeObject & {
  readonly status: {
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
};

function buildPod(pod: LabPod, { model, nowMs, previous }: Scene) {
  const { namespace, name } = pod;
  const before = previous(name, namespace) as Before | undefined;
  const owner = ownerOf(pod, model);
  const daemon = pod.owner?.kind === "DaemonSet";
  const scheduled = pod.unscheduled === undefined;
  const [sidecars, ordinary] = [true, false].map((wanted) =>
    pod.containers.filter(({ sidecar = false }) => sidecar === wanted),
  ) as [LabContainer[], LabContainer[]];
  const statusesBefore = [...(before?.status.containerStatuses ?? []), ...(before?.status.initContainerStatuses ?? [])];
  const statusOf = (container: LabContainer): ContainerStatus =>
    containerStatus(container, {
      podReady: pod.ready,
      nowMs,
      before: statusesBefore.find((status) => status.name === container.name),
    });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      uid: pod.uid,
      creationTimestamp: timeOf(pod.createdAtMs),
      labels: pod.labels,
      ...(pod.annotations && { annotations: pod.annotations }),
      ...(owner && { generateName: `${owner.name}-`, ownerReferences: [owner] }),
    },
    spec: {
      ...pod.written,
      ...(sidecars.length > 0 && {
        initContainers: sidecars.map((container) => ({ ...containerSpec(container), restartPolicy: "Always" })),
      }),
      containers:
        (pod.written?.["containers"] as ReturnType<typeof containerSpec>[] | undefined) ?? ordinary.map(containerSpec),
      ...(scheduled && { nodeName: pod.node }),
      ...(daemon && { affinity: pinnedTo(pod.node) }),
      ...(pod.priorityClassName && { priorityClassName: pod.priorityClassName }),
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      ...(pod.hostNetwork && { hostNetwork: true }),
      dnsPolicy: pod.hostNetwork ? "ClusterFirstWithHostNet" : "ClusterFirst",
      serviceAccountName: "default",
      schedulerName: "default-scheduler",
      enableServiceLinks: true,
      ...(daemon && { tolerations: [{ operator: "Exists" }] }),
    },
    status: {
      phase: pod.phase,
      ...(pod.reason && { reason: pod.reason }),
      ...(pod.message && { message: pod.message }),
      conditions: withTransitions(conditionsOf(pod), { previous: before, nowMs }),
      ...(scheduled && {
        ...(model.nodes.has(pod.node) && { hostIP: model.nodes.get(pod.node)?.ip ?? "" }),
        ...(pod.ip && { podIP: pod.ip, podIPs: [{ ip: pod.ip }] }),
        startTime: timeOf(pod.createdAtMs),
        ...(sidecars.length > 0 && { initContainerStatuses: sidecars.map(statusOf) }),
        containerStatuses: ordinary.map(statusOf),
      }),
      qosClass: "BestEffort",
    },
  } satisfies KubeObject & Record<string, unknown>;
}

/** How a DaemonSet says on which node each of its pods belongs. */
const pinnedTo = (node: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
    },
  },
});

/** The UIDs of owners are those under which the owners themselves are served. */
function ownerOf({ namespace, owner }: LabPod, model: LabModel): OwnerReference | undefined {
  if (!owner) return undefined;
  const known = (owner.kind === "DaemonSet" ? model.daemonSets : model.deployments).get(`${namespace}/${owner.name}`);
  const uid = known?.uid ?? uidFor(`${owner.kind}/${namespace}/${owner.name}`);
  return { apiVersion: "apps/v1", ...owner, uid, controller: true, blockOwnerDeletion: true };
}

function containerSpec({ name, image, ports, limits }: LabContainer) {
  return {
    name,
    image,
    ...(ports.length > 0 && {
      ports: ports.map(({ port, protocol, name: portName }) => ({
        ...(portName && { name: portName }),
        containerPort: port,
        protocol,
      })),
    }),
    resources: limits
      ? {
          limits: {
            ...(limits.cpuMilli && { cpu: `${limits.cpuMilli}m` }),
            ...(limits.memoryBytes && { memory: `${limits.memoryBytes}` }),
          },
        }
      : {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
  };
}

function conditionsOf({ ready, phase, containers, unscheduled }: LabPod) {
  const status = (yes: boolean) => (yes ? "True" : "False");
  if (unscheduled !== undefined)
    return [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: unscheduled }];
  const waiting = containers.filter(({ state }) => state !== "running").map(({ name }) => name);
  const why = ready
    ? {}
    : { reason: "ContainersNotReady", message: `containers with unready status: [${waiting.join(" ")}]` };
  return [
    { type: "PodReadyToStartContainers", status: status(phase !== "Pending") },
    { type: "Initialized", status: "True" },
    { type: "Ready", status: status(ready), ...why },
    { type: "ContainersReady", status: status(ready), ...why },
    { type: "PodScheduled", status: "True" },
  ];
}

type Terminated = {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
};
type State = {
  readonly running?: { readonly startedAt: string };
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly terminated?: Terminated;
};
type ContainerStatus = {
  readonly name: string;
  readonly state: State;
  readonly lastState: State;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly image: string;
  readonly imageID: string;
  readonly containerID: string;
};

function containerStatus(
  container: LabContainer,
  { podReady, nowMs, before }: { podReady: boolean; nowMs: number; before: ContainerStatus | undefined },
): ContainerStatus {
  const { name, image, containerId, state, restarts: restartCount } = container;
  const running = state === "running";
  return {
    name,
    state: stateOf(container, { nowMs, before: before?.state }),
    lastState: lastStateOf(container, { nowMs, before }),
    ready: podReady && running,
    started: running,
    restartCount,
    image,
    imageID: `${image}@sha256:${uidFor(image).replaceAll("-", "").repeat(2)}`,
    containerID: `containerd://${containerId}`,
  };
}

function stateOf(container: LabContainer, { nowMs, before }: { nowMs: number; before: State | undefined }): State {
  if (container.state === "running") return { running: { startedAt: timeOf(container.startedAtMs) } };
  if (container.state === "waiting") return { waiting: { reason: container.reason ?? "ContainerCreating" } };
  return { terminated: before?.terminated ?? ended(container, nowMs) };
}

/** How the run before this one ended. The end of a run is seen as a change of state, so its time is when that arrived. */
function lastStateOf(
  container: LabContainer,
  { nowMs, before }: { nowMs: number; before: ContainerStatus | undefined },
): State {
  if (container.restarts === 0 && container.state !== "waiting") return {};
  if (container.state === "waiting" && container.exitCode === undefined) return before?.lastState ?? {};
  if (before?.restartCount === container.restarts && before.lastState.terminated) return before.lastState;
  if (before?.state.terminated && container.state !== "terminated") return { terminated: before.state.terminated };
  return { terminated: ended(container, nowMs) };
}

function ended({ exitCode = 1, reason, startedAtMs, containerId }: LabContainer, nowMs: number): Terminated {
  const known = reason && reason !== "CrashLoopBackOff" ? reason : undefined;
  return {
    exitCode,
    reason: known ?? (exitCode === 0 ? "Completed" : "Error"),
    startedAt: timeOf(startedAtMs),
    finishedAt: timeOf(Math.max(nowMs, startedAtMs)),
    containerID: `containerd://${containerId}`,
  };
}

/** The STATUS column: the reason of a container that is not running, else the phase. */
function statusWord({ status }: PodObject): string {
  if (status.reason) return status.reason;
  for (const { state } of [...(status.containerStatuses ?? [])].reverse()) {
    if (state.waiting) return state.waiting.reason;
    if (state.terminated) return state.terminated.reason;
  }
  return status.phase;
}

function restarts({ status }: PodObject, nowMs: number): string {
  const statuses = status.containerStatuses ?? [];
  const count = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const ends = statuses.flatMap(({ lastState }) => lastState.terminated?.finishedAt ?? []).sort();
  const last = ends.at(-1);
  return count > 0 && last ? `${count} (${ageOf(last, nowMs)} ago)` : `${count}`;
}
