import { chineseCauses } from "#src/core/causes-zh.ts";
import type { CheckRequest } from "#src/core/check.ts";
import type { Plan } from "#src/core/plan.ts";
import type { LatencyChart, Report } from "#src/core/report.ts";

/** 2026-11-21 02:00:00 UTC, Unix milliseconds. */
export const START_MS = Date.UTC(2026, 10, 21, 2);

export const sampleRequest: CheckRequest = {
  id: "nc-4f2a",
  command: "web-0 db-0:5432 1m",
  cluster: "prod-eu-1",
  from: { kind: "pod", namespace: "shop", name: "web-0" },
  to: { kind: "pod", namespace: "shop", name: "db-0", port: 5432 },
  durationMs: 60_000,
  requestedAtMs: START_MS - 4_000,
  slack: { team: "T0HOME", channel: "C0OPS", user: "U0ALICE" },
};

/** A repeatable stand-in for chance: 0 ≤ value < 1. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** A chart of `buckets` seconds with five probes each; `rtts` gives the answered round trips of one second. */
export function sampleChart(
  buckets: number,
  rtts: (second: number, random: () => number) => readonly number[],
  more: Partial<LatencyChart> = {},
): LatencyChart {
  const random = chance(7);
  const seconds = Array.from({ length: buckets }, (_, second) => rtts(second, random).toSorted((a, b) => a - b));
  return {
    kind: "latency",
    title: "shop/web-0 → shop/db-0: round trip",
    subtitle: `${buckets * 5} pings`,
    leg: "shop/web-0 → shop/db-0",
    bucketMs: 1_000,
    startMs: START_MS,
    p50Ms: seconds.map((all) => all[Math.floor((all.length - 1) / 2)] ?? null),
    p99Ms: seconds.map((all) => all.at(-1) ?? null),
    maxMs: seconds.map((all) => all.at(-1) ?? null),
    sent: seconds.map(() => 5),
    lost: seconds.map((all) => 5 - all.length),
    episodes: [],
    ...more,
  };
}

const usual = (random: () => number): number => 0.45 + 0.2 * random();
const five = (rtt: () => number): number[] => Array.from({ length: 5 }, rtt);

export const charts = {
  healthy: sampleChart(60, (_, random) => five(() => usual(random))),
  periodic: sampleChart(
    60,
    (second, random) =>
      five(() => usual(random)).map((rtt, index) => ((second * 5 + index) % 4 === 0 ? 200 + 200 * random() : rtt)),
    {
      episodes: [{ startMs: START_MS, endMs: START_MS + 60_000, label: "25 % late at node-2" }],
    },
  ),
  loss: sampleChart(
    600,
    (second, random) => {
      const bad = (second > 200 && second < 232) || (second > 430 && second < 470);
      return five(() => usual(random) * (random() < 0.01 ? 12 : 1)).slice(
        bad && random() < 0.5 ? 1 + Math.floor(4 * random()) : 0,
      );
    },
    {
      episodes: [
        { startMs: START_MS + 200_000, endMs: START_MS + 232_000, label: "41 % lost at node-1>node-2" },
        { startMs: START_MS + 430_000, endMs: START_MS + 470_000, label: "38 % lost at node-1>node-2" },
      ],
    },
  ),
  dead: sampleChart(20, () => [], {
    episodes: [{ startMs: START_MS, endMs: START_MS + 20_000, label: "nothing gets through at node-2" }],
  }),
};

const measured = (
  from: string,
  to: string,
  part: "end-to-end" | "segment" | "control",
  lost = 0,
  rttMs: Report["measurements"][number]["rttMs"] = { min: 0.41, p50: 0.55, p99: 0.64, max: 0.71 },
): Report["measurements"][number] => ({
  probe: "ping",
  from,
  to,
  part,
  sent: 300,
  lost,
  ...(lost < 300 && rttMs ? { rttMs } : {}),
});

const late = { min: 0.41, p50: 0.58, p99: 391, max: 399 };

