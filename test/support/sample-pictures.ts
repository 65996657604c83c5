import { type Hops, hopsEvidence, type Tap } from "#src/core/capture.ts";
import { hopsChart } from "#src/core/hops-chart.ts";
import type { HopsChart, TimelineChart } from "#src/core/report.ts";
import type { Language } from "#src/core/sentence.ts";
import { wilson } from "#src/core/stats.ts";
import { START_MS } from "./sample-reports.ts";

const NODES = ["node-1", "node-2", "node-3"];
const DEVICES = [
  ["pod", "eth0"],
  ["host-end", "veth1a2b3c4d"],
  ["bridge", "cni0"],
  ["tunnel", "flannel.1"],
  ["bond-member", "ens5f1"],
  ["bond-member", "ens5f0"],
  ["nic", "bond0"],
] as const;

/** `count` points on the way from one pod to another, half of them on each node, the pods at the ends. */
export function sampleTaps(
  count: number,
  pods: readonly [string, string] = ["shop/web-0", "shop/db-0"],
): readonly Tap[] {
  const near = Math.ceil(count / 2);
  const half = (length: number) => DEVICES.slice(0, length);
  const all = [
    ...half(near).map(([kind, device]) => ({ kind, device, node: NODES[0] ?? "", pod: pods[0] })),
    ...half(count - near)
      .toReversed()
      .map(([kind, device]) => ({ kind, device, node: NODES[1] ?? "", pod: pods[1] })),
  ];
  return all.map(({ kind, device, node, pod }, order) => ({
    task: `capture-${order}`,
    label: kind === "pod" ? `${pod} ${device}` : `${node} ${device}`,
    order,
    node,
    netns: kind === "pod" ? pod : "node",
    device,
    kind,
    mtu: 1_500,
    snapLength: 160,
    mayBeSkipped: kind === "bridge",
  }));
}

type Change = { readonly hop: number; readonly way: "forward" | "backward" } & Partial<
  Pick<Hops["hops"][number], "sent" | "seen" | "lost" | "missed" | "dropped" | "delayMs" | "missShare">
>;

/** What hop matching would say of a path on which `sent` packets went each way; `hop` n leads from point n to n + 1. */
export function sampleHops(taps: readonly Tap[], changes: readonly Change[] = [], sent = 10_000): Hops {
  return hopsEvidence.schema.parse({
    taps,
    hops: taps.slice(1).flatMap((far, index) =>
      (["forward", "backward"] as const).map((direction) => {
        const near = taps[index];
        const {
          hop: _,
          way: __,
          ...changed
        } = changes.find(({ hop, way }) => hop === index && way === direction) ?? {
          hop: index,
          way: direction,
        };
        const counts = { sent, lost: 0, missed: 0, dropped: 0, ...changed };
        const seen = counts.seen ?? counts.sent - counts.lost - counts.missed;
        return {
          from: (direction === "forward" ? near : far)?.label,
          to: (direction === "forward" ? far : near)?.label,
          direction,
          missShare: wilson(counts.missed, Math.max(1, counts.sent - counts.lost)),
          lossShare: wilson(counts.lost, Math.max(1, counts.sent)),
          smallestLost: counts.lost > 0 ? 60 : 0,
          largestSeen: 1_450,
          lostAt: counts.lost === 0 ? [] : [[START_MS / 1_000 + 20, counts.lost]],
          ...(seen === 0 ? {} : { delayMs: { p50: 0.012 * (index + 1), p99: 0.21, max: 4, uncertainMs: 0.05 } }),
          ...counts,
          seen,
        };
      }),
    ),
    ...{ clocks: [], strangers: 0, unidentified: 0, refused: 0, left: [] },
  });
}

const LONG = [
  "shop/payments-gateway-canary-deployment-with-a-long-name-7d9f8b6c5d-x2kzq",
  "shop/ledger-database-primary-statefulset-for-the-eu-west-region-abc-0",
] as const;

function ladder(
  data: Hops,
  { language, ends = "shop/web-0>shop/db-0" }: { language?: Language; ends?: string } = {},
): HopsChart {
  const chart = hopsChart(data, ends, language);
  if (!chart) throw new Error("nothing was compared");
  return chart;
}

