import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { drawPng, drawSvg } from "#src/chart/draw.ts";
import { latencyRange, latencySpec } from "#src/chart/latency.ts";
import { mergeBuckets } from "#src/chart/merge.ts";
import { openChartRenderer } from "#src/chart/render.ts";
import { chartWords } from "#src/chart/words.ts";
import { ladders, timelines } from "#test/support/sample-pictures.ts";
import { charts, sampleChart } from "#test/support/sample-reports.ts";

const words = chartWords.en;
const PNG = [0x89, 0x50, 0x4e, 0x47];

describe("the specification", () => {
  test.each([
    [
      [0.4, 0.6],
      [0.1, 10],
    ],
    [
      [0.58, 399],
      [0.1, 1_000],
    ],
    [
      [12, 14],
      [10, 1_000],
    ],
    [
      [0.05, 9_999],
      [0.01, 10_000],
    ],
    [[], [0.1, 100]],
    [
      [null, 0, null],
      [0.1, 100],
    ],
  ])("latencies %j need the axis %j", (values, axis) => {
    expect(latencyRange(values)).toEqual(axis);
  });

  test("wide buckets keep what matters: the worst, the sums, the middle", () => {
    const chart = sampleChart(
      6,
      (second) => [[1, 1, 1, 1, 9], [2, 2, 2, 2, 2], [], [], [3], [1, 1, 1, 1, 1]][second] ?? [],
    );
    expect(mergeBuckets(chart, 3)).toMatchObject({
      bucketMs: 2_000,
      p50Ms: [1, null, 1],
      p99Ms: [9, null, 3],
      maxMs: [9, null, 3],
      sent: [10, 10, 10],
      lost: [0, 10, 4],
    });
    expect(mergeBuckets(chart, 6)).toBe(chart);
  });

  test("only probes that stand out get a dot, and only losses get a bar", () => {
    const points = (chart: Parameters<typeof latencySpec>[0], type: string) =>
      (latencySpec(chart, words).series as { type: string; data: unknown[] }[])
        .filter((one) => one.type === type)
        .map(({ data }) => data.length);
    expect(points(charts.healthy, "scatter")).toEqual([0]);
    expect(points(charts.periodic, "scatter")).toEqual([60]);
    expect(points(charts.periodic, "custom")).toEqual([60, 0]);
    expect(points(charts.dead, "custom")).toEqual([0, 20]);
  });
});

describe("the drawing", () => {
  test.each(Object.keys(charts) as (keyof typeof charts)[])("the %s chart is SVG that resvg understands", (name) => {
    const svg = drawSvg(charts[name], words);
    expect(svg).not.toMatch(/font:/);
    expect(svg).toContain("font-size:32px");
    expect(svg).toMatch(/Inter/);
  });

  test("numbers and places stand in the picture as text", () => {
    const svg = drawSvg(charts.periodic, words);
    for (const text of ["p50 0.58 ms", "slowest 399 ms", "25 % late at node-2", "02:00:00", "02:01:00 UTC", "no loss"])
      expect(svg).toContain(text);
  });

  test("Latin, Chinese, arrows and dashes have glyphs of their own", async () => {
    const of = async (title: string) => (await drawPng({ ...charts.healthy, title }, chartWords.zh)).length;
    // A missing glyph is drawn as a box, the same for every letter.
    const [a, b, c] = [await of("数据库丢包"), await of("数据库延迟"), await of("→–·µ≥")];
    expect(new Set([a, b, c]).size).toBe(3);
    expect(await of("\u0f40\u0f41\u0f42")).toBe(await of("\u0f44\u0f45\u0f46"));
  });

  test("long titles and hostile text do not break it", async () => {
    const png = await drawPng({ ...charts.loss, title: "<b>&\"' ".repeat(50), subtitle: "\u0000\u001b[31m" }, words);
    expect([...png.subarray(0, 4)]).toEqual(PNG);
  });
});

describe("the renderer", () => {
  test("draws PNGs of 1080 × 660 in order, without holding up this thread", async () => {
    await using renderer = openChartRenderer();
    await renderer.render(charts.healthy);
    let beats = 0;
    const watch = setInterval(() => beats++, 5);
    const pngs = await Promise.all(Array.from({ length: 5 }, () => renderer.render(charts.loss)));
    clearInterval(watch);
    for (const png of pngs) {
      expect([...png.subarray(0, 4)]).toEqual(PNG);
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1080, 660]);
      expect(png.length).toBeLessThan(200_000);
    }
    // Drawn on this thread, it would beat between two pictures at most.
    expect(beats).toBeGreaterThan(10);
  });

  test("the largest ladder and a night's time line do not hold it up either", async () => {
    await using renderer = openChartRenderer();
    await renderer.render(charts.healthy);
    let beats = 0;
    const watch = setInterval(() => beats++, 5);
    const all = [ladders["fourteen-points"], timelines["night"]].filter((chart) => chart !== undefined);
    const pngs = await Promise.all([...all, ...all].map((chart) => renderer.render(chart, "zh")));
    clearInterval(watch);
    expect(pngs.map((png) => png.readUInt32BE(20))).toEqual([1132, 1063, 1132, 1063]);
    expect(beats).toBeGreaterThan(10);
  });

  test("a picture that cannot be drawn is an error, and the next one is drawn", async () => {
    await using renderer = openChartRenderer();
    await expect(renderer.render({ ...charts.healthy, startMs: Number.NaN })).rejects.toThrow("could not be drawn");
    expect((await renderer.render(charts.healthy)).length).toBeGreaterThan(10_000);
  });

  test("a thread that dies is an error, not a wait", async () => {
    await using renderer = openChartRenderer({ workerUrl: new URL("data:text/javascript,process.exit(3)") });
    const answer = renderer.render(charts.healthy);
    await expect(Promise.race([answer, wait(5_000)])).rejects.toThrow("ended with code 3");
  });
});