const base: Report = {
  check: "nc-4f2a",
  command: "web-0 db-0:5432 1m",
  cluster: "prod-eu-1",
  from: "shop/web-0",
  to: "shop/db-0",
  status: "healthy",
  verdict: "The path from shop/web-0 to shop/db-0 is healthy: no loss in 600 probes, p99 0.64 ms.",
  causes: [],
  cleared: [
    { cause: "path-loss", because: "0 of 3,600 packets were lost on 12 legs" },
    { cause: "nic-periodic-delay", because: "0 of 1,800 echoes along the path were late" },
    { cause: "route-missing", because: "both nodes have a route to the other's pods" },
    { cause: "port-closed", because: "60 of 60 connects to port 5432 were accepted" },
  ],
  unknown: [],
  gaps: [],
  measurements: [
    measured("shop/web-0", "shop/db-0", "end-to-end"),
    measured("shop/db-0", "shop/web-0", "end-to-end"),
    {
      probe: "tcp",
      from: "shop/web-0",
      to: "shop/db-0:5432",
      part: "end-to-end",
      sent: 60,
      lost: 0,
      rttMs: { min: 0.6, p50: 0.8, p99: 1.2, max: 1.4 },
      outcomes: { connected: 60 },
    },
    measured("shop/web-0", "node-1", "segment"),
    measured("node-1", "node-2", "segment"),
    measured("node-1", "node-3", "control"),
  ],
  captures: [],
  hops: [],
  coverage: { share: 1, text: "100 % of the window on 12 of 12 legs" },
  charts: [charts.healthy],
  window: { startMs: START_MS, endMs: START_MS + 60_000 },
};

const nicDelay: Report["causes"][number] = {
  cause: "nic-periodic-delay",
  title: "NIC delays one packet in 4",
  confidence: "certain",
  where: { kind: "node", name: "node-2", device: "eth0" },
  because: [
    "1 in 4 packets through node-2 take 200–400 ms longer: 25.1 %, 452 of 1,800, 95 % interval 23.1–27.2 %",
    "all 4 legs through node-2 are hit, the 8 that avoid it are not: 0 of 2,400 late",
  ],
  against: [],
  confirm: [
    "ping -c 40 -i 0.2 192.168.0.2   # from node-1 and from node-3",
    "ethtool -S eth0 | grep -i err   # on node-2",
  ],
  advice: ["Fail over to the other NIC of node-2 or drain node-2, then have the NIC, cable and switch port checked."],
  explains: [{ cause: "path-loss", where: { kind: "node", name: "node-2" }, because: ["3 connects timed out"] }],
};

const hostile = "<!channel> `rm -rf /` *bold* <https://evil.example|click> & \u001b[31mred";

const causeNames = Object.keys(chineseCauses);
const longName = (index: number): string => `a-namespace-with-a-long-name-${index}/${"stateful-".repeat(3)}${index}`;

/** A big cluster with many rules: most is ruled out, much lacks the same, and every node has its gaps. */
const crowded: Report = {
  ...base,
  cleared: Array.from({ length: 60 }, (_, index) => ({
    cause: causeNames[index] ?? `cause-${index}`,
    because: `0 of 12,${100 + index} packets between ${longName(index)} and ${longName(index + 1)}`,
  })),
  unknown: Array.from({ length: 30 }, (_, index) => ({
    cause: causeNames.at(-1 - index) ?? `cause-${index}`,
    because: index < 3 ? `too few packets on leg ${index} to tell` : `not measured: kind-${index % 4}`,
  })),
  gaps: Array.from({ length: 80 }, (_, index) => ({
    probe: ["sysctls", "links", "counters", "conntrack"][index % 4] ?? "",
    subject: index < 60 ? `node/node-${index % 20}` : `pod/${longName(index)}`,
    reason:
      index < 40
        ? `ended early: exited with code 127, at 02:00:${10 + index} UTC`
        : `the tool ${index} is not there: ${"so it said ".repeat(12)}`,
  })),
};

const capturedPoints = [
  ...["shop/web-0 eth0", "node-1 cni0", "node-1 flannel.1", "node-1 eth0"],
  ...["node-2 eth0", "node-2 flannel.1", "shop/db-0 eth0"],
];

/** Hops both ways between points, with loss at the second one and a slow wire at the fourth. */
function capturedHops(points: readonly string[]): Report["hops"] {
  return points.slice(1).flatMap((far, index) =>
    (["forward", "backward"] as const).map((direction) => {
      const near = points[index] ?? "";
      const lost = index === 1 && direction === "forward" ? 300 : 0;
      const missed = index === 4 && direction === "forward" ? 118 : 0;
      const [from, to] = direction === "forward" ? [near, far] : [far, near];
      return {
        from,
        to,
        direction,
        sent: 10_000,
        seen: 10_000 - lost - missed,
        lost,
        missed,
        delayMs: index === 3 ? 0.42 : 0.02,
      };
    }),
  );
}

