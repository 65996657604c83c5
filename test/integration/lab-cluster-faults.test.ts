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

const [web, db, api, other] = ["default/web-0", "default/db-0", "default/api-0", "default/web-2"];
/** Above everything a healthy lab shows, also on a busy machine, and below every delay used here. */
const LATE_MS = 150;

describe.skipIf(reason !== undefined)(`faults in a lab${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: LabCluster;
  let healthy: Record<string, string>;
  beforeAll(async () => {
    lab = await startCluster(topologySchema.parse({}), { dir: folder });
    // Fills the neighbour tables, which are part of the picture.
    await roundTrips(lab, web, db);
    healthy = await nodeTools();
  });
  afterEach(async () => {
    if (lab.fault.list().length === 0) return;
    await lab.fault.clear();
    // Again and again, because a busy machine may be late once; a fault that was left would be late or lost each time.
    await expect
      .poll(async () => (await roundTrips(lab, web, db)).filter((ms) => ms === undefined || ms > LATE_MS))
      .toEqual([]);
    expect(await nodeTools()).toEqual(healthy);
  });
  afterAll(() => lab?.stop());

  /** What an administrator sees on each node: rules, routes, qdiscs, entries, processes. Counters, indexes and what bridges learn are left out. */
  async function nodeTools(): Promise<Record<string, string>> {
    const tools =
      "iptables-save; nft list tables; ip route show table all; ip neigh show nud permanent; bridge fdb show; tc qdisc; ip -o addr; sysctl net.ipv4.ip_forward";
    const look = async (node: string): Promise<[string, string]> => {
      const agent = agentOn(lab, node);
      const { stdout } = await inPod(lab, agent, ["sh", "-c", tools]);
      const processes = await inPod(lab, agent, ["ps", "axo", "args="]);
      const lines = `${stdout}${processes.stdout}`
        .split("\n")
        .filter((line) => !line.startsWith("#") && !/ master cni0 *$/.test(line))
        .map((line) => line.replace(/\[\d+:\d+\]$|^\d+: |valid_lft.*$/g, ""));
      return [node, lines.sort().join("\n")];
    };
    return Object.fromEntries(await Promise.all([...lab.nodes.keys()].map(look)));
  }

  const late = (trips: readonly (number | undefined)[]): number =>
    trips.filter((ms) => ms !== undefined && ms > LATE_MS).length;

  test("one packet in four out of a node is late, exactly, on every path through it and on no other", async () => {
    await lab.fault.add({ kind: "delay", node: "node-2", every: 4, delayMs: [250, 350] });
    const trips = await roundTrips(lab, web, db, { count: 40 });
    expect(late(trips)).toBe(10);
    expect(trips.filter((ms) => ms !== undefined && ms > LATE_MS && (ms < 249 || ms > 900))).toEqual([]);
    expect(late(await roundTrips(lab, web, "node-2", { count: 40 }))).toBe(10);
    expect(late(await roundTrips(lab, web, other))).toBe(0);
    expect(late(await roundTrips(lab, web, api))).toBe(0);
    expect(await nodeTools()).toEqual(healthy);
  });

  test("a delay of one direction between two nodes leaves other pairs alone", async () => {
    await lab.fault.add({ kind: "delay", from: "node-1", to: "node-2", delayMs: 200 });
    const trips = await roundTrips(lab, web, db);
    expect(late(trips)).toBe(trips.length);
    expect(Math.min(...trips.map((ms) => ms ?? 0))).toBeLessThan(390);
    expect(late(await roundTrips(lab, web, other))).toBe(0);
    expect(late(await roundTrips(lab, other, db))).toBe(0);
  });

  test("delays add up, and losses are independent of them", async () => {
    await Promise.all([
      lab.fault.add({ kind: "delay", node: "node-1", delayMs: 30 }),
      lab.fault.add({ kind: "delay", from: "node-1", to: "node-2", delayMs: 40 }),
      lab.fault.add({ kind: "delay", node: "node-2", delayMs: 50 }),
    ]);
    const trips = await roundTrips(lab, web, db);
    expect(lost(trips)).toBe(0);
    expect(Math.min(...trips.map((ms) => ms ?? 0))).toBeGreaterThanOrEqual(119);
    await lab.fault.add({ kind: "loss", node: "node-2", direction: "in", every: 3 });
    const both = await roundTrips(lab, web, db, { count: 30 });
    expect(lost(both)).toBe(10);
    expect(Math.min(...both.map((ms) => ms ?? 1_000))).toBeGreaterThanOrEqual(119);
  });

  test("one delay of several can be taken back while the others go on", async () => {
    const first = await lab.fault.add({ kind: "delay", node: "node-1", delayMs: 500 });
    await lab.fault.add({ kind: "delay", node: "node-2", delayMs: 200 });
    await lab.fault.remove(first.id);
    const trips = await roundTrips(lab, web, db);
    expect(late(trips)).toBe(trips.length);
    expect(Math.min(...trips.map((ms) => ms ?? 1_000))).toBeLessThan(490);
    expect(lab.fault.list().map(({ spec }) => spec)).toEqual([{ kind: "delay", node: "node-2", delayMs: 200 }]);
  });

  test("a share of packets into a node is lost, and the same share of none elsewhere", async () => {
    await lab.fault.add({ kind: "loss", node: "node-2", direction: "in", percent: 50 });
    // 200 trials of one half: 60 to 140 holds in all but one run in 10^8.
    const trips = await roundTrips(lab, web, db, { count: 200, everyMs: 10, waitMs: 500 });
    expect(lost(trips)).toBeGreaterThan(60);
    expect(lost(trips)).toBeLessThan(140);
    expect(lost(await roundTrips(lab, web, other))).toBe(0);
    expect(await nodeTools()).toEqual(healthy);
  });

  test.each([
    {
      name: "the tunnel alone",
      spec: { kind: "loss", node: "node-2", tunnelOnly: true },
      pods: 3,
      nodes: 0,
      sibling: 3,
    },
    { name: "one pair of pods", spec: { kind: "loss", from: "web-0", to: "db-0" }, pods: 3, nodes: 0, sibling: 0 },
    { name: "one pod's cable", spec: { kind: "loss", pod: "db-0" }, pods: 3, nodes: 0, sibling: 0 },
    {
      name: "a whole uplink",
      spec: { kind: "loss", node: "node-2", direction: "both" },
      pods: 3,
      nodes: 3,
      sibling: 3,
    },
    {
      name: "the other direction of a pair",
      spec: { kind: "loss", from: "node-2", to: "node-1" },
      pods: 3,
      nodes: 3,
      sibling: 3,
    },
    {
      name: "a pair that the path does not use",
      spec: { kind: "loss", from: "node-2", to: "node-3" },
      pods: 0,
      nodes: 0,
      sibling: 0,
    },
  ])("loss on $name hits just that", async ({ spec, pods, nodes, sibling }) => {
    await lab.fault.add(spec);
    const once = { count: 3, waitMs: 500 };
    expect(lost(await roundTrips(lab, web, db, once))).toBe(pods);
    expect(lost(await roundTrips(lab, web, "node-2", once))).toBe(nodes);
    expect(lost(await roundTrips(lab, web, "default/web-1", once))).toBe(sibling);
  });

  test("loss of one path in two hits some flows and not the others", async () => {
    await lab.fault.add({ kind: "loss", from: "node-1", to: "node-2", flows: "1/2" });
    const address = ipOf(lab, db);
    // The one retransmission within the 2 s of nc has another hash, as behind every tunnel: about one flow in four is lost,
    // and none of 40 in one run in 10^5.
    const script = `for p in $(seq 40001 40040); do (nc -z -w2 -p $p ${address} 5432 && echo open || echo lost) & done; wait`;
    const { stdout } = await inPod(lab, web, ["sh", "-c", script]);
    expect(stdout).toContain("open");
    expect(stdout).toContain("lost");
  });

  test.each([
    {
      name: "a node drops all from another node",
      spec: { kind: "firewall", node: "node-2", from: "node-1" },
      ends: "timed out",
      ping: 3,
      chain: "INPUT",
    },
    {
      name: "a node rejects a pod's port",
      spec: { kind: "firewall", node: "node-2", port: 5432, action: "reject" },
      ends: "no route",
      ping: 0,
      chain: "FORWARD",
    },
    {
      name: "a node drops what goes to one pod",
      spec: { kind: "firewall", node: "node-2", to: "db-0", action: "drop" },
      ends: "timed out",
      ping: 3,
      chain: "FORWARD",
    },
    {
      name: "a pod drops its own port",
      spec: { kind: "firewall", pod: "db-0", port: 5432, protocol: "tcp" },
      ends: "timed out",
      ping: 0,
      chain: undefined,
    },
  ])("a packet filter: $name", async ({ spec, ends, ping, chain }) => {
    await lab.fault.add(spec);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe(ends);
    expect(lost(await roundTrips(lab, web, db, { count: 3, waitMs: 500 }))).toBe(ping);
    const { stdout } = await inPod(lab, agentOn(lab, "node-2"), ["iptables", "-S"]);
    const [rule] = stdout.split("\n").filter((line) => /-j (DROP|REJECT)/.test(line) && !line.includes("KUBE"));
    if (chain === undefined) expect(rule).toBeUndefined();
    else expect(rule).toContain(`-A ${chain} `);
  });

  test.each(["route-missing", "route-blackhole"])(
    "%s: a node loses the way to another one's pods, not to the node",
    async (kind) => {
      await lab.fault.add({ kind, node: "node-1", to: "node-2" });
      expect(lost(await roundTrips(lab, web, db, { count: 3, waitMs: 500 }))).toBe(3);
      expect(lost(await roundTrips(lab, web, "node-2", { count: 3 }))).toBe(0);
      expect(lost(await roundTrips(lab, web, other, { count: 3 }))).toBe(0);
      const { stdout } = await inPod(lab, agentOn(lab, "node-1"), ["ip", "route"]);
      expect(stdout.includes(`blackhole ${lab.nodes.get("node-2")?.podCidr}`)).toBe(kind === "route-blackhole");
    },
  );

  test("route-loop: packets to a node's pods circle, from the third node too, and those to the node do not", async () => {
    await lab.fault.add({ kind: "route-loop", node: "node-1", to: "node-2" });
    const { stdout } = await inPod(lab, web, ["ping", "-n", "-c2", "-i0.2", "-W1", ipOf(lab, db)]);
    expect(stdout).toContain("Time to live exceeded");
    expect(lost(await roundTrips(lab, other, db, { count: 3, waitMs: 500 }))).toBe(3);
    expect(lost(await roundTrips(lab, web, "node-2", { count: 3 }))).toBe(0);
    expect(lost(await roundTrips(lab, web, other, { count: 3 }))).toBe(0);
  });

  test.each([
    { spec: { kind: "duplicate-ip", node: "node-2", with: "node-3" }, victim: "node-2", pods: 3, at: "eth0" },
    { spec: { kind: "duplicate-ip", pod: "db-0", with: "web-1" }, victim: db, pods: 0, at: "cni0" },
  ])("$spec.kind: two stations answer for the address of $victim", async ({ spec, victim, pods, at }) => {
    await lab.fault.add(spec);
    const node = at === "cni0" ? "node-2" : "node-1";
    const macs = async () => {
      const { stdout } = await inPod(lab, agentOn(lab, node), [
        "arping",
        "-b",
        "-c3",
        "-w3",
        "-I",
        at,
        ipOf(lab, victim),
      ]);
      return new Set([...stdout.matchAll(/\[([\dA-F:]+)\]/g)].map(([, mac]) => mac)).size;
    };
    await expect.poll(macs, { timeout: 20_000 }).toBe(2);
    if (pods > 0) {
      await expect
        .poll(async () => lost(await roundTrips(lab, web, db, { count: 3, waitMs: 500 })), { timeout: 20_000 })
        .toBe(pods);
      expect(lost(await roundTrips(lab, web, "node-2", { count: 3 }))).toBe(0);
    }
  });

  test.each([
    { kind: "port-closed", inside: "refused" },
    { kind: "loopback-listener", inside: "open" },
  ])("$kind: refused from outside, $inside inside", async ({ kind, inside }) => {
    await lab.fault.add({ kind, pod: "db-0", port: 5432 });
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("refused");
    expect(await connect(lab, db, "127.0.0.1", 5432)).toBe(inside);
    await lab.fault.clear();
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
  });

  test.each([
    { spec: { kind: "link-down", node: "node-2" }, pods: 3, nodes: 3 },
    { spec: { kind: "second-address", node: "node-2" }, pods: 3, nodes: 0 },
    { spec: { kind: "second-address", node: "node-2", peers: "drop", dynamic: true }, pods: 3, nodes: 0 },
    { spec: { kind: "neighbour-wrong", node: "node-1", to: "node-2" }, pods: 3, nodes: 0 },
    { spec: { kind: "fdb-wrong", node: "node-1", to: "node-2" }, pods: 3, nodes: 0 },
    { spec: { kind: "forwarding-off", node: "node-2" }, pods: 3, nodes: 0 },
    { spec: { kind: "corrupt", node: "node-2" }, pods: 3, nodes: 3 },
    { spec: { kind: "reverse-path-filter", node: "node-2" }, pods: 3, nodes: 3 },
  ])("$spec.kind ($spec.peers): pods unreachable, the node itself $nodes of 3 lost", async ({ spec, pods, nodes }) => {
    await lab.fault.add(spec);
    expect(lost(await roundTrips(lab, web, db, { count: 3, waitMs: 500 }))).toBe(pods);
    expect(lost(await roundTrips(lab, web, "node-2", { count: 3, waitMs: 500 }))).toBe(nodes);
    expect(lost(await roundTrips(lab, web, other, { count: 3 }))).toBe(0);
  });

  test("mtu: what is larger than the path vanishes, what is not passes", async () => {
    await lab.fault.add({ kind: "mtu", node: "node-2", bytes: 1_400 });
    const size = (bytes: number) =>
      inPod(lab, web, ["ping", "-M", "do", "-c1", "-W1", "-s", `${bytes}`, ipOf(lab, db)]);
    // 1400 on the wire minus 50 for the tunnel and 28 for IP and ICMP.
    expect((await size(1_322)).code).toBe(0);
    expect((await size(1_323)).code).toBe(1);
  });

  test("mtu with icmp: the node that sends says what fits, and small packets pass", async () => {
    await lab.fault.add({ kind: "mtu", node: "node-2", bytes: 1_400, icmp: true });
    const large = await inPod(lab, web, ["ping", "-M", "do", "-c1", "-W1", "-s", "1400", ipOf(lab, db)]);
    expect(large.stdout).toMatch(/Frag needed.*mtu = 1350|message too long, mtu=1350/i);
    expect((await inPod(lab, web, ["ping", "-M", "do", "-c1", "-W1", "-s", "1322", ipOf(lab, db)])).code).toBe(0);
    await lab.fault.clear();
    await inPod(lab, web, ["ip", "route", "flush", "cache"]);
  });

  test("mtu of a device: the NIC takes no more than it is set to, and has its old MTU afterwards", async () => {
    const nic = async () =>
      (await inPod(lab, agentOn(lab, "node-2"), ["cat", "/sys/class/net/eth0/mtu"])).stdout.trim();
    await lab.fault.add({ kind: "mtu", node: "node-2", bytes: 1_300, device: "nic" });
    expect(await nic()).toBe("1300");
    expect((await inPod(lab, web, ["ping", "-M", "do", "-c1", "-W1", "-s", "1300", ipOf(lab, db)])).code).toBe(1);
    await lab.fault.clear();
    expect(await nic()).toBe("1500");
  });

  test("mtu of the tunnel: pods and tunnel of both ends get it, and what does not fit the NIC vanishes", async () => {
    const size = (bytes: number) =>
      inPod(lab, web, ["ping", "-M", "do", "-c1", "-W1", "-s", `${bytes}`, ipOf(lab, db)]);
    await lab.fault.add({ kind: "mtu", from: "node-1", to: "node-2", bytes: 1_500, device: "tunnel" });
    expect((await size(1_422)).code).toBe(0);
    expect((await size(1_423)).code).toBe(1);
    await lab.fault.clear();
    expect((await inPod(lab, web, ["cat", "/sys/class/net/eth0/mtu"])).stdout.trim()).toBe("1450");
  });

  test("rate: a download through the uplink takes as long as the rate says", async () => {
    await lab.fault.add({ kind: "rate", node: "node-2", mbit: 8 });
    const url = `http://${ipOf(lab, "default/web-1")}:8080/bytes/500000`;
    const { stdout } = await inPod(lab, web, [
      "curl",
      "-s",
      "-o",
      "/dev/null",
      "-m",
      "10",
      "-w",
      "%{speed_download}",
      url,
    ]);
    expect(Number(stdout) * 8).toBeLessThan(9_000_000);
    expect(Number(stdout) * 8).toBeGreaterThan(4_000_000);
  });

  test("duplicate: answers come twice", async () => {
    await lab.fault.add({ kind: "duplicate", node: "node-2" });
    expect((await inPod(lab, web, ["ping", "-c4", "-i0.05", ipOf(lab, db)])).stdout).toContain("duplicates");
  });

  test("services: rules missing on one node, a stale endpoint, and no endpoint at all", async () => {
    const missing = await lab.fault.add({ kind: "service-rules-missing", node: "node-1", service: "web" });
    expect(await connect(lab, web, "web", 80)).toBe("timed out");
    expect(await connect(lab, db, "web", 80)).toBe("open");
    await lab.fault.remove(missing.id);
    const stale = await lab.fault.add({ kind: "stale-endpoint", service: "db", count: 18 });
    const tries = await Promise.all(Array.from({ length: 12 }, () => connect(lab, web, "db", 5432)));
    expect(tries).toContain("timed out");
    await lab.fault.remove(stale.id);
    await lab.fault.add({ kind: "no-endpoints", service: "web" });
    expect(await connect(lab, web, "web", 80)).toBe("refused");
    expect(lab.events.some(({ reason: why }) => why === "Unhealthy")).toBe(true);
  });

  test("services: a selector that finds nothing, a wrong port, a pod that cannot reach itself", async () => {
    const selector = await lab.fault.add({ kind: "selector-mismatch", service: "api" });
    expect(await connect(lab, web, "api", 80)).toBe("refused");
    await lab.fault.remove(selector.id);
    const port = await lab.fault.add({ kind: "wrong-target-port", pod: api, port: 9_999 });
    expect(await connect(lab, web, "api", 80)).toBe("refused");
    await lab.fault.remove(port.id);
    expect(await connect(lab, web, "api", 80)).toBe("open");
    await lab.fault.add({ kind: "hairpin-off", service: "db" });
    const tries = await Promise.all(Array.from({ length: 12 }, () => connect(lab, db, "db", 5432)));
    expect(new Set(tries)).toEqual(new Set(["open", "timed out"]));
  });

  test.each([
    { kubeProxy: "pending", phase: "Pending", reason: "FailedScheduling" },
    { kubeProxy: "evicted", phase: "Failed", reason: "Evicted" },
  ])(
    "kube-proxy $kubeProxy: no Service works from its node, and the API says why",
    async ({ kubeProxy, phase, reason: why }) => {
      // By its address: names are not resolved there either.
      const service = lab.services.get("default/web")?.clusterIp ?? "";
      await lab.fault.add({ kind: "service-rules-missing", node: "node-1", kubeProxy });
      const pod = [...lab.pods.values()].find(({ node, owner }) => node === "node-1" && owner?.name === "kube-proxy");
      expect(pod).toMatchObject({ phase, ready: false });
      expect(pod?.priorityClassName).toBeUndefined();
      expect(lab.events.some((event) => event.reason === why)).toBe(true);
      expect(await connect(lab, web, service, 80)).toBe("timed out");
      await lab.fault.clear();
      expect(pod).toMatchObject({ phase: "Running", ready: true, priorityClassName: "system-node-critical" });
      expect(await connect(lab, web, service, 80)).toBe("open");
    },
  );

  test("network-policy: whom it names gets through, nobody else, and both ways only where it says", async () => {
    await lab.fault.add({
      kind: "network-policy",
      namespace: "default",
      policy: {
        podSelector: { matchLabels: { app: "db" } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "api" } } }], ports: [{ port: 5432 }] }],
      },
    });
    expect([...lab.policies.values()]).toHaveLength(1);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("refused");
    expect(await connect(lab, api, ipOf(lab, db), 5432)).toBe("open");
    expect(await connect(lab, db, ipOf(lab, web), 8080)).toBe("open");
    await lab.fault.clear();
    expect(lab.policies.size).toBe(0);
    expect(await connect(lab, web, ipOf(lab, db), 5432)).toBe("open");
  });

  test("a fault with a start and an end happens between them", async () => {
    const scheduled = await lab.fault.schedule([
      { kind: "loss", node: "node-2", startS: 0.2, endS: 4 },
      { kind: "port-closed", pod: "db-0" },
    ]);
    expect(lab.fault.list().map(({ active }) => active)).toEqual([false, true]);
    const lostNow = async () => lost(await roundTrips(lab, web, db, { count: 1, waitMs: 500 }));
    await expect.poll(lostNow).toBe(1);
    await expect.poll(() => lab.fault.list()[0]?.active).toBe(true);
    await expect.poll(lostNow).toBe(0);
    expect(lab.fault.list()[0]?.active).toBe(false);
    await scheduled[Symbol.asyncDispose]();
    expect(lab.fault.list()).toEqual([]);
  });

  test.each([
    { name: "an unknown pod", spec: { kind: "port-closed", pod: "dbb-0" }, says: /no pod "dbb-0".*default\/db-0/ },
    {
      name: "an unknown node",
      spec: { kind: "node-crash", node: "node-9" },
      says: /no node "node-9".*node-1, node-2, node-3/,
    },
    {
      name: "an end that is neither",
      spec: { kind: "loss", from: "node-1", to: "moon" },
      says: /"moon" is neither a node nor a pod/,
    },
    {
      name: "two pods of one node",
      spec: { kind: "delay", from: "web-0", to: "api-0", delayMs: 1 },
      says: /on the same node/,
    },
    {
      name: "a port that is not served",
      spec: { kind: "port-closed", pod: "db-0", port: 1 },
      says: /no port 1 to close; it serves 5432/,
    },
    { name: "an unknown key", spec: { kind: "loss", node: "node-1", percnt: 3 }, says: /"percnt" is not known here/ },
    { name: "an unknown kind", spec: { kind: "gremlin" }, says: /"gremlin" is no kind of fault/ },
    { name: "no mapping", spec: "loss", says: /must be a mapping with a kind/ },
  ])("a fault that names $name is refused before anything is touched", async ({ spec, says }) => {
    await expect(lab.fault.add(spec)).rejects.toThrow(says);
    expect(lab.fault.list()).toEqual([]);
  });
});
