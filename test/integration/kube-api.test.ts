import { stat } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

let kube: TestApi;
beforeAll(async () => {
  kube = await testApi();
});
afterEach(() => kube.api.faults.clear());
afterAll(() => kube[Symbol.asyncDispose]());

const WATCH = "/api/v1/namespaces/shop/pods?watch=true&timeoutSeconds=20";

/** The first `count` events of a watch. */
async function watched(path: string, count: number): Promise<{ type: string; name: string }[]> {
  const events: { type: string; name: string }[] = [];
  for await (const line of kube.lines(path)) {
    const { type, object } = JSON.parse(line);
    events.push({ type, name: object.metadata.name ?? object.message });
    if (events.length === count) break;
  }
  return events;
}

const versionNow = async (): Promise<string> => (await kube.json("/api/v1/pods?limit=1")).metadata.resourceVersion;

test("kubeconfigs and keys can be read by their owner only", async () => {
  for (const file of ["kubeconfig", "kubeconfig-worker", "api/server.key"]) {
    expect((await stat(`${kube.dir}/${file}`)).mode & 0o777, file).toBe(0o600);
  }
  await expect(stat(`${kube.dir}/api/ca.key`)).rejects.toMatchObject({ code: "ENOENT" });
});

test.each(["/healthz", "/livez", "/readyz", "/version"])("%s answers without a token", async (path) => {
  expect(await kube.ask(path, { who: "nobody" })).toMatchObject({ status: 200 });
});

test("an unknown token is refused with 401", async () => {
  const headers = { Authorization: "Bearer wrong" };
  expect(await kube.json("/api/v1/pods", { who: "nobody", headers })).toMatchObject({
    code: 401,
    reason: "Unauthorized",
  });
});

test("a request without a token is anonymous and may list nothing", async () => {
  expect((await kube.json("/api/v1/pods", { who: "nobody" })).message).toBe(
    'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
  );
});

test("the worker may read what netcheck reads, everywhere", async () => {
  const paths = ["pods", "nodes", "services", "events", "namespaces"].map((name) => `/api/v1/${name}`);
  const others = ["apps/v1/deployments", "discovery.k8s.io/v1/endpointslices", "networking.k8s.io/v1/networkpolicies"];
  const leases = "coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  for (const path of [...paths, ...[...others, leases].map((name) => `/apis/${name}`)])
    expect((await kube.ask(path, { who: "worker" })).status, path).toBe(200);
});

test.each([
  {
    path: "/api/v1/configmaps",
    method: "GET",
    message: 'cannot list resource "configmaps" in API group "" at the cluster scope',
  },
  {
    path: "/api/v1/namespaces/shop/pods/web-0",
    method: "DELETE",
    message: 'pods "web-0" is forbidden: .* cannot delete resource "pods" in API group "" in the namespace "shop"',
  },
  {
    path: "/api/v1/namespaces/shop/pods/web-0/log",
    method: "GET",
    message: 'pods "web-0" is forbidden: .* cannot get resource "pods/log" in API group "" in the namespace "shop"',
  },
])("the worker's $method $path is refused in the authorizer's words", async ({ path, method, message }) => {
  const status = await kube.json(path, { who: "worker", method });
  expect(status).toMatchObject({ kind: "Status", status: "Failure", reason: "Forbidden", code: 403 });
  expect(status.message).toMatch(new RegExp(message));
});

test("what the lab cannot do is refused with 405 and a reason", async () => {
  const status = await kube.json("/api/v1/namespaces/shop/pods/web-0", { method: "DELETE" });
  expect(status).toMatchObject({ code: 405, reason: "MethodNotAllowed" });
  expect(status.message).toContain("topology");
});

test.each([
  { path: "/api/v1/namespaces/shop/pods/web-9", code: 404, message: 'pods "web-9" not found' },
  { path: "/apis/apps/v1/namespaces/shop/deployments/x", code: 404, message: 'deployments.apps "x" not found' },
  { path: "/api/v1/gadgets", code: 404, message: "the server could not find the requested resource" },
  { path: "/api/v1/pods?fieldSelector=spec.color%3Dred", code: 400, message: "field label not supported: spec.color" },
  { path: "/api/v1/pods?limit=some", code: 400, message: 'invalid value for limit: "some"' },
  { path: "/api/v1/pods?continue=x", code: 400, message: "continue key is not valid" },
])("$path is refused with $code", async ({ path, code, message }) => {
  expect(await kube.json(path)).toMatchObject({ code, message });
});

test("lists narrow by namespace, labels and fields", async () => {
  const names = async (path: string) =>
    (await kube.json(path)).items.map((item: { metadata: { name: string } }) => item.metadata.name);
  expect(await names("/api/v1/namespaces/shop/pods")).toEqual(["db-0", "web-0"]);
  expect(await names("/api/v1/pods?labelSelector=app%20in%20(db,web),tier")).toEqual(["web-0"]);
  expect(await names("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2")).toEqual(["netcheck-agent-node-2", "db-0"]);
});

test("pages follow one another without a hole or a repeat", async () => {
  const seen: string[] = [];
  for (let next = ""; ; ) {
    const page = await kube.json(`/api/v1/pods?limit=3&continue=${next}`);
    seen.push(...page.items.map((item: { metadata: { name: string } }) => item.metadata.name));
    next = page.metadata.continue ?? "";
    if (!next) break;
    expect(page.metadata.remainingItemCount).toBe(1);
  }
  expect(seen).toEqual(["netcheck-agent-node-1", "netcheck-agent-node-2", "db-0", "web-0"]);
});

