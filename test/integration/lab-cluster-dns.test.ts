import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LabCluster, startCluster } from "#lab/cluster/cluster.ts";
import type { LabPod } from "#lab/cluster/model.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";
import { inPod } from "../lab/cluster/in-pod.ts";

const reason = whyNoLab();
const folder = mkdtempSync(join(tmpdir(), "netcheck-lab-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NAME = "web.default.svc.cluster.local";

describe.skipIf(reason !== undefined)(`DNS in a lab${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: LabCluster;
  let servers: LabPod[];
  beforeAll(async () => {
    lab = await startCluster(topologySchema.parse({}), { dir: folder });
    servers = [...lab.pods.values()].filter(({ labels }) => labels["k8s-app"] === "kube-dns");
  });
  afterEach(async () => {
    await lab.fault.clear();
    for (const { ip } of servers) await expect.poll(() => ask(ip, NAME)).toBe(serviceIp("default/web"));
    expect(await ask(servers[0]?.ip ?? "", "example.com")).toMatch(/^192\.0\.2\./);
  });
  afterAll(() => lab?.stop());

  const serviceIp = (name: string): string => lab.services.get(name)?.clusterIp ?? "";

  /** The answer to one query, or the status that came instead, or "silence". */
  async function ask(server: string, name: string, from = "default/web-2", ...more: string[]): Promise<string> {
    const { stdout } = await inPod(lab, from, ["dig", `@${server}`, name, "+time=2", "+tries=1", ...more]);
    const status = /status: (\w+)/.exec(stdout)?.[1];
    if (status === undefined) return "silence";
    return status === "NOERROR" ? (/\tA\t(\S+)/.exec(stdout)?.[1] ?? "nothing") : status;
  }

  test("two pods on two nodes serve names, over UDP and TCP, and pass on those of outside", async () => {
    expect(new Set(servers.map(({ node }) => node)).size).toBe(2);
    for (const { ip } of servers) {
      expect(await ask(ip, NAME, "default/web-1", "+tcp")).toBe(serviceIp("default/web"));
      expect(await ask(ip, "nobody.default.svc.cluster.local")).toBe("NXDOMAIN");
      expect(await ask(ip, NAME, "default/web-1", "-t", "AAAA")).toBe("nothing");
    }
  });

  test("one server drops every second answer, the other none", async () => {
    const [bad, good] = servers as [LabPod, LabPod];
    await lab.fault.add({ kind: "dns", mode: "drop", every: 2, server: bad.name });
    const answers: string[] = [];
    for (let n = 0; n < 4; n++) answers.push(await ask(bad.ip, NAME));
    expect(answers.filter((answer) => answer === "silence")).toHaveLength(2);
    expect(await ask(good.ip, NAME)).toBe(serviceIp("default/web"));
  });

  test("answers to one pod only are dropped", async () => {
    await lab.fault.add({ kind: "dns", mode: "drop", pod: "default/web-0" });
    expect(await ask(serviceIp("kube-system/kube-dns"), NAME, "default/web-0")).toBe("silence");
    expect(await ask(serviceIp("kube-system/kube-dns"), NAME, "default/api-0")).toBe(serviceIp("default/web"));
  });

  test.each([
    ["nxdomain", "NXDOMAIN"],
    ["refused", "REFUSED"],
  ])("servers answer %s", async (mode, status) => {
    await lab.fault.add({ kind: "dns", mode });
    for (const { ip } of servers) expect(await ask(ip, NAME)).toBe(status);
  });

  test("servers are slow", async () => {
    await lab.fault.add({ kind: "dns", mode: "slow", delayMs: 500 });
    const { stdout } = await inPod(lab, "default/web-0", ["dig", `@${servers[1]?.ip}`, NAME, "+time=3", "+tries=1"]);
    expect(Number(/Query time: (\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(500);
  });

  test("without the resolver behind them, servers know the cluster's names only", async () => {
    await lab.fault.add({ kind: "dns", mode: "upstream-dead" });
    expect(await ask(servers[0]?.ip ?? "", NAME)).toBe(serviceIp("default/web"));
    expect(await ask(servers[0]?.ip ?? "", "example.com")).toBe("SERVFAIL");
  });

  test("TCP is blocked, UDP is not", async () => {
    await lab.fault.add({ kind: "dns", mode: "tcp-blocked" });
    for (const { ip } of servers) {
      expect(await ask(ip, NAME, "default/web-1", "+tcp")).toBe("silence");
      expect(await ask(ip, NAME)).toBe(serviceIp("default/web"));
    }
  });

  test("one pod asks somebody who is no name server", async () => {
    const resolv = async (pod: string) => (await inPod(lab, pod, ["cat", "/etc/resolv.conf"])).stdout;
    const before = await resolv("default/web-0");
    await lab.fault.add({ kind: "dns", mode: "wrong-resolver", pod: "default/web-0", server: "10.9.9.9" });
    expect(await resolv("default/web-0")).toContain("nameserver 10.9.9.9\n");
    expect(await resolv("default/api-0")).toBe(before);
    await lab.fault.clear();
    expect(await resolv("default/web-0")).toBe(before);
  });

  test("servers crash until they are left alone", async () => {
    await lab.fault.add({ kind: "dns", mode: "crash" });
    await expect
      .poll(() => servers.map(({ containers }) => containers[0]?.reason))
      .toEqual(["CrashLoopBackOff", "CrashLoopBackOff"]);
    expect(await ask(serviceIp("kube-system/kube-dns"), NAME)).toBe("silence");
  });

  test("says what does not fit", async () => {
    const wrong = (spec: object): Promise<unknown> => lab.fault.add({ kind: "dns", ...spec });
    await expect(wrong({ mode: "broken" })).rejects.toThrow("must be one of drop");
    await expect(wrong({ mode: "wrong-resolver" })).rejects.toThrow("whose resolver is wrong");
    await expect(wrong({ mode: "crash", every: 3 })).rejects.toThrow("every is for drop");
    await expect(wrong({ mode: "drop", server: "default/web-0" })).rejects.toThrow(
      "is no name server; there are kube-system/coredns-",
    );
  });
});
