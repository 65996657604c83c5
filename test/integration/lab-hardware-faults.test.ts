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
    "ethtool eth0; cat /sys/class/net/eth0/speed /sys/class/net/eth0/duplex; ls /usr/libexec /etc/perl /run /proc/net/bonding; readlink /proc/net; mount; tc qdisc; cat /etc/hostname";
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

  test("softirq: one CPU of the node fills with packet work as time goes by, and what crosses the NIC waits", async () => {
    const soft = async (node: string): Promise<number[]> =>
      (await on(node, "cat /proc/stat"))
        .split("\n")
        .filter((row) => /^cpu\d/.test(row))
        .map((row) => Number(row.split(/ +/)[7]));
    const others = await soft("node-1");
    await lab.fault.add({ kind: "softirq", node: "node-2", delayMs: 30 });
    const began = await soft("node-2");
    const grown = async (): Promise<number[]> =>
      (await soft("node-2")).map((ticks, cpu) => ticks - (began[cpu] as number));
    await expect.poll(async () => (await grown())[1], { timeout: 30_000, interval: 500 }).toBeGreaterThan(300);
    const [first = 0, full = 0, ...rest] = await grown();
    expect(Math.max(first, ...rest)).toBeLessThan(full / 10);
    expect(await soft("node-1")).toHaveLength(others.length);
    const trips = await roundTrips(lab, "default/web-0", "default/db-0");
    expect(lost(trips)).toBe(0);
    expect(Math.min(...trips.map(Number))).toBeGreaterThanOrEqual(60);
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

  test("clock: tools, perl and recorded packets of the node agree on a time that is not ours, and the kernel's stays", async () => {
    const perl = "perl -MTime::HiRes=clock_gettime,time,CLOCK_REALTIME,CLOCK_MONOTONIC -e";
    const clocks = [
      "date +%s.%N",
      `${perl} 'printf "%.6f", clock_gettime(CLOCK_REALTIME)'`,
      `${perl} 'printf "%.6f", time'`,
      "ping -n -D -c 1 127.0.0.1 | sed -n 's/^.\\([0-9.]*\\)].*/\\1/p'",
      "tcpdump -n -Z root -tt -l -c 1 -i lo icmp 2>/dev/null & sleep 0.5; ping -q -c 1 127.0.0.1 >/dev/null; wait",
      ...["micro", "nano"].map(
        (precision) =>
          `tcpdump -Z root -U -w - --time-stamp-precision=${precision} -c 1 -i lo icmp 2>/dev/null >/tmp/${precision}.pcap & sleep 0.5
          ping -q -c 1 127.0.0.1 >/dev/null; wait; tcpdump -n -Z root -tt -r /tmp/${precision}.pcap 2>/dev/null; rm /tmp/${precision}.pcap`,
      ),
    ];
    /** How far what the node says is ahead of the time around it, seconds, at least and at most. */
    const ahead = async (node: string, script: string): Promise<readonly [number, number]> => {
      const before = Date.now() / 1e3;
      const said = Number.parseFloat(await on(node, script));
      return [said - Date.now() / 1e3, said - before];
    };
    const began = Date.now();
    await lab.fault.add({ kind: "clock", node: "node-2", offsetMs: -4_321, driftPpm: 200 });
    for (const script of clocks) {
      const [least, most] = await ahead("node-2", script);
      const drifted = (Date.now() - began + 1_000) * 200e-6;
      expect(least, script).toBeLessThan(-4.321 + drifted / 1e3 + 0.001);
      expect(most, script).toBeGreaterThan(-4.322);
      const [early, late] = await ahead("node-1", script);
      expect(early, script).toBeLessThan(0.001);
      expect(late, script).toBeGreaterThan(-0.001);
    }
    const up = `${perl} 'printf "%.3f ", clock_gettime(CLOCK_MONOTONIC)'; cut -d' ' -f1 /proc/uptime`;
    const [monotonic = 0, uptime = 9] = (await on("node-2", up)).split(" ").map(Number);
    expect(Math.abs(uptime - monotonic)).toBeLessThan(1);
    expect(await on("node-2", "date -u -d @0 +%Y; ping -c 1 -W 1 192.0.2.1 >/dev/null; echo $?")).toBe("1970\n1\n");
    await expect(lab.fault.add({ kind: "clock", node: "node-2", offsetMs: 1 })).rejects.toThrow(/wrong already/);
  });

  test("clock: tcpdump behind it takes signals, says its counts, and ends with who reads it", async () => {
    await lab.fault.add({ kind: "clock", node: "node-2", offsetMs: 5_000 });
    const counts =
      "tcpdump -Z root -U -w - -i lo icmp 2>&1 >/dev/null & p=$!; sleep 0.5; ping -q -c 3 -i 0.1 127.0.0.1 >/dev/null";
    expect(
      await on("node-2", `${counts}; sleep 1.2; kill -USR1 $p; sleep 0.2; kill -INT $p; wait $p; echo $?`),
    ).toMatch(/listening on lo[\s\S]*6 packets captured[\s\S]*6 packets captured[\s\S]*^0$/m);
    const killed = "tcpdump -Z root -U -w - -i lo icmp 2>/dev/null >/dev/null & p=$!; sleep 0.5; c=$(pgrep -P $p)";
    const gone = "kill -KILL $p; while [ -e /proc/$c ]; do sleep 0.1; done; echo gone";
    expect(await on("node-2", `${killed}; [ -n "$c" ] && ${gone}`)).toContain("gone");
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
    { spec: { kind: "clock", node: "node-2" }, says: /needs offsetMs or driftPpm/ },
    { spec: { kind: "clock", node: "node-2", driftPpm: 9_999 }, says: /at most 1000/ },
    { spec: { kind: "qdisc-drops" }, says: /either node or pod/ },
  ])("$spec is refused", async ({ spec, says }) => {
    await expect(lab.fault.add(spec)).rejects.toThrow(says);
  });
});
