import { expect, test } from "vitest";
import { podView, quantity } from "#src/cluster/view-pod.ts";

const metadata = { name: "kube-proxy-x7k2p", namespace: "kube-system", uid: "u-1" };

test("quantities are numbers, and what is none is not", () => {
  const known = { "250m": 0.25, "1.5": 1.5, "128Mi": 134_217_728, "1e3": 1_000, "2G": 2e9, "100n": 1e-7 };
  for (const [text, value] of Object.entries(known)) expect(quantity(text)).toBeCloseTo(value, 9);
  for (const text of ["", "abc", "1Qi", undefined]) expect(quantity(text)).toBeUndefined();
});

test("a DaemonSet's pod that waits for room says where it belongs and why it is not there", () => {
  const view = podView({
    metadata: {
      ...metadata,
      ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "kube-proxy", uid: "d", controller: true }],
    },
    spec: {
      containers: [{ name: "kube-proxy" }],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["ulm"] }] }],
          },
        },
      },
    },
    status: {
      phase: "Pending",
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/3 nodes are available",
          lastTransitionTime: new Date(5_000),
        },
      ],
    },
  });
  expect(view).toMatchObject({
    phase: "Pending",
    wantsNode: "ulm",
    owner: { kind: "DaemonSet", name: "kube-proxy" },
    unscheduled: { reason: "Unschedulable", message: "0/3 nodes are available", sinceMs: 5_000 },
  });
  expect(view?.node).toBeUndefined();
});

test("containers keep their limits, their last end and whether they are sidecars", () => {
  const view = podView({
    metadata: { ...metadata, annotations: { "sidecar.istio.io/status": "injected", "example.org/secret": "no" } },
    spec: {
      containers: [{ name: "app", resources: { limits: { cpu: "250m", memory: "64Mi" } } }],
      initContainers: [{ name: "proxy", restartPolicy: "Always" }, { name: "setup" }],
    },
    status: {
      phase: "Running",
      containerStatuses: [
        {
          name: "app",
          ready: true,
          image: "",
          imageID: "",
          restartCount: 2,
          state: { running: { startedAt: new Date(9_000) } },
          lastState: { terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: new Date(8_000) } },
        },
      ],
    },
  });
  expect(view?.containers).toMatchObject([
    {
      name: "app",
      ready: true,
      restarts: 2,
      startedAtMs: 9_000,
      reason: "OOMKilled (137)",
      lastEnd: { exitCode: 137, reason: "OOMKilled", finishedAtMs: 8_000 },
      limits: { cpuMilli: 250, memoryBytes: 67_108_864 },
    },
    { name: "proxy", sidecar: true, state: "unknown" },
  ]);
  expect(view?.initContainers?.map(({ name }) => name)).toEqual(["setup"]);
  expect(view?.annotations).toEqual({ "sidecar.istio.io/status": "injected" });
});
