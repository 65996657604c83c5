import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentsOf } from "#src/cluster/agents.ts";
import { runExec } from "#src/cluster/exec-run.ts";
import { publishInventory } from "#src/cluster/inventory-publisher.ts";
import { connectKube, type Kube } from "#src/cluster/kube-client.ts";
import { missingPermissions } from "#src/cluster/permissions.ts";
import { readView } from "#src/cluster/view.ts";
import { chartGrants, compareGrants, readCalls } from "#test/support/granted.ts";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

// The real code against the stand-in, which gives a worker what the chart gives it and notes what is used of that.
const SELECTOR = "app=netcheck-agent";
const cleanup = new AsyncDisposableStack();
let cluster: TestApi;
let kube: Kube;
beforeAll(async () => {
  cluster = cleanup.use(await testApi({}, { noteCalls: true }));
  kube = cleanup.adopt(connectKube({ kubeconfig: cluster.api.workerKubeconfig }), (open) => open.close());
  writeFileSync(cluster.calls, "");
});
afterAll(() => cleanup.disposeAsync());

const used = () => compareGrants(readCalls(cluster.calls), chartGrants());

test("the chart grants a worker exactly what its code uses", async () => {
  expect(await missingPermissions(kube, "netcheck")).toEqual([]);
  const agents = agentsOf(kube, { namespace: "netcheck", selector: SELECTOR });
  const view = await readView({ kube, agents });
  expect(view.unread).toBeUndefined();
  const published = Promise.withResolvers<void>();
  const publisher = publishInventory({
    kube,
    cluster: "lab",
    publish: async () => published.resolve(),
    onError: published.reject,
  });
  await published.promise;
  const { namespace, pod, container } = await agents.on("node-1");
  await runExec(kube.exec, { namespace, pod, container, command: ["true"] }, { timeoutMs: 10_000, maxBytes: 100 });
  await expect.poll(used).toEqual({ missing: [], unused: [] });
  await publisher.stop();
});

test("other programs' requests are not netcheck's", async () => {
  const before = readCalls(cluster.calls).length;
  expect((await cluster.ask("/api/v1/namespaces/shop/pods/web-0")).status).toBe(200);
  expect(readCalls(cluster.calls)).toHaveLength(before);
});
