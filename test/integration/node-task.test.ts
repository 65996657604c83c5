import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentsOf } from "#src/cluster/agents.ts";
import { connectKube, type Kube } from "#src/cluster/kube-client.ts";
import { nodeTasks } from "#src/cluster/node-tasks.ts";
import { agentBin } from "#test/support/agent-shell.ts";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

// Against the API stand-in, which runs commands of agents as processes of this machine.
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
      .poll(async () => (await sync()).tasks.map(({ state }) => state))
      .toEqual(["done", "running", "refused", "absent"]);
    const [a] = (await sync()).tasks;
    expect(a).toMatchObject({ reason: "exited", exitCode: 0, totalBytes: 10, offset: 0, stderr: "" });
    expect(a?.bytes.toString()).toBe("$(id) ü \n");
    expect((await node.list("node-1")).checks).toMatchObject([{ check, running: true }]);
    await node.stop("node-1", check, ["b"]);
    await expect.poll(async () => (await sync()).tasks[1]?.reason).toBe("stopped");
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

  test("segments are read in parts, also when an exec is cut, and acknowledged", async () => {
    const node = tasks();
    const write = "for n in 1 2; do yes $n | head -c 9001 >seg-00000$n.pcap; done; : >seg-000003.open; exec sleep 30";
    await node.start("node-1", {
      check,
      leaseSeconds: 60,
      window: window(),
      keepFreeMb: 1,
      tasks: [{ ...task("capture-1", "sh", "-c", write), maxBytes: 20_000 }],
    });
    await expect.poll(async () => (await node.segment("node-1", check, "capture-1", 3, 0)).state).toBe("open");
    const parts = [];
    for (const offset of [0, 4_000, 8_000, 9_001])
      parts.push(await node.segment("node-1", check, "capture-1", 2, offset, { maxBytes: 4_000 }));
    expect(parts.map(({ bytes }) => bytes.length)).toEqual([4_000, 4_000, 1_001, 0]);
    expect(parts[1]).toMatchObject({ number: 2, state: "sealed", totalBytes: 9_001, offset: 4_000 });
    const whole = "2\n".repeat(4_501).slice(0, 9_001);
    expect(Buffer.concat(parts.map(({ bytes }) => bytes)).toString()).toBe(whole);

    cluster.api.faults.set({ exec: { cut: { afterBytes: 3_000, how: "rst" } } });
    const before = cluster.api.counts().execs;
    const restored = expect
      .poll(() => cluster.api.counts().execs)
      .toBeGreaterThan(before)
      .then(() => cluster.api.faults.clear());
    expect((await node.segment("node-1", check, "capture-1", 2, 0)).bytes.toString()).toBe(whole);
    await restored;

    const upTo = new Map([["capture-1", 1]]);
    expect(await node.acknowledge("node-1", check, upTo)).toEqual({ deleted: 1 });
    expect(await node.acknowledge("node-1", check, upTo)).toEqual({ deleted: 0 });
    expect((await node.segment("node-1", check, "capture-1", 1, 0)).state).toBe("absent");
    expect((await node.segment("node-1", check, "capture-1", 2, 0)).bytes).toHaveLength(9_001);
    await node.remove("node-1", check);
    expect((await node.segment("node-1", check, "capture-1", 2, 0)).state).toBe("absent");
    expect(await failure(node.segment("node-1", check, "../x", 1, 0))).toMatchObject({ code: "exec-failed" });
  });

  test("failures get their meaning", async () => {
    const once = { retries: 0 };
    const node = tasks();
    const attempt = (name = "node-1") => failure(node.list(name, once));
    expect(await attempt("node-9")).toMatchObject({ code: "not-found" });
    cluster.api.faults.set({ refuse: [{ status: 403, verb: "create", resource: "pods/exec" }] });
    expect(await attempt()).toMatchObject({
      code: "forbidden",
      hint: { template: expect.stringContaining("pods/exec") },
    });
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