const dead = (hop: number): Change[] =>
  Array.from({ length: 9 - hop }, (_, index): Change[] => [
    { hop: hop + index, way: "forward", sent: index === 0 ? 500 : 0, lost: index === 0 ? 500 : 0 },
    { hop: hop + index, way: "backward", sent: 0 },
  ])
    .flat()
    .concat(
      Array.from({ length: hop }, (_, index): Change[] => [
        { hop: index, way: "forward", sent: 500 },
        { hop: index, way: "backward", sent: 0 },
      ]).flat(),
    );

/** Ladders as the maker makes them. */
export const ladders: Readonly<Record<string, HopsChart>> = {
  "two-points": ladder(sampleHops(sampleTaps(2), [{ hop: 0, way: "forward", lost: 4_130 }])),
  "four-points-clean": ladder(sampleHops(sampleTaps(4))),
  "six-points-one-hop": ladder(sampleHops(sampleTaps(6), [{ hop: 2, way: "backward", lost: 312 }])),
  "ten-points-two-hops": ladder(
    sampleHops(sampleTaps(10), [
      { hop: 4, way: "forward", lost: 812 },
      { hop: 7, way: "backward", lost: 55 },
      { hop: 4, way: "backward", delayMs: { p50: 0.4, p99: 398, max: 400, uncertainMs: 0.1 } },
    ]),
  ),
  "everything-lost": ladder(sampleHops(sampleTaps(10), dead(4))),
  unsure: ladder({
    ...sampleHops(sampleTaps(8), [
      { hop: 1, way: "forward", missed: 10_000 },
      { hop: 3, way: "forward", lost: 9 },
      { hop: 3, way: "backward", lost: 400, dropped: 900, missed: 800 },
      { hop: 4, way: "backward", sent: 40 },
      { hop: 6, way: "forward", lost: 300, dropped: 2_000 },
    ]),
  }),
  "fourteen-points": ladder(
    sampleHops(sampleTaps(14), [
      { hop: 6, way: "forward", lost: 41 },
      { hop: 9, way: "backward", sent: 30 },
    ]),
  ),
  "point-left": ladder(withoutPoint(sampleHops(sampleTaps(7), [{ hop: 1, way: "forward", lost: 1_200 }]), 3)),
  "long-names": ladder(sampleHops(sampleTaps(8, LONG), [{ hop: 0, way: "forward", lost: 77 }]), {
    ends: LONG.join(">"),
  }),
  chinese: ladder(
    sampleHops(sampleTaps(8), [
      { hop: 3, way: "forward", lost: 812 },
      { hop: 6, way: "backward", sent: 40 },
      { hop: 5, way: "forward", lost: 300, dropped: 2_000, missed: 800 },
    ]),
    { language: "zh" },
  ),
};

/** The same without one point: its neighbours are compared with each other. */
function withoutPoint(data: Hops, order: number): Hops {
  const [before, gone, after] = [data.taps[order - 1], data.taps[order], data.taps[order + 1]].map((tap) => tap?.label);
  const hops = data.hops.flatMap((hop) => {
    if (hop.to === gone) return [{ ...hop, to: hop.direction === "forward" ? (after ?? "") : (before ?? "") }];
    return hop.from === gone ? [] : [hop];
  });
  return { ...data, hops, left: [{ tap: gone ?? "", reason: "no such device" }] };
}

function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

type Sample = {
  readonly seconds: number;
  readonly bucketMs: number;
  readonly killsS: readonly number[];
  readonly zh?: boolean;
};

