import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LabCluster, startCluster } from "#lab/cluster/cluster.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";
import { agentOn, connect, inPod, ipOf, lost, roundTrips } from "../lab/cluster/in-pod.ts";

const reason = whyNoLab();
const folder = mkdtempSync(join(tmpdir(), "netcheck-lab-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [web, db, api] = ["default/web-0", "default/db-0", "default/api-0"];

describe.skipIf(reason !== undefined)(`kernel faults${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: LabCluster;
  beforeAll(async () => {
    lab = await startCluster(topologySchema.parse({}), { dir: folder });
  });
  afterEach(() => lab.fault.clear());
  afterAll(() => lab?.stop());

  const onNode = async (node: string, ...argv: string[]): Promise<string> =>
    (await inPod(lab, agentOn(lab, node), argv)).stdout;
  const cgroup = (pod: string): Promise<string> =>
    onNode(lab.pods.get(pod)?.node ?? "", "netcheck-cgroup", lab.pods.get(pod)?.uid ?? "");
  const number = (text: string, pattern: RegExp): number =>
    Math.max(0, ...[...text.matchAll(new RegExp(pattern, "g"))].map(([, value]) => Number(value)));

  test("a neighbour is OOM-killed, its node stalls, and its server lives on", async () => {
    const pods = [...lab.pods.values()];
    const victim = pods.find(({ node, name }) => node === "node-2" && name !== "db-0" && name.includes("-"));
    const name = `${victim?.namespace}/${victim?.name}`;
    await lab.fault.add({ kind: "oom", node: "node-2", pod: name, everyS: 2, stallMs: 700 });
    const trips = await roundTrips(lab, web, db, { count: 120, everyMs: 40, waitMs: 3_000 });
    const held = trips.filter((ms) => ms !== undefined && ms > 150).length;
    expect(held).toBeGreaterThan(3);
    expect(lost(trips)).toBeLessThan(trips.length / 4);
    expect(number(await cgroup(name), /oom_kill (\d+)/)).toBeGreaterThanOrEqual(2);
    expect(await onNode("node-2", "netcheck-kernel", "60")).toMatch(
      new RegExp(`task_memcg=\\S*/pod${victim?.uid}/${victim?.containers[0]?.containerId}`),
    );
    expect(victim?.containers[0]?.restarts).toBe(0);
  });

  test.each([
    ["its cable, outwards", { pod: db, direction: "out" as const }],
    ["the bridge, inwards", { node: "node-2", device: "cni0", direction: "in" as const }],
  ])("a device loses packets in the kernel of its node: %s", async (_, where) => {
    await lab.fault.add({ kind: "device-loss", ...where, percent: 30 });
    const there = await roundTrips(lab, web, db, { count: 100, everyMs: 10, waitMs: 500 });
    expect(lost(there)).toBeGreaterThan(10);
    expect(lost(there)).toBeLessThan(60);
    await lab.fault.clear();
    expect(lost(await roundTrips(lab, web, db, { count: 20, everyMs: 10, waitMs: 500 }))).toBe(0);
  });

  test("a container that has too much to do for its limit is throttled", async () => {
    await lab.fault.add({ kind: "cpu-limit", pod: db, milli: 50 });
    await expect.poll(async () => number(await cgroup(db), /nr_throttled (\d+)/)).toBeGreaterThan(5);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
    await lab.fault.clear();
    expect(await cgroup(db)).toMatch(/cpu\.cfs_quota_us:-1|cpu\.max:max/);
  });

  test("a server may open no more files, and again as many as before", async () => {
    const filesOf = async () =>
      Math.max(
        ...[...(await cgroup(db)).matchAll(/\/fds:(\d+) (\d+) /g)].map(
          ([, open, limit]) => Number(open) / Number(limit),
        ),
      );
    await lab.fault.add({ kind: "fd-limit", pod: db });
    expect(await filesOf()).toBeGreaterThanOrEqual(0.95);
    await lab.fault.clear();
    expect(await filesOf()).toBeLessThan(0.5);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
  });

  test("a node's file system is full, and gone again", async () => {
    await lab.fault.add({ kind: "disk-full", node: "node-2" });
    expect(await onNode("node-2", "netcheck-kernel", "1")).toMatch(/^@disk \/var\/lib\/kubelet 2097152 0 /m);
    expect(await onNode("node-1", "netcheck-kernel", "1")).not.toContain("2097152");
    await lab.fault.clear();
    expect(await onNode("node-2", "netcheck-kernel", "1")).not.toContain("2097152");
  });

  test("a node's connection table is full, and empty again", async () => {
    await lab.fault.add({ kind: "conntrack-full", node: "node-2" });
    const [, count, max] = /@conntrack (\d+) (\d+)/.exec(await onNode("node-2", "netcheck-kernel", "60")) ?? [];
    expect(Number(count) / Number(max)).toBeGreaterThan(0.99);
    await roundTrips(lab, web, db, { count: 5, waitMs: 200 });
    await lab.fault.clear();
    expect(number(await onNode("node-2", "netcheck-kernel", "60"), /@conntrack (\d+)/)).toBeLessThan(1_000);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
  });

  test("no local port is left for one destination, and others are reached", async () => {
    await lab.fault.add({ kind: "port-exhaustion", pod: web, to: db });
    const tries = await inPod(lab, web, ["netcheck-tcp", ipOf(lab, db), "5432", "50", "1000", "--for", "400"]);
    expect(tries.stdout).toContain("no-port");
    expect(await connect(lab, web, ipOf(lab, api), 8080)).toBe("open");
    await lab.fault.clear();
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
  });

  test("a server that accepts nothing lets its queue run full", async () => {
    await lab.fault.add({ kind: "backlog", pod: db, port: 5432 });
    for (let n = 0; n < 5; n++) await connect(lab, web, ipOf(lab, db), 5432);
    const queue = await inPod(lab, db, ["ss", "-Hltn", "sport = :5432"]);
    const [, waiting, limit] = queue.stdout.trim().split(/\s+/).map(Number);
    expect(waiting).toBeGreaterThanOrEqual(limit ?? Number.POSITIVE_INFINITY);
    expect((await inPod(lab, db, ["nstat", "-asz", "TcpExtListenOverflows"])).stdout).toMatch(/Overflows +[1-9]/);
    await lab.fault.clear();
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
  });

  test("a UDP socket that nobody reads drops", async () => {
    await lab.fault.add({ kind: "udp-buffer", pod: db });
    const errors = () => inPod(lab, db, ["nstat", "-asz", "UdpRcvbufErrors"]);
    await expect.poll(async () => (await errors()).stdout).toMatch(/Errors +[1-9]/);
  });

  test("a container restarts with another id", async () => {
    const container = lab.pods.get(db)?.containers[0];
    const before = container?.containerId;
    await lab.fault.add({ kind: "pod-restart", pod: db });
    await expect.poll(() => container?.containerId !== before && container?.state === "running").toBe(true);
    expect(container?.restarts).toBeGreaterThan(0);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
  });

  test("a pod that moves comes back elsewhere with another address, and its old one is nobody's", async () => {
    const before = lab.pods.get(db);
    const old = ipOf(lab, db);
    await lab.fault.add({ kind: "pod-move", pod: db, to: "node-3" });
    const after = lab.pods.get(db);
    expect(after).toMatchObject({ node: "node-3", ready: true });
    expect(after?.uid).not.toBe(before?.uid);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
    expect((await inPod(lab, web, ["ping", "-c1", "-W1", old])).code).not.toBe(0);
  });

  test("parameters that do not fit are refused before anything is touched", async () => {
    for (const spec of [
      { kind: "oom", node: "node-1", pod: db },
      { kind: "oom", node: "node-2", pod: db, everyS: 1, stallMs: 1_000 },
      { kind: "port-exhaustion", pod: web, to: "nobody" },
      { kind: "backlog", pod: db, port: 1 },
      { kind: "cpu-limit", pod: db, milli: 0 },
      { kind: "pod-move", pod: db, to: lab.pods.get(db)?.node },
    ])
      await expect(lab.fault.add(spec)).rejects.toMatchObject({ code: "bad-config" });
    expect(lab.fault.list()).toEqual([]);
  });
});