test("a pod carries what describe and netcheck read", async () => {
  const pod = await kube.json("/api/v1/namespaces/shop/pods/web-0");
  expect(pod.metadata.ownerReferences).toMatchObject([
    { kind: "ReplicaSet", name: "web-5d9c7b8f6d", controller: true },
  ]);
  expect(pod.spec).toMatchObject({ nodeName: "node-1", containers: [{ ports: [{ containerPort: 8080 }] }] });
  expect(pod.status).toMatchObject({ phase: "Running", hostIP: "10.88.0.1", podIPs: [{ ip: pod.status.podIP }] });
  expect(pod.status.containerStatuses).toMatchObject([{ ready: true, restartCount: 0, state: { running: {} } }]);
  const set = await kube.json("/apis/apps/v1/namespaces/shop/replicasets/web-5d9c7b8f6d");
  expect(set.metadata.uid).toBe(pod.metadata.ownerReferences[0].uid);
});

test("a watch goes on from the version of a list, and follows what starts and stops matching", async () => {
  const version = await versionNow();
  const events = watched(`${WATCH}&resourceVersion=${version}&labelSelector=app%3Dcache`, 3);
  const pod = kube.lab.pod("shop/cache-0", { labels: { app: "cache" } });
  kube.lab.pod("shop/other-0");
  kube.lab.change(pod, { ready: false });
  kube.lab.change(pod, { labels: {} } as Partial<typeof pod>);
  expect(await events).toEqual([
    { type: "ADDED", name: "cache-0" },
    { type: "MODIFIED", name: "cache-0" },
    { type: "DELETED", name: "cache-0" },
  ]);
  kube.lab.remove(pod);
});

test("a watch without a version begins with what is there", async () => {
  expect(await watched(`${WATCH}&labelSelector=app`, 2)).toEqual([
    { type: "ADDED", name: "db-0" },
    { type: "ADDED", name: "web-0" },
  ]);
});

test("a watch ends by itself after timeoutSeconds", async () => {
  expect(await watched(`/api/v1/nodes?watch=1&timeoutSeconds=1&resourceVersion=${await versionNow()}`, 9)).toEqual([]);
});

test("endpoints follow the readiness of their pods", async () => {
  const slices =
    "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb";
  const [pod] = [...kube.lab.model.pods.values()].filter(({ name }) => name === "web-0");
  if (!pod) throw new Error("web-0 is missing");
  const ready = async () => (await kube.json(slices)).items[0].endpoints[0].conditions.ready;
  expect(await ready()).toBe(true);
  kube.lab.change(pod, { ready: false });
  expect(await ready()).toBe(false);
  kube.lab.change(pod, { ready: true });
});

test("leases show renewals that nobody announced", async () => {
  const [node] = kube.lab.model.nodes.values();
  if (!node) throw new Error("no node");
  node.leaseRenewedAtMs = Date.parse("2026-01-02T03:04:05.678Z");
  const lease = await kube.json(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node.name}`);
  expect(lease.spec.renewTime).toBe("2026-01-02T03:04:05.678000Z");
});

test("a version from long ago is expired, as an ERROR event", async () => {
  const [line] = await Array.fromAsync(kube.lines(`${WATCH}&resourceVersion=1`));
  expect(JSON.parse(line ?? "")).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
});

test("faults refuse what they name, as often as they say", async () => {
  kube.api.faults.set({ refuse: [{ status: 429, verb: "list", resource: "pods", retryAfterSeconds: 3, times: 1 }] });
  expect((await kube.ask("/api/v1/nodes")).status).toBe(200);
  const refused = await kube.ask("/api/v1/pods");
  expect(refused.headers["retry-after"]).toBe("3");
  expect(JSON.parse(refused.text)).toMatchObject({ reason: "TooManyRequests", details: { retryAfterSeconds: 3 } });
  expect((await kube.ask("/api/v1/pods")).status).toBe(200);

  kube.api.faults.set({
    refuse: [
      { status: 410, verb: "watch" },
      { status: 500, resource: "services" },
    ],
  });
  const [line] = await Array.fromAsync(kube.lines(`${WATCH}&resourceVersion=${await versionNow()}`));
  expect(JSON.parse(line ?? "")).toMatchObject({ type: "ERROR", object: { code: 410 } });
  expect(await kube.json("/api/v1/services")).toMatchObject({ code: 500, reason: "InternalError" });
});

test("a silent server takes the request and says nothing", async () => {
  kube.api.faults.set({ silent: true });
  const answer = kube.ask("/api/v1/pods");
  const quiet = Promise.race([
    answer.then(() => "answered"),
    new Promise((done) => setTimeout(() => done("silent"), 300)),
  ]);
  expect(await quiet).toBe("silent");
  await Promise.all([expect(answer).rejects.toThrow(), kube.api.goDown()]);
  await kube.api.comeBack();
});

test("a server that went down is refused, and is back on the same port with what it knew", async () => {
  const before = await versionNow();
  const { requests } = kube.api.counts();
  const stream = Array.fromAsync(kube.lines(`${WATCH}&resourceVersion=${before}`));
  await expect.poll(() => kube.api.counts().requests).toBe(requests + 1);
  await Promise.all([expect(stream).rejects.toThrow(), kube.api.goDown()]);
  await expect(kube.ask("/version")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  kube.lab.pod("shop/late-0");
  await kube.api.comeBack();
  expect(await watched(`${WATCH}&resourceVersion=${before}`, 1)).toEqual([{ type: "ADDED", name: "late-0" }]);
});