/** Stalls that follow kills, with the packets of the worst ones kept. */
function sampleTimeline(
  { seconds, bucketMs, killsS, zh = false }: Sample,
  more: Partial<TimelineChart> = {},
): TimelineChart {
  const random = chance(3);
  const buckets = Math.ceil((seconds * 1_000) / bucketMs);
  const stalled = (index: number): boolean =>
    killsS.some((at) => at * 1_000 >= (index - 0.5) * bucketMs && at * 1_000 < (index + 1) * bucketMs);
  const each = (value: (index: number) => number | null): (number | null)[] =>
    Array.from({ length: buckets }, (_, index) => value(index));
  return {
    kind: "timeline",
    title: zh ? "shop/web-0 → shop/db-0：时间线" : "shop/web-0 → shop/db-0: what happened when",
    subtitle: zh ? "40,000 个包丢失 212 个" : `212 of 40,000 packets lost, ${killsS.length} kernel events`,
    startMs: START_MS,
    bucketMs,
    lanes: [
      {
        label: zh ? "所查路径丢包" : "lost on the asked path",
        unit: "count",
        values: each((index) => (stalled(index) ? 1 + Math.floor(4 * random()) : 0)),
      },
      {
        label: zh ? "往返时间 p99" : "round trip, p99",
        unit: "ms",
        values: each((index) => (stalled(index) ? 300 + 600 * random() : 0.6 + random())),
      },
    ],
    marks: killsS.map((at) => ({
      atMs: START_MS + at * 1_000,
      kind: "kernel",
      label: zh ? "node-2 上 logstash 被 OOM 杀死" : "OOM kill of logstash on node-2",
    })),
    ...more,
  };
}

const HOURS = 8 * 3_600;
const many = (count: number): readonly number[] => {
  const random = chance(11);
  return Array.from({ length: count }, (_, index) =>
    index % 3 === 0 ? HOURS * random() : 3_600 * (1 + (index % 5)) + 900 * random(),
  ).toSorted((a, b) => a - b);
};

const night = sampleTimeline({ seconds: HOURS, bucketMs: 48_000, killsS: many(300) });

export const timelines: Readonly<Record<string, TimelineChart>> = {
  "ten-seconds": sampleTimeline({ seconds: 10, bucketMs: 1_000, killsS: [3.2] }),
  "ten-minutes": sampleTimeline({ seconds: 600, bucketMs: 1_000, killsS: [61, 140, 222, 310, 402, 480, 555] }),
  night: {
    ...night,
    lanes: [
      ...night.lanes.map((lane) => ({
        ...lane,
        values: lane.values.map((value, index) => (index > 300 && index < 340 ? null : value)),
      })),
      {
        label: "retransmissions",
        unit: "count",
        values: night.lanes[0]?.values.map((value) => (value ?? 0) * 1_234) ?? [],
      },
    ],
    marks: [
      ...night.marks,
      { atMs: START_MS + 7_200_000, kind: "kernel", label: "link up or down on node-1" },
      ...[4_000, 4_060, 9_000, 20_000].map((at) => ({
        atMs: START_MS + at * 1_000,
        kind: "trigger" as const,
        label: "loss",
      })),
      ...[3_990, 9_000, 19_990].map((at) => ({
        atMs: START_MS + at * 1_000,
        endMs: START_MS + (at + 90) * 1_000,
        kind: "kept" as const,
        label: "packets kept",
      })),
    ],
  },
  "many-kinds": sampleTimeline(
    { seconds: 120, bucketMs: 1_000, killsS: [20, 21, 22, 80] },
    {
      marks: [
        "OOM kill of a-process-with-a-very-long-name on a-node-with-a-very-long-name.example.com",
        "conntrack table full on node-2",
        "CPU lockup on node-2",
        "NIC reset on node-1",
      ].flatMap((label, index) =>
        [20, 21, 80, 119.9, 0].map((at) => ({ atMs: START_MS + (at + index) * 1_000, kind: "kernel" as const, label })),
      ),
    },
  ),
  "nothing-measured": sampleTimeline(
    { seconds: 60, bucketMs: 1_000, killsS: [30] },
    {
      lanes: [
        { label: "round trip, p99", unit: "ms", values: Array.from({ length: 60 }, () => null) },
        { label: "lost on the asked path", unit: "count", values: Array.from({ length: 60 }, () => 0) },
      ],
    },
  ),
  chinese: sampleTimeline({ seconds: 600, bucketMs: 1_000, killsS: [61, 62, 63, 310, 402], zh: true }),
};
