import {
  AppsV1Api,
  AuthorizationV1Api,
  CoordinationV1Api,
  CoreV1Api,
  DiscoveryV1Api,
  KubeConfig,
  makeInformer,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

let kube: TestApi;
let config: KubeConfig;
let admin: KubeConfig;
beforeAll(async () => {
  kube = await testApi();
  config = new KubeConfig();
  config.loadFromFile(kube.api.workerKubeconfig);
  admin = new KubeConfig();
  admin.loadFromFile(kube.api.kubeconfig);
});
afterAll(() => kube[Symbol.asyncDispose]());

test("generated clients list with selectors and read typed objects", async () => {
  const core = config.makeApiClient(CoreV1Api);
  const { items } = await core.listPodForAllNamespaces({ fieldSelector: "spec.nodeName=node-2", labelSelector: "app" });
  expect(items.map((pod) => pod.metadata?.name)).toEqual(["netcheck-agent-node-2", "db-0"]);
  expect(items[1]?.metadata?.creationTimestamp).toBeInstanceOf(Date);
  expect(items[1]?.status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "True" });
  const page = await core.listPodForAllNamespaces({ limit: 3 });
  expect(page.metadata?.remainingItemCount).toBe(1);
  const { _continue } = page.metadata ?? {};
  expect((await core.listPodForAllNamespaces({ limit: 3, ...(_continue && { _continue }) })).items).toHaveLength(1);
});

test("generated clients read the other groups", async () => {
  const { items: slices } = await config.makeApiClient(DiscoveryV1Api).listEndpointSliceForAllNamespaces();
  expect(slices[0]?.endpoints?.[0]?.targetRef?.name).toBe("db-0");
  const lease = await admin
    .makeApiClient(CoordinationV1Api)
    .readNamespacedLease({ namespace: "kube-node-lease", name: "node-1" });
  // Typed as a Date, but 2.0.1 leaves microsecond times as text.
  expect(Date.parse(String(lease.spec?.renewTime))).toBe(kube.lab.model.nodes.get("node-1")?.leaseRenewedAtMs);
  const { items: sets } = await admin.makeApiClient(AppsV1Api).listNamespacedDaemonSet({ namespace: "netcheck" });
  expect(sets[0]?.status?.numberReady).toBe(2);
});

test("a refusal arrives with its Status as text", async () => {
  const refused = config.makeApiClient(CoreV1Api).listConfigMapForAllNamespaces();
  await expect(refused).rejects.toMatchObject({ code: 403, body: expect.stringContaining("cannot list resource") });
});

test.each([
  { namespace: "netcheck", allowed: true },
  { namespace: "shop", allowed: false },
])("an access review says $allowed for exec in $namespace", async ({ namespace, allowed }) => {
  const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: "create", resource: "pods", subresource: "exec", namespace } } },
  });
  expect(review.status?.allowed).toBe(allowed);
});

test("an access review says no to what a fault forbids", async () => {
  kube.api.faults.set({ refuse: [{ status: 403, verb: "get", resource: "pods/exec" }] });
  const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: {
      spec: { resourceAttributes: { verb: "get", resource: "pods", subresource: "exec", namespace: "netcheck" } },
    },
  });
  expect(review.status?.allowed).toBe(false);
  kube.api.faults.clear();
});

test("an informer follows pods, and starts again after the server was away", async () => {
  const core = config.makeApiClient(CoreV1Api);
  const informer = makeInformer(config, "/api/v1/namespaces/shop/pods", () =>
    core.listNamespacedPod({ namespace: "shop" }),
  );
  const seen: string[] = [];
  for (const type of ["add", "update", "delete"] as const)
    informer.on(type, (pod) => seen.push(`${type} ${pod.metadata?.name}`));
  const failed = Promise.withResolvers<void>();
  informer.on("error", () => failed.resolve());
  await informer.start();
  await expect.poll(() => seen.sort()).toEqual(["add db-0", "add web-0"]);

  const cache = kube.lab.pod("shop/cache-0");
  kube.lab.change(cache, { ready: false });
  kube.lab.remove(cache);
  await expect.poll(() => seen.slice(2)).toEqual(["add cache-0", "update cache-0", "delete cache-0"]);

  await kube.api.goDown();
  await failed.promise;
  kube.lab.pod("shop/late-0");
  await kube.api.comeBack();
  await informer.start();
  await expect.poll(() => seen.at(-1)).toBe("add late-0");
  await informer.stop();
});
