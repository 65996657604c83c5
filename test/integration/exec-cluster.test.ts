import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentsOf } from "#src/cluster/agents.ts";
import { publishInventory } from "#src/cluster/inventory-publisher.ts";
import { connectKube, type Kube, listPages } from "#src/cluster/kube-client.ts";
import { readNames } from "#src/cluster/names.ts";
import { missingPermissions } from "#src/cluster/permissions.ts";
import { resolver } from "#src/cluster/resolve.ts";
import { readView } from "#src/cluster/view.ts";
import { clusterViewSchema } from "#src/core/cluster-view.ts";
import { type Inventory, inventorySchema } from "#src/core/inventory.ts";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

// The whole cluster side against the API stand-in, which runs commands of agents as processes of this machine.
const SELECTOR = "app=netcheck-agent";
let cluster: TestApi;
let kube: Kube;
let folder: string;
beforeAll(async () => {
  cluster = await testApi();
  kube = connectKube({ kubeconfig: cluster.api.workerKubeconfig });
  folder = await mkdtemp(join(tmpdir(), "netcheck-cluster-"));
});
afterAll(async () => {
  await kube.close();
  await cluster[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const agents = () => agentsOf(kube, { namespace: "netcheck", selector: SELECTOR });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it succeeded"),
    (error: unknown) => error,
  );
const listPods = (one: Kube) => one.call({ verb: "list", resource: "pods" }, () => one.core.listPodForAllNamespaces());

describe("API access", () => {
  test("many calls share few connections", async () => {
    await using quiet = await testApi();
    const one = connectKube({ kubeconfig: quiet.api.workerKubeconfig });
    for (let n = 0; n < 10; n++) await Promise.all(Array.from({ length: 6 }, () => listPods(one)));
    expect(quiet.api.counts()).toMatchObject({ requests: 60 });
    expect(quiet.api.counts().connections).toBeLessThanOrEqual(16);
    await one.close();
  });

  test("lists are read in pages and bounded", async () => {
    const pages = await listPages(
      (query) => kube.core.listPodForAllNamespaces({ ...query, limit: Math.min(2, query.limit) }),
      { max: 3, keep: ({ metadata }) => metadata?.name ?? "" },
    );
    expect(pages.items).toHaveLength(3);
    expect(pages.complete).toBe(false);
    const all = await listPages((query) => kube.core.listPodForAllNamespaces({ ...query, limit: 2 }), {
      max: 100,
      keep: () => [1],
    });
    expect({ count: all.items.length, complete: all.complete }).toEqual({ count: 4, complete: true });
  });

  test("what is refused names the missing verb", async () => {
    const error = await failure(
      kube.call({ verb: "list", resource: "configmaps" }, () => kube.core.listConfigMapForAllNamespaces()),
    );
    expect(error).toMatchObject({
      code: "forbidden",
      message: "netcheck may not list configmaps.",
      hint: { values: { verb: "list", resource: "configmaps" } },
    });
  });

  test("what does not exist is not-found, a busy or broken server cluster-unreachable", async () => {
    // A worker gets no single objects; an administrator may.
    const admin = connectKube({ kubeconfig: cluster.api.kubeconfig });
    const read = admin.call({ verb: "get", resource: "pods", name: "shop/web-9" }, () =>
      admin.core.readNamespacedPod({ namespace: "shop", name: "web-9" }),
    );
    expect(await failure(read)).toMatchObject({ code: "not-found", message: "There is no pods shop/web-9." });
    await admin.close();
    for (const status of [429, 500, 503] as const) {
      cluster.api.faults.set({ refuse: [{ status }] });
      expect(await failure(listPods(kube))).toMatchObject({ code: "cluster-unreachable" });
    }
    cluster.api.faults.clear();
  });

  test("a server that accepts and says nothing ends at the deadline", async () => {
    cluster.api.faults.set({ silent: true });
    const call = kube.call({ verb: "list", resource: "pods" }, () => kube.core.listPodForAllNamespaces(), {
      deadlineMs: 300,
    });
    expect(await failure(call)).toMatchObject({
      code: "cluster-unreachable",
      message: expect.stringContaining("0.3 s"),
    });
    cluster.api.faults.clear();
    const quick = connectKube({ kubeconfig: cluster.api.workerKubeconfig }, { headersTimeoutMs: 300 });
    cluster.api.faults.set({ silent: true });
    expect(await failure(listPods(quick))).toMatchObject({ code: "cluster-unreachable" });
    cluster.api.faults.clear();
    await quick.close();
  });

  test("a server that is away is cluster-unreachable, and back when it is back", async () => {
    await cluster.api.goDown();
    expect(await failure(listPods(kube))).toMatchObject({
      code: "cluster-unreachable",
      message: expect.stringMatching(/ECONNREFUSED/),
    });
    await cluster.api.comeBack();
    expect((await listPods(kube)).items).toHaveLength(4);
  });

  test("a bug in a request stays a bug", async () => {
    const bug = kube.call({ verb: "list", resource: "pods" }, () =>
      Promise.reject(new TypeError("x is not a function")),
    );
    expect(await failure(bug)).toBeInstanceOf(TypeError);
  });

  test("a kubeconfig that changes is read again", async () => {
    const path = join(folder, "kubeconfig");
    await writeFile(path, (await readFile(cluster.api.workerKubeconfig, "utf8")).replace(/token: .*/, "token: stale"));
    const one = connectKube({ kubeconfig: path });
    expect(await failure(listPods(one))).toMatchObject({ code: "forbidden" });
    await copyFile(cluster.api.workerKubeconfig, path);
    expect((await listPods(one)).items).toHaveLength(4);
    await one.close();
  });

  test("missing permissions are told before they are missed", async () => {
    expect(await missingPermissions(kube, "netcheck")).toEqual([]);
    cluster.api.faults.set({ refuse: [{ status: 403, verb: "create", resource: "pods/exec" }] });
    expect(await missingPermissions(kube, "netcheck")).toMatchObject([
      { verb: "create", resource: "pods", subresource: "exec", namespace: "netcheck" },
    ]);
    cluster.api.faults.clear();
  });
});

describe("agents", () => {
  test("are found by node and remembered until one is forgotten", async () => {
    const known = agents();
    const before = cluster.api.counts().requests;
    expect(await known.on("node-2")).toMatchObject({ pod: "netcheck-agent-node-2", container: "main", ready: true });
    await Promise.all([known.on("node-1"), known.on("node-1"), known.on("node-2")]);
    expect(cluster.api.counts().requests).toBe(before + 2);
    known.forget("node-1");
    await Promise.all([known.on("node-1"), known.on("node-2")]);
    expect(cluster.api.counts().requests).toBe(before + 3);
  });

  test("a node without one, and one that is not ready, say so", async () => {
    expect(await failure(agents().on("node-9"))).toMatchObject({
      code: "not-found",
      message: expect.stringContaining("no netcheck agent"),
    });
    const pod = cluster.lab.model.pods.get("netcheck/netcheck-agent-node-2");
    if (!pod) throw new Error("no agent");
    cluster.lab.change(pod, { ready: false });
    expect(await failure(agents().on("node-2"))).toMatchObject({ message: expect.stringContaining("is not ready") });
    cluster.lab.change(pod, { ready: true });
  });
});

describe("view", () => {
  test("has pods, nodes with leases, services with endpoints, agents and recent events", async () => {
    const pod = cluster.lab.model.pods.get("shop/db-0");
    if (!pod) throw new Error("no pod");
    cluster.lab.event(pod, { atMs: Date.now() - 2 * 3_600_000, reason: "Old" });
    cluster.lab.event(pod, { reason: "Unhealthy" });
    const view = await readView({ kube, agents: agents() });
    expect(clusterViewSchema.parse(view)).toEqual(view);
    expect(view.pods.map(({ namespace, name }) => `${namespace}/${name}`)).toContain("shop/web-0");
    expect(view.pods.find(({ name }) => name === "db-0")).toMatchObject({
      node: "node-2",
      ready: true,
      uid: pod.uid,
      ip: pod.ip,
    });
    expect(view.nodes).toHaveLength(2);
    for (const node of view.nodes) expect(node.leaseAgeMs).toBeGreaterThanOrEqual(0);
    expect(view.services.find(({ name }) => name === "web")).toMatchObject({
      endpoints: [{ pod: "web-0", ready: true, ports: [8080] }],
    });
    expect(view.agents).toHaveLength(2);
    expect(view.policies).toEqual([]);
    expect(view.namespaces?.map(({ name }) => name)).toContain("shop");
    expect(view.events.map(({ reason, object }) => [reason, object])).toEqual([["Unhealthy", "pod/shop/db-0"]]);
    expect(view.unread).toBeUndefined();
  });

  test("names what it may not read, and needs pods and nodes", async () => {
    cluster.api.faults.set({ refuse: [{ status: 403, resource: "events" }] });
    const view = await readView({ kube, agents: agents() });
    expect(view.unread).toEqual(["netcheck may not list events."]);
    cluster.api.faults.set({ refuse: [{ status: 403, resource: "networkpolicies" }] });
    const without = await readView({ kube, agents: agents() });
    expect(without.policies).toBeUndefined();
    expect(without.unread).toEqual(["netcheck may not list networkpolicies."]);
    cluster.api.faults.set({ refuse: [{ status: 403, resource: "nodes" }] });
    expect(await failure(readView({ kube, agents: agents() }))).toMatchObject({ code: "forbidden" });
    cluster.api.faults.clear();
  });
});

describe("names", () => {
  test("of deployments and of hosts are resolved by asking", async () => {
    const resolve = resolver({ kube, agents: agents(), readNames: () => readNames(kube) });
    const view = await readView({ kube, agents: agents() });
    const end = (ip: string) => ({ kind: "node", name: "node-2", node: "node-2", ip }) as const;
    expect(await resolve({ kind: "deployment", name: "web", port: 8080 }, view)).toMatchObject({
      kind: "pod",
      name: "shop/web-0",
      node: "node-1",
      port: 8080,
    });
    expect(await resolve({ kind: "host", name: "localhost", port: 80 }, view, { from: end("192.0.2.1") })).toEqual({
      kind: "address",
      name: "localhost",
      ip: "127.0.0.1",
      port: 80,
    });
    // Names that are addresses: what the hosts file of this machine has plays no part.
    const led = (name: string, ip: string) => resolve({ kind: "host", name }, view, { from: end(ip) });
    expect(await led("::1", "fd00::7")).toMatchObject({ ip: "::1" });
    expect(await led("127.0.0.1", "fd00::7")).toMatchObject({ ip: "127.0.0.1" });
    expect(await resolve({ kind: "host", name: "web.shop.svc.cluster.local" }, view)).toMatchObject({
      kind: "service",
      name: "svc/shop/web",
    });
    expect(await failure(resolve({ kind: "host", name: "no-such-host.invalid" }, view))).toMatchObject({
      code: "not-found",
    });
  });
});

describe("inventory", () => {
  test("is published at once, follows changes, and survives a restart of the API server", async () => {
    const published: Inventory[] = [];
    const errors: unknown[] = [];
    const publisher = publishInventory({
      kube,
      cluster: "lab",
      publish: async (inventory) => void published.push(inventory),
      onError: (error) => errors.push(error),
    });
    const names = () => published.at(-1)?.pods.map(({ name }) => name);
    await expect.poll(names).toContain("web-0");
    expect(inventorySchema.parse(published.at(-1))).toEqual(published.at(-1));
    expect(published.at(-1)).toMatchObject({
      cluster: "lab",
      services: [{ name: "db" }, { name: "web" }],
      deployments: [{ namespace: "shop", name: "web" }],
    });

    const late = cluster.lab.pod("shop/late-0");
    await expect.poll(names).toContain("late-0");
    expect(errors).toEqual([]);

    await cluster.api.goDown();
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    const before = publisher.ageMs();
    await expect.poll(() => publisher.ageMs()).toBeGreaterThan((before ?? 0) + 200);
    cluster.lab.remove(late);
    await cluster.api.comeBack();
    await expect.poll(names).not.toContain("late-0");
    await publisher.stop();
    const count = published.length;
    cluster.lab.pod("shop/later-0");
    await expect.poll(() => published.length).toBe(count);
  });
});

test("the port of a server that never was is unreachable", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  const path = join(folder, "nowhere");
  await writeFile(
    path,
    (await readFile(cluster.api.workerKubeconfig, "utf8")).replace(/server: .*/, `server: https://127.0.0.1:${port}`),
  );
  const one = connectKube({ kubeconfig: path });
  expect(await failure(listPods(one))).toMatchObject({ code: "cluster-unreachable" });
  await one.close();
});
