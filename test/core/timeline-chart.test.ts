import { expect, test } from "vitest";
import { captureKept, hopsEvidence, triggersEvidence } from "#src/core/capture.ts";
import { diagnose } from "#src/core/diagnose.ts";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import { chartSchema, reportSchema } from "#src/core/report.ts";
import { type ChartMark, timelineChart } from "#src/core/timeline-chart.ts";
import { rules } from "#src/rules/index.ts";
import { sampleHops, sampleTaps } from "#test/support/sample-pictures.ts";
import { loses, play, requestFor, type Scene, startOf, through } from "./simulate.ts";

const bad = (fromS: number, toS: number): Scene => ({
  faults: [
    loses(
      1,
      (packet) =>
        packet.atMs >= startOf + fromS * 1_000 && packet.atMs < startOf + toS * 1_000 && through("graz")(packet),
    ),
  ],
});
const kernel = (...atS: readonly number[]): readonly ChartMark[] =>
  atS.map((at) => ({ atMs: startOf + at * 1_000, kind: "kernel", label: "OOM kill of logstash on graz" }));

test.each<{ name: string; scene: Scene; marks: readonly ChartMark[]; drawn: boolean }>([
  { name: "nothing happened", scene: {}, marks: [], drawn: false },
  { name: "kernel events beside a healthy path", scene: {}, marks: kernel(4, 9), drawn: false },
  { name: "losses alone", scene: bad(8, 10), marks: [], drawn: false },
  { name: "losses begin with a kernel event", scene: bad(8, 10), marks: kernel(8), drawn: true },
  { name: "kernel events at other times", scene: bad(12, 14), marks: kernel(2, 4, 6), drawn: false },
  {
    name: "kernel events all the time, losses for a moment",
    scene: bad(8, 10),
    marks: kernel(...Array.from({ length: 20 }, (_, at) => at)),
    drawn: false,
  },
  { name: "losses all the time", scene: bad(0, 20), marks: kernel(3, 8, 12), drawn: false },
  { name: "a kernel event long before the check", scene: bad(0, 2), marks: kernel(-200), drawn: false },
  {
    name: "a recording was triggered",
    scene: {},
    marks: [{ atMs: startOf + 5_000, kind: "trigger", label: "loss" }],
    drawn: true,
  },
])("$name: drawn $drawn", ({ scene, marks, drawn }) => {
  const { plan, evidence } = play(scene);
  expect(timelineChart({ plan, evidence }, marks)).toHaveLength(drawn ? 1 : 0);
});

test("lanes have one value per bucket of the leg; losses between points stand at their second", () => {
  const { plan, evidence } = play(bad(8, 10));
  const hops = sampleHops(sampleTaps(4), [{ hop: 1, way: "forward", lost: 50 }]);
  const second = Math.floor(startOf / 1_000) + 8;
  const at = {
    ...hops,
    hops: hops.hops.map((hop) => ({ ...hop, lostAt: hop.lost > 0 ? [[second, 50] as [number, number]] : [] })),
  };
  const all = new EvidenceSet([...evidence.toArray(), evidenceOf(hopsEvidence, "a>b", startOf, at)]);
  const [chart] = timelineChart({ plan, evidence: all }, kernel(8));
  expect(() => chartSchema.parse(JSON.parse(JSON.stringify(chart)))).not.toThrow();
  expect(chart?.lanes.map(({ label }) => label)).toEqual([
    "lost on the asked path",
    "lost between recorded points",
    "round trip, p99",
  ]);
  expect(new Set(chart?.lanes.map(({ values }) => values.length)).size).toBe(1);
  const values = chart?.lanes[1]?.values ?? [];
  const index = values.findIndex((value) => value !== null && value > 0);
  expect(values[index]).toBe(50);
  expect(
    Math.abs((chart?.startMs ?? 0) + (index + 0.5) * (chart?.bucketMs ?? 0) - (second + 0.5) * 1_000),
  ).toBeLessThanOrEqual(500);
  expect(chart?.subtitle).toMatch(/^\d+ of \d+ packets lost, 1 kernel event$/);
});

test("what was kept is a mark of its own where it is a part, once for all points", () => {
  const { plan, evidence } = play({});
  const taps = sampleTaps(2);
  const kept = (fromS: number, toS: number) =>
    taps.map((tap) =>
      evidenceOf(captureKept, tap.label, startOf, {
        ...{ tap, packets: 1, bytes: 1, droppedByKernel: 0, file: "f", letGo: 0, recordedMs: 1 },
        ...{ fromMs: startOf + fromS * 1_000 + tap.order, toMs: startOf + toS * 1_000 },
      }),
    );
  const marks = (fromS: number, toS: number) =>
    timelineChart({ plan, evidence: new EvidenceSet([...evidence.toArray(), ...kept(fromS, toS)]) }, []).flatMap(
      (chart) => chart.marks,
    );
  expect(marks(5, 9)).toEqual([{ atMs: startOf + 5_000, endMs: startOf + 9_000, kind: "kept", label: "packets kept" }]);
  expect(marks(-1, 21)).toEqual([]);
});

test("triggers stand above the losses, the same second once; whole packets around them are what was kept", () => {
  const { plan, evidence } = play({ ...bad(30, 31), seconds: 60 });
  const healthy = play({ seconds: 60 });
  const second = Math.floor(startOf / 1_000) + 30;
  const trigger = (tap: string, kind: "lost" | "kernel-event", kept: "all" | "none") => ({
    ...{ kind, tap, fromS: second, toS: second, worstS: second, count: 3, usual: 0, kept },
  });
  const marksWith = (kept: "all" | "none", whole: boolean, seen = evidence) => {
    const triggers = [trigger("a", "lost", kept), trigger("b", "lost", kept), trigger("graz", "kernel-event", kept)];
    const told = evidenceOf(triggersEvidence, "a>b", startOf, { whole, triggers });
    return timelineChart({ plan, evidence: new EvidenceSet([...seen.toArray(), told]) }, [])[0]?.marks;
  };
  const lost = { atMs: second * 1_000, endMs: (second + 1) * 1_000, kind: "trigger", label: "lost packets" };
  const kept = { atMs: (second - 10) * 1_000, endMs: (second + 11) * 1_000, kind: "kept", label: "packets kept" };
  expect(marksWith("all", true)).toEqual([kept, lost]);
  expect(marksWith("none", true)).toEqual([lost]);
  expect(marksWith("all", false)).toEqual([lost]);
  // A trigger beside a path on which all is well is no picture.
  expect(marksWith("none", true, healthy.evidence)).toBeUndefined();
});

test("a report has all three charts, and the first finding still begins with the first bad moment", () => {
  const { plan, evidence } = play(bad(8, 10));
  const hops = evidenceOf(hopsEvidence, "shop/api-0>shop/api-1", startOf, sampleHops(sampleTaps(4)));
  const report = diagnose({
    ...{ request: requestFor(20), plan, gaps: [], rules, marks: kernel(8) },
    evidence: new EvidenceSet([...evidence.toArray(), hops]),
  });
  expect(report.charts.map(({ kind }) => kind)).toEqual(["latency", "hops", "timeline"]);
  expect(() => reportSchema.parse(JSON.parse(JSON.stringify(report)))).not.toThrow();
  expect(report.charts[1]?.title).toBe("Nothing lost between 4 points");
});
