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
import { nodeTasks } from "#src/cluster/node-tasks.ts";
import { missingPermissions } from "#src/cluster/permissions.ts";
import { resolver } from "#src/cluster/resolve.ts";
import { readView } from "#src/cluster/view.ts";
import { clusterViewSchema } from "#src/core/cluster-view.ts";
import { type Inventory, inventorySchema } from "#src/core/inventory.ts";
import { agentBin } from "#test/support/agent-shell.ts";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

// The whole cluster side against the API stand-in, which runs commands of agents as processes of this machine.
const SELECTOR = "app=netcheck-agent";
let cluster: TestApi;
let kube: Kube;
let folder: string;
const oldPath = process.env["PATH"];
beforeAll(async () => {
  cluster = await testApi();
  kube = connectKube({ kubeconfig: cluster.api.workerKubeconfig });
  folder = await mkdtemp(join(tmpdir(), "netcheck-cluster-"));
  process.env["PATH"] = `${agentBin}:${oldPath}`;
  process.env["NETCHECK_STATE"] = join(folder, "state");
});
afterAll(async () => {
  process.env["PATH"] = oldPath;
  delete process.env["NETCHECK_STATE"];
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
      { max: 3 },
    );
    expect(pages.items).toHaveLength(3);
    expect(pages.complete).toBe(false);
    const all = await listPages((query) => kube.core.listPodForAllNamespaces({ ...query, limit: 2 }), { max: 100 });
    expect({ count: all.items.length, complete: all.complete }).toEqual({ count: 4, complete: true });
  });

  test("what is refused names the missing verb", async () => {
    const error = await failure(
      kube.call({ verb: "list", resource: "configmaps" }, () => kube.core.listConfigMapForAllNamespaces()),
    );
    expect(error).toMatchObject({
      code: "forbidden",
      message: "netcheck may not list configmaps.",
      hint: expect.stringContaining('"list" on "configmaps"'),
    });
  });

  test("what does not exist is not-found, a busy or broken server cluster-unreachable", async () => {
    const read = () =>
      kube.call({ verb: "get", resource: "pods", name: "shop/web-9" }, () =>
        kube.core.readNamespacedPod({ namespace: "shop", name: "web-9" }),
      );
    expect(await failure(read())).toMatchObject({ code: "not-found", message: "There is no pods shop/web-9." });
    for (const status of [429, 500, 503] as const) {
      cluster.api.faults.set({ refuse: [{ status }] });
      expect(await failure(listPods(kube))).toMatchObject({ code: "cluster-unreachable" });
    }
    cluster.api.faults.clear();
  });

  test("a server that accepts and says nothing ends at the deadline", async () => {
    cluster.api.faults.set({ silent: true });
    const began = performance.now();
    const call = kube.call({ verb: "list", resource: "pods" }, () => kube.core.listPodForAllNamespaces(), {
      deadlineMs: 300,
    });
    expect(await failure(call)).toMatchObject({
      code: "cluster-unreachable",
      message: expect.stringContaining("0.3 s"),
    });
    expect(performance.now() - began).toBeLessThan(900);
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
    expect(await missingPermissions(kube, "netcheck")).toEqual(["create pods/exec in netcheck"]);
    cluster.api.faults.clear();
  });
});

describe("agents", () => {
  test("are found by node and remembered until one is forgotten", async () => {
    const known = agents();
    const before = cluster.api.counts().requests;
    expect(await known.on("node-2")).toMatchObject({ pod: "netcheck-agent-node-2", container: "main", ready: true });
    await known.on("node-1");
    expect(cluster.api.counts().requests).toBe(before + 1);
    known.forget();
    await known.on("node-1");
    expect(cluster.api.counts().requests).toBe(before + 2);
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
    expect(view.events.map(({ reason, object }) => [reason, object])).toEqual([["Unhealthy", "pod/shop/db-0"]]);
    expect(view.unread).toBeUndefined();
  });

  test("names what it may not read, and needs pods and nodes", async () => {
    cluster.api.faults.set({ refuse: [{ status: 403, resource: "events" }] });
    const view = await readView({ kube, agents: agents() });
    expect(view.unread).toEqual(["netcheck may not list events."]);
    cluster.api.faults.set({ refuse: [{ status: 403, resource: "nodes" }] });
    expect(await failure(readView({ kube, agents: agents() }))).toMatchObject({ code: "forbidden" });
    cluster.api.faults.clear();
  });
});

