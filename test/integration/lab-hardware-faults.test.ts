import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LabCluster, startCluster } from "#lab/cluster/cluster.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";
import { agentOn, inPod, ipOf, lost, roundTrips } from "../lab/cluster/in-pod.ts";

const reason = whyNoLab();
const folder = mkdtempSync(join(tmpdir(), "netcheck-lab-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(reason !== undefined)(`hardware in a lab${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: LabCluster;
  let healthy: string;
  const on = async (node: string, script: string): Promise<string> =>
    (await inPod(lab, agentOn(lab, node), ["sh", "-c", script])).stdout;
  /** What shows a fault that was not taken back: tools, files, mounts, queues. */
  const traces =
    "ethtool eth0; cat /sys/class/net/eth0/speed /sys/class/net/eth0/duplex; ls /usr/libexec /run /proc/net/bonding; readlink /proc/net; mount; tc qdisc; cat /etc/hostname";
  beforeAll(async () => {
    lab = await startCluster(topologySchema.parse({}), { dir: folder });
    healthy = await on("node-2", traces);
  });
  afterEach(async () => {
    await lab.fault.clear();
    expect(await on("node-2", traces)).toBe(healthy);
  });
  afterAll(() => lab?.stop());

  test.each([
    { speedMbit: 10, duplex: "half", mii: "10baseT-HD" },
    { speedMbit: 100, duplex: "full", mii: "100baseT-FD" },
  ])("link-mode $speedMbit $duplex: every tool says the same, and packets pass", async ({ speedMbit, duplex, mii }) => {
    await lab.fault.add({ kind: "link-mode", node: "node-2", speedMbit, duplex });
    const said = await on(
      "node-2",
      "ethtool eth0; mii-tool eth0; cat /sys/class/net/eth0/speed /sys/class/net/eth0/duplex",
    );
    expect(said).toContain(`Speed: ${speedMbit}Mb/s\n\tDuplex: ${duplex === "half" ? "Half" : "Full"}`);
    expect(said).toContain(mii);
    expect(said.endsWith(`${speedMbit}\n${duplex}\n`)).toBe(true);
    expect(await on("node-2", "ethtool -i eth0")).toContain("driver: veth");
    expect(await on("node-1", "ethtool eth0")).not.toContain(`Speed: ${speedMbit}Mb/s`);
    expect(lost(await roundTrips(lab, "default/web-0", "default/db-0"))).toBe(0);
  });

  test("link-mode half: both ways share the wire", async () => {
    await lab.fault.add({ kind: "link-mode", node: "node-2", speedMbit: 8, duplex: "half" });
    const url = `http://${ipOf(lab, "default/web-1")}:8080/bytes/300000`;
    const words = ["curl", "-s", "-o", "/dev/null", "-m", "10", "-w", "%{speed_download}", url];
    const { stdout } = await inPod(lab, "default/web-0", words);
    expect(Number(stdout) * 8).toBeLessThan(9_500_000);
  });

  test("host-file: a tool answers these words with the text, others as ever; the newest text counts", async () => {
    const add = (tool: string, content: string) => lab.fault.add({ kind: "host-file", node: "node-2", tool, content });
    const first = await add("ethtool -m eth0", "\tIdentifier : 0x03 (SFP)");
    await add("ethtool -S", "NIC statistics:\n     rx_crc_errors: 12\n");
    expect(await on("node-2", "ethtool -m eth0")).toBe("\tIdentifier : 0x03 (SFP)\n");
    expect(await on("node-2", "ethtool -S eth0")).toContain("rx_crc_errors: 12");
    expect(await on("node-2", "ethtool -i eth0")).toContain("driver: veth");
    await add("ethtool -m eth0", "later");
    expect(await on("node-2", "ethtool -m eth0")).toBe("later\n");
    await lab.fault.remove(first.id);
    expect(await on("node-2", "ethtool -m eth0")).toBe("later\n");
    await add("storcli /c0 show", "Status = Success");
    expect(await on("node-2", "storcli /c0 show")).toBe("Status = Success\n");
  });

  test("host-file: files of the kernel and of the node, the newest text first, taken back in any order", async () => {
    const add = (path: string, content: string) => lab.fault.add({ kind: "host-file", node: "node-2", path, content });
    const bond = "/proc/net/bonding/bond0";
    const first = await add(bond, "Bonding Mode: one");
    await add(bond, "Bonding Mode: two");
    await add("/proc/net/bonding/bond1", "Bonding Mode: three");
    await add("/sys/class/net/eth0/speed", "1000");
    await add("/etc/hostname", "other");
    expect(await on("node-2", `cat ${bond} /proc/net/bonding/bond1 /sys/class/net/eth0/speed /etc/hostname`)).toBe(
      "Bonding Mode: two\nBonding Mode: three\n1000\nother\n",
    );
    expect(await on("node-2", "cat /proc/net/dev; ss -s")).toContain("eth0");
    expect(await on("node-1", `cat ${bond} 2>&1`)).toContain("No such file");
    await lab.fault.remove(first.id);
    expect(await on("node-2", `cat ${bond}`)).toBe("Bonding Mode: two\n");
  });

  test.each([
    { spec: { kind: "qdisc-drops", node: "node-2" }, device: "eth0" },
    { spec: { kind: "qdisc-drops", pod: "db-0" }, device: "" },
  ])("$spec: the queue counts what it drops", async ({ spec, device }) => {
    await lab.fault.add(spec);
    expect(
      lost(await roundTrips(lab, "default/web-0", "default/db-0", { count: 200, everyMs: 10, waitMs: 500 })),
    ).toBeGreaterThan(2);
    expect(await on("node-2", `tc -s qdisc show ${device === "" ? "" : `dev ${device}`} root`)).toMatch(
      /htb[\s\S]*dropped [1-9]/,
    );
  });

  test.each([
    { spec: { kind: "host-file", node: "node-2", content: "x" }, says: /needs either path or tool/ },
    { spec: { kind: "host-file", node: "node-2", path: "proc/x", content: "x" }, says: /absolute path/ },
    { spec: { kind: "host-file", node: "node-2", path: "/proc/../etc/x", content: "x" }, says: /absolute path/ },
    { spec: { kind: "link-mode", node: "node-2", speedMbit: 10, duplex: "both" }, says: /half or full/ },
    { spec: { kind: "qdisc-drops" }, says: /either node or pod/ },
  ])("$spec is refused", async ({ spec, says }) => {
    await expect(lab.fault.add(spec)).rejects.toThrow(says);
  });
});