export const reports = {
  crowded,
  healthy: base,
  periodic: {
    ...base,
    status: "degraded",
    verdict: "1 in 4 packets through node-2 (eth0) are 200–400 ms late; certain.",
    causes: [nicDelay],
    cleared: base.cleared.filter(({ cause }) => cause !== "nic-periodic-delay"),
    measurements: base.measurements.map((one) =>
      one.to.includes("db-0") || one.to === "node-2" ? { ...one, rttMs: late } : one,
    ),
    charts: [charts.periodic],
  },
  loss: {
    ...base,
    status: "degraded",
    verdict: "7.9 % of packets from node-1 to node-2 are lost; likely.",
    causes: [
      {
        cause: "path-loss",
        title: "Loss on the way",
        confidence: "likely",
        where: { kind: "pair", name: "node-1", peer: "node-2" },
        because: ["118 of 1,500 packets from node-1 to node-2 were lost (7.9 %)", "none of 1,500 the other way"],
        against: ["eth0 of both nodes counts no errors"],
        confirm: ["mtr -n -c 100 192.168.0.2   # on node-1"],
        advice: ["Ask the network team for drops on the way from node-1 to node-2."],
        explains: [],
      },
      { ...nicDelay, confidence: "possible", explains: [] },
    ],
    cleared: base.cleared.filter(({ cause }) => cause.startsWith("route") || cause.startsWith("port")),
    unknown: [{ cause: "firewall-drop", because: "the rules of node-2 could not be read" }],
    gaps: [{ probe: "facts", subject: "node/node-3", reason: "no agent on node-3" }],
    measurements: base.measurements.map((one) => (one.to === "shop/db-0" ? { ...one, lost: 24 } : one)),
    coverage: { share: 0.97, text: "97 % of the window on 11 of 12 legs" },
    dataPlanes: [
      {
        nodes: ["node-1", "node-2"],
        text: "node-1 and node-2: Calico, IPIP, routed veth, kube-proxy with nft, NodeLocal DNS, IPv4",
        network: ["Calico"],
        between: ["IPIP"],
        cable: "routed",
        services: "nft",
        nodeLocalDns: "listens",
        families: ["IPv4"],
      },
    ],
    charts: [charts.loss],
    window: { startMs: START_MS, endMs: START_MS + 600_000 },
  },
  dead: {
    ...base,
    status: "broken",
    verdict: "node-2 is down: nothing reaches it since 02:00:00 UTC; certain.",
    causes: [
      {
        cause: "node-down",
        title: "Node is down",
        confidence: "certain",
        where: { kind: "node", name: "node-2" },
        because: ["its lease is 48 s old, Ready is Unknown", "0 of 1,200 packets to it were answered"],
        against: [],
        confirm: ["kubectl get node node-2"],
        advice: ["Look at the console of node-2; its pods start elsewhere after 5 min."],
        explains: [],
      },
    ],
    measurements: base.measurements.map((one) =>
      one.to.includes("db-0") || one.to === "node-2"
        ? { probe: one.probe, from: one.from, to: one.to, part: one.part, sent: 300, lost: 300 }
        : one,
    ),
    charts: [charts.dead],
    window: { startMs: START_MS, endMs: START_MS + 20_000 },
  },
  /** The same packets followed over seven points: some vanish between a bridge and a tunnel, and a recorder could not keep up. */
  captured: {
    ...base,
    status: "degraded",
    verdict: "3 % of packets vanish between node-1 cni0 and node-1 flannel.1; certain.",
    causes: [
      {
        cause: "capture-loss-located",
        title: "Packets vanish between two points",
        confidence: "certain",
        where: { kind: "node", name: "node-1", device: "flannel.1" },
        because: [
          "300 of 10,000 packets that node-1 cni0 saw came neither to node-1 flannel.1 nor to any point behind it",
        ],
        against: [],
        confirm: ["tcpdump -ni cni0   # on node-1"],
        advice: ["Look at what node-1 does with packets between cni0 and flannel.1"],
        explains: [],
      },
    ],
    captures: capturedPoints.map((point, order) => ({
      ...{
        node: order < 4 ? "node-1" : "node-2",
        point,
        device: point.split(" ")[1] ?? "",
        packets: 19_700,
        bytes: 3.1e6,
      },
      ...{ droppedByKernel: order === 5 ? 120 : 0, fromMs: START_MS, toMs: START_MS + 60_000 },
      file: `nc-4f2a/capture-${order}.pcapng`,
      ...(order === 6 ? { letGo: 2 } : {}),
    })),
    files: [
      { key: "captures/nc-4f2a/merged.pcapng", bytes: 1_234_567, sha256: "5".repeat(64), holds: "all", payload: false },
      {
        key: "captures/nc-4f2a/moments.pcapng",
        bytes: 98_765,
        sha256: "6".repeat(64),
        holds: "moments",
        payload: true,
      },
    ],
    hops: capturedHops(capturedPoints),
  },
  /** Nothing could be measured: no numbers, no charts. */
  nothing: {
    ...base,
    status: "failed",
    verdict: "Nothing could be measured: no agent answered on node-1 and node-2.",
    cleared: [],
    gaps: [
      { probe: "ping", subject: "pod/shop/web-0>pod/shop/db-0", reason: "no agent on node-1" },
      { probe: "ping", subject: "pod/shop/db-0>pod/shop/web-0", reason: "no agent on node-2" },
    ],
    measurements: [],
    coverage: { share: 0, text: "0 % of the window" },
    charts: [],
  },
  /** Everything long, much of it hostile: what a cluster can put into names, events and logs. */
  hostile: {
    ...base,
    status: "degraded",
    from: `shop/${"x".repeat(250)}`,
    to: "shop/db-0",
    verdict: `${hostile} ${"long ".repeat(200)}`,
    causes: Array.from({ length: 8 }, (_, index) => ({
      ...nicDelay,
      cause: `made-up-${index}`,
      title: `${hostile} ${index} ${"t".repeat(200)}`,
      because: Array.from({ length: 30 }, () => `${hostile} ${"b".repeat(300)}`),
      against: [hostile],
      confirm: Array.from({ length: 30 }, () => `echo ${hostile} ${"c".repeat(200)}`),
      advice: [`${hostile} ${"a".repeat(1_000)}`],
    })),
    cleared: Array.from({ length: 120 }, (_, index) => ({
      cause: `cleared-${index}`,
      because: `${hostile} ${"d".repeat(200)}`,
    })),
    unknown: Array.from({ length: 40 }, (_, index) => ({ cause: `unknown-${index}`, because: "&".repeat(400) })),
    gaps: Array.from({ length: 40 }, () => ({ probe: "facts", subject: hostile, reason: '"\\'.repeat(200) })),
    measurements: Array.from({ length: 200 }, (_, index) =>
      measured(`shop/${"w".repeat(60)}-${index}`, "shop/db-0", index < 2 ? "end-to-end" : "segment", index),
    ),
    dataPlanes: Array.from({ length: 5 }, () => ({
      nodes: [hostile],
      text: `${hostile} ${"n".repeat(900)}`,
      network: [hostile],
      families: [],
    })),
    hops: capturedHops(Array.from({ length: 60 }, (_, index) => `${hostile} ${index}`)),
    charts: [
      {
        ...charts.loss,
        title: hostile.repeat(5),
        subtitle: hostile,
        episodes: Array.from({ length: 50 }, () => ({ startMs: START_MS, endMs: START_MS + 9_000, label: hostile })),
      },
    ],
  },
} as const satisfies Record<string, Report>;

export const samplePlan: Plan = {
  check: "nc-4f2a",
  window: base.window,
  from: { kind: "pod", name: "shop/web-0", ip: "10.244.1.2", node: "node-1" },
  to: { kind: "pod", name: "shop/db-0", ip: "10.244.2.3", node: "node-2", port: 5432 },
  vantages: [
    { id: "pod/shop/web-0", label: "shop/web-0", node: "node-1", netns: "uid-1", ip: "10.244.1.2", role: "from" },
    { id: "pod/shop/db-0", label: "shop/db-0", node: "node-2", netns: "uid-2", ip: "10.244.2.3", role: "to" },
  ],
  legs: [
    {
      id: "pod/shop/web-0>pod/shop/db-0",
      from: "pod/shop/web-0",
      to: "pod/shop/db-0",
      toIp: "10.244.2.3",
      scope: "overlay",
      part: "end-to-end",
    },
    {
      id: "pod/shop/web-0>pod/shop/db-0:5432",
      from: "pod/shop/web-0",
      to: "pod/shop/db-0",
      toIp: "10.244.2.3",
      port: 5432,
      scope: "overlay",
      part: "end-to-end",
    },
  ],
  tasks: [],
  gaps: [],
};
