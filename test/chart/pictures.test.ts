import { describe, expect, test } from "vitest";
import { COLOURS, fitName, textWidth } from "#src/chart/card.ts";
import { drawPng, drawSvg } from "#src/chart/draw.ts";
import { mergeLanes } from "#src/chart/merge.ts";
import { chartSpec } from "#src/chart/spec.ts";
import { countsOf } from "#src/chart/timeline.ts";
import { chartWords } from "#src/chart/words.ts";
import type { Chart, TimelineChart } from "#src/core/report.ts";
import { ladders, timelines } from "#test/support/sample-pictures.ts";

const pictures: readonly (readonly [string, Chart])[] = [
  ...Object.entries(ladders).map(([name, chart]) => [`ladder ${name}`, chart] as const),
  ...Object.entries(timelines).map(([name, chart]) => [`timeline ${name}`, chart] as const),
];
const wordsOf = (name: string) => chartWords[name.includes("chinese") ? "zh" : "en"];

type Text = {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};

/** Where every text of a picture is, by the same estimate of widths with which it was laid out. */
function textsOf(chart: Chart, name: string): readonly Text[] {
  const { graphic } = chartSpec(chart, wordsOf(name)).option as {
    graphic: readonly {
      type: string;
      x?: number;
      y?: number;
      left?: number;
      top?: number;
      style: { text: string; fontSize: number; align?: string };
    }[];
  };
  return graphic
    .filter(({ type }) => type === "text")
    .map(({ x, y, left = 0, top = 0, style: { text, fontSize, align = "left" } }) => {
      const width = textWidth(text, fontSize);
      const begin = x === undefined ? left : align === "right" ? x - width : align === "center" ? x - width / 2 : x;
      const high = y === undefined ? top : y - fontSize / 2;
      return { text, left: begin, right: begin + width, top: high, bottom: high + fontSize };
    });
}

describe.each(pictures)("the %s", (name, chart) => {
  test("is a PNG 1080 pixels wide that Slack shows nearly as wide as it can", async () => {
    const png = await drawPng(chart, wordsOf(name));
    expect(png.readUInt32BE(16)).toBe(1_080);
    const height = png.readUInt32BE(20);
    expect(height).toBe(chartSpec(chart, wordsOf(name)).height);
    expect(height).toBeLessThanOrEqual(1_140);
    expect(png.length).toBeLessThan(250_000);
  });

  test("has no text that touches another or leaves the card", () => {
    const texts = textsOf(chart, name);
    expect(texts.length).toBeGreaterThan(5);
    const { height } = chartSpec(chart, wordsOf(name));
    for (const one of texts) {
      expect(one.left, one.text).toBeGreaterThanOrEqual(0);
      expect(one.right, one.text).toBeLessThanOrEqual(1_080);
      expect(one.bottom, one.text).toBeLessThanOrEqual(height);
    }
    const touching = texts.flatMap((a, index) =>
      texts
        .slice(index + 1)
        .filter((b) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom)
        .map((b) => `${a.text} / ${b.text}`),
    );
    expect(touching).toEqual([]);
  });

  test("has letters of 28 pixels or more, which are 9 where Slack shows 360", () => {
    const sizes = [...drawSvg(chart, wordsOf(name)).matchAll(/font-size[:=]"?([\d.]+)/g)].map(([, size]) =>
      Number(size),
    );
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(28);
  });
});

test("a hop that loses has its share, its delay and a cross; one that cannot be judged says why", () => {
  const svg = drawSvg(ladders["unsure"] as Chart, chartWords.en);
  for (const text of ["4 % lost", "point bypassed", "recorder losses", "only 40 packets", "to shop/db-0", "node-2"])
    expect(svg).toContain(text);
  const crosses = (name: string): number => {
    const { graphic } = chartSpec(ladders[name] as Chart, chartWords.en).option as {
      graphic: readonly { type: string; style: { stroke?: string; lineWidth?: number } }[];
    };
    return (
      graphic.filter(({ type, style }) => type === "line" && style.stroke === COLOURS.lost && style.lineWidth === 8)
        .length / 2
    );
  };
  // One of them belongs to the legend.
  expect(crosses("ten-points-two-hops")).toBe(3);
  expect(crosses("four-points-clean")).toBe(0);
});

test("300 kernel events keep their number, whatever is close to each other", () => {
  const { marks } = timelines["night"] as TimelineChart;
  const kernel = marks.filter(({ kind }) => kind === "kernel");
  const [first = 0] = kernel.map(({ atMs }) => atMs);
  const counts = countsOf(kernel, (atMs) => 36 + ((atMs - first) / 28_800_000) * 1_008);
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(301);
  expect(counts.length).toBeLessThan(20);
});

test.each([
  { unit: "count" as const, values: [1, null, 2, 3, null, null], want: [1, 5, null] },
  { unit: "ms" as const, values: [1, null, 2, 3, null, null], want: [1, 3, null] },
])("wide buckets of $unit: sums of counts, the longest time, and not measured is no zero", ({ unit, values, want }) => {
  expect(mergeLanes({ bucketMs: 1_000, lanes: [{ label: "a", unit, values }] }, 3)).toEqual({
    bucketMs: 2_000,
    lanes: [{ label: "a", unit, values: want }],
  });
});

test.each([
  ["shop/web-0", "shop/web-0"],
  ["shop/payments-gateway-canary-7d9f8b6c5d-x2kzq", /^shop\/p.*….*x2kzq$/],
])("the name %s is shortened in its middle only", (name, want) => {
  const shown = fitName(name, 31, 300);
  expect(shown).toMatch(want);
  expect(textWidth(shown, 31)).toBeLessThanOrEqual(300);
});

/** WCAG 2: relative luminance of two colours. */
function contrast(one: readonly number[], other: readonly number[]): number {
  const light = (rgb: readonly number[]): number => {
    const [r = 0, g = 0, b = 0] = rgb.map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low = 0, high = 0] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
const rgb = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
/** A field of the episode's colour on the card. */
const episode = rgb(COLOURS.card).map((value, index) => 0.84 * value + 0.16 * ([255, 92, 92][index] ?? 0));

test.each([
  ["text on a point", COLOURS.text, rgb(COLOURS.box)],
  ["a node's name", COLOURS.secondary, rgb(COLOURS.group)],
  ["a reason", COLOURS.secondary, rgb(COLOURS.card)],
  ["what was lost", COLOURS.lostText, episode],
  ["delay of a bad hop", COLOURS.secondary, episode],
  ["slow", COLOURS.slow, rgb(COLOURS.card)],
  ["kernel counts", COLOURS.kernel, rgb(COLOURS.card)],
  ["kept counts", COLOURS.kept, rgb(COLOURS.card)],
])("contrast of %s is 4.5 or more", (_, text, field) => {
  expect(contrast(rgb(text), field)).toBeGreaterThanOrEqual(4.5);
});