describe("names", () => {
  test("of deployments and of hosts are resolved by asking", async () => {
    const resolve = resolver({ kube, agents: agents() });
    const view = await readView({ kube, agents: agents() });
    expect(await resolve({ kind: "deployment", name: "web", port: 8080 }, view)).toMatchObject({
      kind: "pod",
      name: "shop/web-0",
      node: "node-1",
      port: 8080,
    });
    expect(await resolve({ kind: "host", name: "localhost", port: 80 }, view, { fromNode: "node-2" })).toEqual({
      kind: "address",
      name: "localhost",
      ip: "127.0.0.1",
      port: 80,
    });
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
    await expect.poll(names, { timeout: 5_000 }).toContain("web-0");
    expect(inventorySchema.parse(published.at(-1))).toEqual(published.at(-1));
    expect(published.at(-1)).toMatchObject({
      cluster: "lab",
      services: [{ name: "db" }, { name: "web" }],
      deployments: [{ namespace: "shop", name: "web" }],
    });

    const late = cluster.lab.pod("shop/late-0");
    await expect.poll(names, { timeout: 5_000 }).toContain("late-0");
    expect(errors).toEqual([]);

    await cluster.api.goDown();
    await expect.poll(() => errors.length, { timeout: 5_000 }).toBeGreaterThan(0);
    const before = publisher.ageMs();
    await expect.poll(() => publisher.ageMs()).toBeGreaterThan((before ?? 0) + 200);
    cluster.lab.remove(late);
    await cluster.api.comeBack();
    await expect.poll(names, { timeout: 10_000 }).not.toContain("late-0");
    await publisher.stop();
    const count = published.length;
    cluster.lab.pod("shop/later-0");
    await expect.poll(() => published.length).toBe(count);
  });
});

