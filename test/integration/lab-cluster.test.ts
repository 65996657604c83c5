import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LabCluster, startCluster } from "#lab/cluster/cluster.ts";
import type { LabChange } from "#lab/cluster/model.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";
import { agentOn, connect, inPod, ipOf, lost, roundTrips } from "../lab/cluster/in-pod.ts";

const reason = whyNoLab();
const folder = mkdtempSync(join(tmpdir(), "netcheck-lab-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(reason !== undefined)(`a lab cluster${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: LabCluster;
  beforeAll(async () => {
    lab = await startCluster(topologySchema.parse({}), { dir: folder, graceMs: 2_000 });
  });
  afterAll(() => lab?.stop());

  test("is up with every pod ready", () => {
    expect([...lab.pods.values()].filter((pod) => !pod.ready)).toEqual([]);
  });

  test("carries pings and TCP between pods of one node and of different nodes", async () => {
    expect(lost(await roundTrips(lab, "default/web-0", "default/db-0"))).toBe(0);
    expect(lost(await roundTrips(lab, "default/web-0", "default/api-0"))).toBe(0);
    expect(await connect(lab, "default/web-0", ipOf(lab, "default/db-0"), 5432)).toBe("open");
    expect(await connect(lab, "default/web-0", ipOf(lab, "default/db-0"), 5433)).toBe("refused");
  });

  test("sends each connection to a service address to one of its endpoints, its own pod included", async () => {
    const script =
      "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do curl -s -m 2 http://web; done";
    const { stdout } = await inPod(lab, "default/web-0", ["sh", "-c", script]);
    const answers = stdout.trim().split("\n");
    expect(answers).toHaveLength(24);
    expect(new Set(answers)).toEqual(new Set(["hello from web-0", "hello from web-1", "hello from web-2"]));
  });

  test("answers the names of services, with search domains, and knows which names do not exist", async () => {
    const clusterIp = lab.services.get("default/db")?.clusterIp ?? "";
    for (const name of ["db", "db.default", "db.default.svc.cluster.local"])
      expect((await inPod(lab, "default/web-1", ["getent", "hosts", name])).stdout).toContain(clusterIp);
    expect((await inPod(lab, "default/web-1", ["getent", "hosts", "nobody"])).code).toBe(2);
    const tcp = await inPod(lab, "default/web-2", [
      "dig",
      "+tcp",
      "+short",
      "+time=2",
      "+tries=1",
      "web.default.svc.cluster.local",
    ]);
    expect(tcp.stdout.trim()).toBe(lab.services.get("default/web")?.clusterIp);
  });

  test("runs a command in the container's namespaces and cgroup, and passes its output and exit code on", async () => {
    const pod = lab.pods.get("default/web-0");
    const ran = await inPod(lab, "default/web-0", ["sh", "-c", "hostname; hostname -i; echo oops >&2; exit 7"]);
    expect(ran).toEqual({ code: 7, stdout: `web-0\n${pod?.ip}\n`, stderr: "oops\n" });
    const { stdout } = await inPod(lab, "default/web-0", ["cat", "/proc/self/cgroup"]);
    expect(stdout).toContain(pod?.containers[0]?.containerId);
    const echoed = lab.exec(pod as never, "web", ["cat"]);
    echoed.stdin?.end("through stdin");
    expect(await new Response(echoed.stdout as never).text()).toBe("through stdin");
  });

  test("gives the agent the node's namespaces, a cgroup of its own, and a way to every pod by its UID", async () => {
    const agent = agentOn(lab, "node-2");
    const pod = lab.pods.get("default/db-0");
    const script = `
      hostname
      grep -c "pod$(echo ${lab.pods.get(agent)?.uid})" /proc/self/cgroup
      for s in $(grep -ls "pod${pod?.uid}" /proc/[0-9]*/cgroup); do p=\${s#/proc/}; p=\${p%/cgroup}
        [ "$(readlink /proc/$p/ns/net)" != "$(readlink /proc/1/ns/net)" ] && grep -qP '^NSpid:.*\\t1$' /proc/$p/status && break; done
      nsenter -t $p -n ip -4 -o addr show eth0`;
    const { stdout } = await inPod(lab, agent, ["sh", "-c", script]);
    expect(stdout.split("\n")[0]).toBe("node-2");
    expect(Number(stdout.split("\n")[1])).toBeGreaterThan(0);
    expect(stdout).toContain(`inet ${pod?.ip}/24`);
  });

  test("keeps what its servers print", async () => {
    await inPod(lab, "default/web-1", ["curl", "-s", `http://${ipOf(lab, "default/web-2")}:8080/some/path`]);
    const log = () =>
      lab.pods
        .get("default/web-2")
        ?.containers[0]?.log.map(({ line }) => line)
        .join("\n");
    await expect.poll(log).toContain("GET /some/path");
  });

  test("takes a crashing container out of its service and brings it back when it is released", async () => {
    const changes: LabChange[] = [];
    const listen = (change: LabChange): number => changes.push(change);
    lab.on("change", listen);
    const pod = lab.pods.get("default/db-0");
    const before = pod?.containers[0]?.restarts ?? 0;
    const { id } = await lab.fault.add({ kind: "pod-crash", pod: "db-0" });
    await expect.poll(() => pod?.containers[0]?.reason).toBe("CrashLoopBackOff");
    expect(pod).toMatchObject({ ready: false, containers: [{ state: "waiting", restarts: before + 1 }] });
    expect(await connect(lab, "default/web-0", ipOf(lab, "default/db-0"), 5432)).toBe("refused");
    expect(lost(await roundTrips(lab, "default/web-0", "default/db-0"))).toBe(0);
    for (let tries = 0; tries < 4; tries++) expect(await connect(lab, "default/web-0", "db", 5432)).toBe("open");
    expect(() => lab.exec(pod as never, "db", ["true"])).toThrow('container not found ("db")');
    await lab.fault.remove(id);
    expect(pod).toMatchObject({ ready: true, containers: [{ state: "running" }] });
    expect(await connect(lab, "default/web-0", ipOf(lab, "default/db-0"), 5432)).toBe("open");
    lab.off("change", listen);
    const reasons = changes.flatMap(({ object }) => ("reason" in object && "message" in object ? [object.reason] : []));
    expect(reasons).toEqual(expect.arrayContaining(["BackOff", "Pulled", "Created", "Started"]));
    expect(changes.filter(({ kind }) => kind === "pod").length).toBeGreaterThanOrEqual(3);
  });

  test("loses a crashed node at once, calls it silent after the grace time, and boots it as another life", async () => {
    const bootId = lab.nodes.get("node-3")?.bootId;
    const agent = lab.pods.get(agentOn(lab, "node-3"));
    const { id } = await lab.fault.add({ kind: "node-crash", node: "node-3" });
    expect(lab.nodes.get("node-3")?.ready).toBe("True");
    expect(lost(await roundTrips(lab, "default/web-0", "default/web-2", { count: 3 }))).toBe(3);
    expect(() => lab.exec(agent as never, "agent", ["true"])).toThrow(
      `error dialing backend: dial tcp ${ipOf(lab, "node-3")}:10250: connect: no route to host`,
    );
    await expect.poll(() => lab.nodes.get("node-3")?.ready).toBe("Unknown");
    expect(lab.nodes.get("node-3")?.readyReason).toBe("NodeStatusUnknown");
    expect(lab.pods.get("default/web-2")?.ready).toBe(false);
    expect(
      (await inPod(lab, "default/web-0", ["sh", "-c", "for n in 1 2 3 4 5 6; do curl -s -m 1 http://web; done"]))
        .stdout,
    ).not.toContain("web-2");
    await lab.fault.remove(id);
    expect(lab.nodes.get("node-3")).toMatchObject({ ready: "True" });
    expect(lab.nodes.get("node-3")?.bootId).not.toBe(bootId);
    expect(lost(await roundTrips(lab, "default/web-0", "default/web-2"))).toBe(0);
    expect((await inPod(lab, agentOn(lab, "node-3"), ["cat", "/proc/sys/kernel/random/boot_id"])).stdout.trim()).toBe(
      lab.nodes.get("node-3")?.bootId,
    );
  });

  test("sends the load that a scenario asks for", async () => {
    const sender = await lab.startTraffic({ from: "api-1", to: "svc/web", kind: "http", port: 80, perSecond: 50 });
    const requests = () =>
      [...lab.pods.values()]
        .flatMap(({ containers }) => containers)
        .flatMap(({ log }) => log)
        .filter(({ line }) => line.includes('"GET / HTTP')).length;
    const before = requests();
    await expect.poll(requests).toBeGreaterThan(before + 5);
    await sender[Symbol.asyncDispose]();
  });
});

