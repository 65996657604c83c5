import { cpus, release, totalmem } from "node:os";
import type { LabModel, LabNode } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { timeOf, uidFor, withTransitions } from "../object-parts.ts";
import { AGE, defineResource, type KubeObject, NAME, plain, type Scene, wide } from "../resource.ts";
import { SERVER_VERSION } from "../server-version.ts";

/** A kubelet that has nothing new to say reports its conditions only this often. */
const HEARTBEAT_MS = 300_000;

export const nodes = defineResource({
  group: "",
  name: "nodes",
  singular: "node",
  kind: "Node",
  shortNames: ["no"],
  namespaced: false,
  fields: ["spec.unschedulable"],
  source: "node",
  dependsOn: [],
  sources: (model: LabModel) => model.nodes.values(),
  build: buildNode,
  columns: [
    NAME,
    ...plain("Status", "Roles"),
    AGE,
    ...plain("Version"),
    ...wide("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
  ],
  cells({ metadata, status }, nowMs) {
    const ready = status.conditions.find(({ type }) => type === "Ready")?.status === "True";
    const { kubeletVersion, osImage, kernelVersion, containerRuntimeVersion } = status.nodeInfo;
    return [
      metadata.name,
      ready ? "Ready" : "NotReady",
      "<none>",
      ageOf(metadata.creationTimestamp, nowMs),
      kubeletVersion,
      status.addresses[0]?.address ?? "<none>",
      "<none>",
      osImage,
      kernelVersion,
      containerRuntimeVersion,
    ];
  },
});

function buildNode(node: LabNode, { nowMs, previous }: Scene) {
  const heartbeat = timeOf(Math.max(node.createdAtMs, Math.floor(node.leaseRenewedAtMs / HEARTBEAT_MS) * HEARTBEAT_MS));
  const capacity = { cpu: `${cpus().length}`, memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: node.name,
      uid: uidFor(`Node/${node.name}`),
      creationTimestamp: timeOf(node.createdAtMs),
      labels: {
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        ...(node.zone && { "topology.kubernetes.io/zone": node.zone }),
      },
    },
    spec: {
      podCIDR: node.podCidr,
      podCIDRs: [node.podCidr],
      ...(node.ready !== "True" && { taints: [taintOf(node)] }),
    },
    status: {
      addresses: [
        { type: "InternalIP", address: node.ip },
        { type: "Hostname", address: node.name },
      ],
      capacity,
      allocatable: capacity,
      conditions: withTransitions(conditionsOf(node), { previous: previous(node.name), nowMs }).map((condition) => ({
        ...condition,
        lastHeartbeatTime: heartbeat,
      })),
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: uidFor(`machine/${node.name}`).replaceAll("-", ""),
        systemUUID: uidFor(`system/${node.name}`),
        bootID: node.bootId,
        kernelVersion: release(),
        osImage: "Debian GNU/Linux 12 (bookworm)",
        containerRuntimeVersion: "containerd://2.1.4",
        kubeletVersion: SERVER_VERSION.gitVersion,
        kubeProxyVersion: SERVER_VERSION.gitVersion,
        operatingSystem: "linux",
        architecture: "amd64",
      },
    },
  } satisfies KubeObject & Record<string, unknown>;
}

const taintOf = ({ ready }: LabNode) => ({
  key: ready === "Unknown" ? "node.kubernetes.io/unreachable" : "node.kubernetes.io/not-ready",
  effect: "NoSchedule",
});

/** A node that stopped reporting turns every condition of the kubelet's Unknown, as the node controller does. */
function conditionsOf({ ready, readyReason }: LabNode) {
  const silent = { status: "Unknown", reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
  const pressures = (["Memory", "Disk", "PID"] as const).map((resource) => {
    const fine = {
      status: "False",
      reason: `KubeletHasSufficient${resource}`,
      message: `kubelet has sufficient ${resource}`,
    };
    return { type: `${resource}Pressure`, ...(ready === "Unknown" ? silent : fine) };
  });
  const message = ready === "True" ? "kubelet is posting ready status" : readyReason;
  return [
    ...pressures,
    {
      type: "Ready",
      ...(ready === "Unknown" ? silent : { status: ready, reason: readyReason || "KubeletReady", message }),
    },
  ];
}