describe("node tasks through exec", () => {
  const check = "nc-7c1e";
  const window = () => ({ startMs: Date.now(), endMs: Date.now() + 20_000 });
  const task = (id: string, ...argv: string[]) => ({ id, netns: "node", argv, maxBytes: 10_000 });
  const tasks = () => nodeTasks({ access: kube.exec, agents: agents() });

  test("start, sync, stop, list and remove", async () => {
    const node = tasks();
    const order = {
      check,
      leaseSeconds: 60,
      window: window(),
      keepFreeMb: 1,
      tasks: [
        task("a", "echo", "$(id) ü", ""),
        task("b", "sleep", "30"),
        { ...task("c", "true"), netns: "0a1b2c3d-1111-2222-3333-444455556666" },
      ],
    };
    const started = await node.start("node-1", order);
    expect(started.tasks).toEqual([
      { id: "a", state: "running" },
      { id: "b", state: "running" },
      { id: "c", state: "refused", reason: "no-such-pod" },
    ]);
    expect(Math.abs(started.offsetEstimateMs)).toBeLessThan(started.offsetErrorMs + 5);
    expect((await node.start("node-1", order)).tasks[1]).toEqual({ id: "b", state: "running" });

    const sync = () =>
      node.sync(
        "node-1",
        check,
        new Map([
          ["a", 0],
          ["b", 0],
          ["c", 0],
          ["d", 0],
        ]),
      );
    await expect
      .poll(async () => (await sync()).tasks.map(({ state }) => state), { timeout: 5_000 })
      .toEqual(["done", "running", "refused", "absent"]);
    const [a] = (await sync()).tasks;
    expect(a).toMatchObject({ reason: "exited", exitCode: 0, totalBytes: 10, offset: 0, stderr: "" });
    expect(a?.bytes.toString()).toBe("$(id) ü \n");
    expect((await node.list("node-1")).checks).toMatchObject([{ check, running: true }]);
    await node.stop("node-1", check, ["b"]);
    await expect.poll(async () => (await sync()).tasks[1]?.reason, { timeout: 5_000 }).toBe("stopped");
    expect(await node.remove("node-1", check)).toEqual({ removed: true });
    expect(await node.remove("node-1", check)).toEqual({ removed: false });
    expect((await node.list("node-1")).checks).toEqual([]);
  });

  test("a cut, reset or truncated exec is repeated", async () => {
    const node = tasks();
    await node.start("node-1", {
      check,
      leaseSeconds: 60,
      window: window(),
      keepFreeMb: 1,
      tasks: [task("a", "sh", "-c", "yes | head -c 9000")],
    });
    for (const how of ["fin", "rst", "close"] as const) {
      cluster.api.faults.set({ exec: { cut: { afterBytes: 3_000, how } } });
      const before = cluster.api.counts().execs;
      const restored = expect
        .poll(() => cluster.api.counts().execs)
        .toBeGreaterThan(before)
        .then(() => cluster.api.faults.clear());
      await expect
        .poll(async () => (await node.sync("node-1", check, new Map([["a", 0]]))).tasks[0]?.bytes.length, {
          timeout: 5_000,
        })
        .toBe(9_000);
      await restored;
    }
    await node.remove("node-1", check);
  });

  test("failures get their meaning", async () => {
    const once = { retries: 0 };
    const node = tasks();
    const attempt = (name = "node-1") => failure(node.list(name, once));
    expect(await attempt("node-9")).toMatchObject({ code: "not-found" });
    cluster.api.faults.set({ refuse: [{ status: 403, verb: "create", resource: "pods/exec" }] });
    expect(await attempt()).toMatchObject({ code: "forbidden", hint: expect.stringContaining("pods/exec") });
    cluster.api.faults.set({ refuse: [{ status: 503, resource: "pods/exec" }] });
    expect(await attempt()).toMatchObject({ code: "cluster-unreachable" });
    cluster.api.faults.set({ refuse: [], exec: { cut: { afterBytes: 10, how: "rst" } } });
    expect(await attempt()).toMatchObject({ code: "exec-failed" });
    cluster.api.faults.clear();
    expect(await failure(node.list("node-1", { signal: AbortSignal.abort() }))).toMatchObject({ code: "cancelled" });
    const one = cluster.lab.model.nodes.get("node-1");
    if (!one) throw new Error("no node");
    cluster.lab.change(one, { ready: "Unknown" });
    expect(await attempt()).toMatchObject({
      code: "exec-failed",
      message: expect.stringContaining("no route to host"),
    });
    cluster.lab.change(one, { ready: "True" });
    await cluster.api.goDown();
    expect(
      await failure(
        nodeTasks({
          access: kube.exec,
          agents: {
            ...agents(),
            on: async () => ({
              node: "node-1",
              pod: "a",
              namespace: "netcheck",
              container: "main",
              uid: "u",
              ready: true,
            }),
          },
        }).list("node-1", once),
      ),
    ).toMatchObject({ code: "cluster-unreachable" });
    await cluster.api.comeBack();
    process.env["NETCHECK_STATE"] = "/proc/none";
    expect(
      await failure(node.start("node-1", { check, leaseSeconds: 60, window: window(), tasks: [task("a", "true")] })),
    ).toMatchObject({ code: "exec-failed", message: expect.stringContaining("no state folder") });
    process.env["NETCHECK_STATE"] = join(folder, "state");
  });

  test("more words than one input takes are sent in several", async () => {
    const node = tasks();
    const many = Array.from({ length: 70 }, (_, n) => task(`t${n}`, "true", "x".repeat(1_000)));
    const { tasks: answers } = await node.start("node-1", {
      check,
      leaseSeconds: 60,
      window: window(),
      keepFreeMb: 1,
      tasks: many,
    });
    expect(answers.map(({ id }) => id)).toEqual(many.map(({ id }) => id));
    const offsets = new Map(many.map(({ id }) => [id, 0]));
    await expect
      .poll(
        async () => (await node.sync("node-1", check, offsets)).tasks.filter(({ exitCode }) => exitCode === 0).length,
        { timeout: 20_000 },
      )
      .toBe(70);
    await node.remove("node-1", check);
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
