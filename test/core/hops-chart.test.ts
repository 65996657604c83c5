import { expect, test } from "vitest";
import { type HopCounts, hopsEvidence } from "#src/core/capture.ts";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import { hopsChart, worstHopsChart } from "#src/core/hops-chart.ts";
import { chartSchema } from "#src/core/report.ts";
import { ladders, sampleHops, sampleTaps } from "#test/support/sample-pictures.ts";

test.each<{ name: string; change: Partial<HopCounts>; want: string }>([
  { name: "nothing was lost", change: {}, want: "clean" },
  { name: "one in ten was lost", change: { lost: 1_000 }, want: "lossy" },
  { name: "everything was lost", change: { lost: 10_000 }, want: "lossy" },
  { name: "a single packet was lost", change: { lost: 1 }, want: "clean" },
  { name: "too few were lost to be sure", change: { lost: 4 }, want: "unsure: too few lost" },
  { name: "nothing was sent", change: { sent: 0 }, want: "unsure: no packets" },
  { name: "hardly anything was sent", change: { sent: 40 }, want: "unsure: only 40 packets" },
  { name: "one packet was sent and lost", change: { sent: 1, lost: 1 }, want: "unsure: too few lost" },
  { name: "programs pass by the point", change: { missed: 9_000 }, want: "unsure: point bypassed" },
  { name: "the recorder missed some", change: { missed: 500 }, want: "clean" },
])("a hop on which $name is $want", ({ change, want }) => {
  const data = sampleHops(sampleTaps(6), [{ hop: 1, way: "forward", ...change }]);
  const hop = hopsChart(data, "a>b")?.hops.find(({ from, to }) => from === 1 && to === 2);
  expect([hop?.judged, hop?.why].filter((word) => word !== undefined).join(": ")).toBe(want);
});

test("hops point into the points, each in its own direction", () => {
  const chart = ladders["six-points-one-hop"];
  expect(chart?.points.map(({ label }) => label)).toEqual([
    "shop/web-0 eth0",
    "node-1 veth1a2b3c4d",
    "node-1 cni0",
    "node-2 cni0",
    "node-2 veth1a2b3c4d",
    "shop/db-0 eth0",
  ]);
  expect(chart?.hops.find(({ judged }) => judged === "lossy")).toMatchObject({
    from: 3,
    to: 2,
    direction: "backward",
    lost: 312,
  });
  expect(chart?.title).toBe("3.1 % lost: node-2 cni0 → node-1 cni0");
});

test.each(Object.keys(ladders))(
  "the ladder %s is what the schema says, and its hops are those of the golden file",
  async (name) => {
    const chart = chartSchema.parse(JSON.parse(JSON.stringify(ladders[name])));
    await expect(`${JSON.stringify(chart, null, 1)}\n`).toMatchFileSnapshot(`golden/hops-${name}.json.golden`);
  },
);

test("a point that was not compared keeps its place and says why", () => {
  const { points, hops } = ladders["point-left"] ?? { points: [], hops: [] };
  expect(points[3]).toMatchObject({ label: "node-1 flannel.1", left: "no such device" });
  expect(hops.some(({ from, to }) => from === 3 || to === 3)).toBe(false);
  expect(hops.filter(({ from, to }) => Math.abs(from - to) === 2)).toHaveLength(2);
});

test("of several paths the one that loses most is drawn, and none when nothing was compared", () => {
  const path = (subject: string, lost: number) =>
    evidenceOf(hopsEvidence, subject, 0, sampleHops(sampleTaps(4), [{ hop: 1, way: "forward", lost }]));
  const set = new EvidenceSet([path("a>b", 100), path("a>c", 900), path("a>d", 0)]);
  expect(worstHopsChart(set).map(({ to }) => to)).toEqual(["c"]);
  expect(worstHopsChart(new EvidenceSet())).toEqual([]);
  expect(hopsChart({ ...sampleHops(sampleTaps(1)) }, "a>b")).toBeUndefined();
});