describe.skipIf(reason !== undefined)("other labs", () => {
  test("two live side by side with the same names and addresses, and a fault in one is none in the other", async () => {
    const topology = topologySchema.parse({
      nodes: 2,
      pods: [
        { name: "a", node: "node-1" },
        { name: "b", node: "node-2" },
      ],
    });
    const [one, two] = await Promise.all([1, 2].map(() => startCluster(topology, { dir: folder, seed: 5 })));
    if (one === undefined || two === undefined) throw new Error("no labs");
    expect(ipOf(one, "default/b")).toBe(ipOf(two, "default/b"));
    await one.fault.add({ kind: "loss", node: "node-2", percent: 100 });
    expect(lost(await roundTrips(one, "default/a", "default/b", { count: 3 }))).toBe(3);
    expect(lost(await roundTrips(two, "default/a", "default/b", { count: 3 }))).toBe(0);
    await one.stop();
    expect(lost(await roundTrips(two, "default/a", "default/b", { count: 3 }))).toBe(0);
    await two.stop();
  });

  test("host-gw and nft service rules carry pods and services alike", async () => {
    const topology = topologySchema.parse({
      overlay: "host-gw",
      serviceProxy: "nft",
      nodes: ["left", "right"],
      pods: [
        { name: "asks", namespace: "shop", node: "left" },
        { name: "answers", namespace: "shop", node: "right", serves: [{ port: 9000, protocol: "http" }] },
      ],
      services: [
        { name: "here", namespace: "shop", port: 80, targetPort: 9000, selector: { app: "answers" } },
        { name: "gone", namespace: "shop", port: 80, selector: { app: "nobody" } },
      ],
    });
    await using stack = new AsyncDisposableStack();
    const lab = await startCluster(topology, { dir: folder });
    stack.defer(() => lab.stop());
    expect(lost(await roundTrips(lab, "shop/asks", "shop/answers"))).toBe(0);
    expect((await inPod(lab, "shop/asks", ["curl", "-s", "-m", "2", "http://here.shop"])).stdout).toBe(
      "hello from answers\n",
    );
    expect(await connect(lab, "shop/asks", "gone", 80)).toBe("refused");
    const { stdout } = await inPod(lab, agentOn(lab, "left"), ["nft", "list", "table", "ip", "kube-proxy"]);
    expect(stdout).toContain("shop/here");
  });
});
