import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LabApi, startApi } from "#lab/cluster/api/server.ts";
import { type LabCluster, startCluster } from "#lab/cluster/cluster.ts";
import { loadTopology } from "#lab/cluster/topology.ts";
import { connectKube, type Kube } from "#src/cluster/kube-client.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";

let dir: string;
let lab: LabCluster;
let api: LabApi;
let kube: Kube;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "netcheck-objects-"));
  lab = await startCluster(await loadTopology(undefined), { dir });
  api = await startApi({ model: lab, dir });
  kube = connectKube({ kubeconfig: api.kubeconfig });
});

afterAll(async () => {
  await kube?.close();
  await api?.[Symbol.asyncDispose]();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const namespace = "made";
const imageOfLab = "docker.io/library/busybox:1.37.0";

const pod = (name: string, change: Partial<V1Pod["spec"]> = {}): V1Pod => ({
  metadata: { name, namespace, labels: { app: name } },
  spec: {
    containers: [
      {
        name: "main",
        image: imageOfLab,
        command: ["python3", "-m", "http.server", "8080"],
        readinessProbe: { tcpSocket: { port: 8080 } },
      },
    ],
    ...change,
  },
});

const service = (name: string, change: Partial<V1Service["spec"]> = {}): V1Service => ({
  metadata: { name, namespace },
  spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }], ...change },
});

const podOf = async (name: string) => kube.core.readNamespacedPod({ namespace, name });
const refusal = (request: Promise<unknown>) =>
  request.then(
    () => "accepted",
    (error: Error & { body: string }) => JSON.parse(error.body).message,
  );

test("what is sent to the API becomes real: a pod that serves, a Service with rules and a name, a policy, and no trace of them", async () => {
  await kube.core.createNamespace({ body: { metadata: { name: namespace, labels: { team: "x" } } } });
  await kube.core.createNamespacedService({ namespace, body: service("web") });
  await kube.core.createNamespacedService({ namespace, body: service("web-headless", { clusterIP: "None" }) });
  await kube.core.createNamespacedPod({
    namespace,
    body: pod("web", { nodeSelector: { "kubernetes.io/hostname": "node-3" } }),
  });
  await expect
    .poll(async () => (await podOf("web")).status?.conditions?.find(({ type }) => type === "Ready")?.status)
    .toBe("True");

  const made = await podOf("web");
  expect(made.spec).toMatchObject({
    nodeName: "node-3",
    containers: [{ command: ["python3", "-m", "http.server", "8080"] }],
  });
  const ask = (host: string) =>
    inPod(lab, "default/web-0", ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "2", `http://${host}`]);
  await expect.poll(async () => (await ask(`web.${namespace}.svc.cluster.local`)).stdout).toBe("200");
  await expect.poll(async () => (await ask(`web-headless.${namespace}.svc.cluster.local:8080`)).stdout).toBe("200");

  await kube.networking.createNamespacedNetworkPolicy({
    namespace,
    body: { metadata: { name: "wall", namespace }, spec: { podSelector: {}, policyTypes: ["Ingress"] } },
  });
  await expect.poll(async () => (await ask(`${made.status?.podIP}:8080`)).stdout).toBe("000");

  await kube.core.deleteNamespace({ name: namespace });
  await expect
    .poll(() => refusal(kube.core.readNamespace({ name: namespace })))
    .toBe(`namespaces "${namespace}" not found`);
  expect(
    [...lab.pods.keys(), ...lab.services.keys(), ...lab.policies.keys()].filter((key) =>
      key.startsWith(`${namespace}/`),
    ),
  ).toEqual([]);
  const script = 'iptables-save | grep -c "$1"; ip -o link show type veth | grep -c UP';
  const before = [...lab.pods.values()].filter(({ node, hostNetwork }) => node === "node-3" && !hostNetwork).length;
  const { stdout } = await inPod(lab, agentOn(lab, "node-3"), ["sh", "-c", script, "sh", `${namespace}/`]);
  // Beside the pods' cables there is the one to the switch.
  expect(stdout).toBe(`0\n${before + 1}\n`);
});

test("what cannot be is refused, or waits, in the words of a real cluster", async () => {
  const strict = "strict";
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await kube.core.createNamespace({ body: { metadata: { name: strict, labels } } });
  const into = (body: V1Pod) => ({
    namespace: strict,
    body: { ...body, metadata: { ...body.metadata, namespace: strict } },
  });
  expect(await refusal(kube.core.createNamespacedPod(into(pod("bare"))))).toMatch(
    /^pods "bare" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false .*runAsNonRoot/,
  );
  expect(await refusal(kube.core.createNamespace({ body: { metadata: { name: strict } } }))).toBe(
    'namespaces "strict" already exists',
  );
  expect(
    await refusal(
      kube.core.createNamespacedService({
        namespace: "nowhere",
        body: { ...service("web"), metadata: { name: "web" } },
      }),
    ),
  ).toBe('namespaces "nowhere" not found');
  expect(await refusal(kube.core.deleteNamespacedPod({ namespace: "default", name: "web-0" }))).toContain("topology");
  expect(await refusal(kube.core.deleteNamespace({ name: "default" }))).toContain("topology");

  const loose = "loose";
  const inLoose = (body: V1Pod) => ({
    namespace: loose,
    body: { ...body, metadata: { ...body.metadata, namespace: loose } },
  });
  await kube.core.createNamespace({ body: { metadata: { name: loose } } });
  await kube.core.createNamespacedPod(
    inLoose(pod("nowhere", { nodeSelector: { "kubernetes.io/hostname": "node-9" } })),
  );
  const unplaced = await kube.core.readNamespacedPod({ namespace: loose, name: "nowhere" });
  expect(unplaced.status?.conditions).toMatchObject([
    { type: "PodScheduled", status: "False", reason: "Unschedulable" },
  ]);
  const [container] = pod("x").spec?.containers ?? [];
  await kube.core.createNamespacedPod(
    inLoose(pod("unknown", { containers: [{ name: "main", ...container, image: "example.org/none:1" }] })),
  );
  const unpulled = await kube.core.readNamespacedPod({ namespace: loose, name: "unknown" });
  expect(unpulled.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("ImagePullBackOff");

  api.faults.set({ namespacesStay: true });
  await kube.core.deleteNamespace({ name: loose });
  await expect.poll(() => [...lab.pods.keys()].filter((key) => key.startsWith(`${loose}/`))).toEqual([]);
  expect((await kube.core.readNamespace({ name: loose })).status?.phase).toBe("Terminating");
  expect(await refusal(kube.core.createNamespacedPod(inLoose(pod("late"))))).toContain(
    "because it is being terminated",
  );
  api.faults.clear();
});
