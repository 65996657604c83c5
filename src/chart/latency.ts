import type { CustomSeriesOption, EChartsOption } from "echarts";
import type { LatencyChart } from "../core/report.ts";
import { msText } from "../core/units.ts";
import { partText } from "../report/numbers.ts";
import { COLOURS, FONT, FONT_FAMILY, label, MARGIN, SIZE, swatch, textWidth } from "./card.ts";
import { mergeBuckets } from "./merge.ts";
import { heading } from "./shapes.ts";
import type { ChartWords } from "./words.ts";

const PLOT = { left: 148, right: 36, top: 190, height: 270 } as const;
const LANE = { top: 492, height: 72 } as const;
const MAX_BUCKETS = 240;
/** A bucket's slowest probe gets a dot when it is this many times the usual median, or more. */
const SLOW_FACTOR = 3;
/** Losses are drawn at least this high, as a share of the lane. */
const MIN_BAR = 0.25;

/**
 * What ECharts is to draw: latency on a logarithmic axis (median as a line, median to p99 as a band, slow probes as
 * dots), below it a lane with losses, and the marked episodes behind both. Pure.
 */
export function latencySpec(chart: LatencyChart, words: ChartWords): EChartsOption {
  const { startMs, bucketMs, p50Ms, p99Ms, maxMs, sent, lost, episodes } = mergeBuckets(chart, MAX_BUCKETS);
  const endMs = startMs + sent.length * bucketMs;
  const middle = (index: number): number => startMs + (index + 0.5) * bucketMs;
  const [minY, maxY] = latencyRange([...p50Ms, ...maxMs]);
  const usual = median(p50Ms);
  const anyLost = lost.some((count) => count > 0);
  const areas = episodes.map(({ startMs: from, endMs: to }) => [
    { xAxis: Math.max(startMs, from) },
    { xAxis: Math.min(endMs, Math.max(to, from + (endMs - startMs) / 200)) },
  ]);
  const markArea = { silent: true, itemStyle: { color: COLOURS.episode }, data: areas as never };
  const bands = p50Ms.flatMap((low, index) => {
    const high = p99Ms[index];
    return low === null || high == null ? [] : [[middle(index), low, high]];
  });
  const bars = lost.flatMap((count, index) =>
    count > 0 ? [[middle(index), 0, Math.max(MIN_BAR, count / Math.max(1, sent[index] ?? 1))]] : [],
  );
  return {
    animation: false,
    backgroundColor: COLOURS.card,
    textStyle: { fontFamily: FONT_FAMILY },
    graphic: [
      ...head(chart),
      ...legend(chart, words, usual),
      label(words.lost, {
        left: Math.max(8, PLOT.left - 10 - textWidth(words.lost, FONT.small)),
        top: LANE.top + 18,
        colour: anyLost ? COLOURS.lost : COLOURS.secondary,
      }),
      ...(anyLost ? [] : [label(words.noLoss, { left: PLOT.left + 14, top: LANE.top + 18 })]),
    ],
    grid: [
      { left: PLOT.left, right: PLOT.right, top: PLOT.top, height: PLOT.height },
      { left: PLOT.left, right: PLOT.right, top: LANE.top, height: LANE.height, show: true, borderColor: COLOURS.grid },
    ],
    xAxis: [timeAxis(0, startMs, endMs, false), timeAxis(1, startMs, endMs, true)],
    yAxis: [
      {
        type: "log",
        gridIndex: 0,
        min: minY,
        max: maxY,
        axisLabel: { color: COLOURS.secondary, fontSize: FONT.axis, formatter: msText },
        splitLine: { lineStyle: { color: COLOURS.grid, width: 2 } },
        ...bare,
      },
      { type: "value", gridIndex: 1, min: 0, max: 1, axisLabel: { show: false }, splitLine: { show: false }, ...bare },
    ],
    series: [
      { ...rectangles(0, bands, sent.length, COLOURS.band), markArea },
      {
        type: "line",
        xAxisIndex: 0,
        yAxisIndex: 0,
        data: p50Ms.map((value, index) => [middle(index), value ?? "-"]),
        showSymbol: false,
        connectNulls: false,
        lineStyle: { color: COLOURS.p50, width: 4 },
        z: 3,
      },
      {
        type: "scatter",
        xAxisIndex: 0,
        yAxisIndex: 0,
        data: maxMs.flatMap((value, index) =>
          value !== null && usual !== undefined && value >= SLOW_FACTOR * usual ? [[middle(index), value]] : [],
        ),
        symbolSize: sent.length > 120 ? 9 : 12,
        itemStyle: { color: COLOURS.slow, opacity: 1 },
        z: 4,
      },
      { ...rectangles(1, bars, sent.length, COLOURS.lost), ...(anyLost ? { markArea } : {}) },
    ],
  };
}

const bare = { axisLine: { show: false }, axisTick: { show: false }, minorTick: { show: false } } as const;

/** Labels at start, middle and end: more run into each other at the width that Slack shows. */
function timeAxis(gridIndex: number, startMs: number, endMs: number, labelled: boolean) {
  const long = endMs - startMs > 2 * 3_600_000;
  return {
    type: "value" as const,
    gridIndex,
    min: startMs,
    max: endMs,
    interval: (endMs - startMs) / 2,
    splitLine: { show: false },
    ...bare,
    axisLabel: {
      show: labelled,
      color: COLOURS.secondary,
      fontSize: FONT.axis,
      margin: 16,
      alignMinLabel: "left" as const,
      alignMaxLabel: "right" as const,
      formatter: (atMs: number): string =>
        new Date(Math.round(atMs)).toISOString().slice(11, long ? 16 : 19) + (atMs >= endMs ? " UTC" : ""),
    },
  };
}

/** One rectangle per bucket, between the two values behind its time. */
function rectangles(index: number, data: readonly number[][], buckets: number, fill: string): CustomSeriesOption {
  const width = Math.max(3, (0.75 * (SIZE.width - PLOT.left - PLOT.right)) / Math.max(1, buckets));
  return {
    type: "custom",
    clip: true,
    xAxisIndex: index,
    yAxisIndex: index,
    data: data as number[][],
    z: 2,
    renderItem: (_, api) => {
      const [x = 0, bottom = 0] = api.coord([api.value(0), api.value(1)]);
      const [, top = 0] = api.coord([api.value(0), api.value(2)]);
      const shape = { x: x - width / 2, y: top, width, height: Math.max(1, bottom - top) };
      return { type: "rect", shape, style: { fill } };
    },
  };
}

/** The subtitle says what the marked episodes are; without any it is the chart's own. */
function head({ title, subtitle, episodes }: LatencyChart) {
  return heading(title, episodes.length === 0 ? subtitle : [...new Set(episodes.map((one) => one.label))].join(" · "));
}

/** The line that says what the colours mean, with numbers. ECharts' own legend needs a canvas to measure text. */
function legend(chart: LatencyChart, words: ChartWords, usual: number | undefined) {
  const answered = chart.maxMs.filter((value) => value !== null);
  const worst = answered.reduce((most, value) => Math.max(most, value), 0);
  const lost = sum(chart.lost);
  const entries = [
    { colour: COLOURS.p50, text: usual === undefined ? words.noAnswer : `p50 ${msText(usual)}` },
    ...(usual === undefined ? [] : [{ colour: COLOURS.band, text: words.toP99 }]),
    ...(usual === undefined ? [] : [{ colour: COLOURS.slow, text: `${words.slow} ${msText(worst)}` }]),
    ...(lost === 0 ? [] : [{ colour: COLOURS.lost, text: `${words.lost} ${partText(lost, sum(chart.sent))}` }]),
  ];
  let left: number = MARGIN;
  return entries.flatMap(({ colour, text }) => {
    const at = left;
    left += 34 + textWidth(text, FONT.small) + 30;
    return [swatch(colour, { left: at, top: 142 }), label(text, { left: at + 34, top: 134, colour: COLOURS.text })];
  });
}

/** Whole decades around all values, at least two, so that a healthy path looks as flat as it is. */
export function latencyRange(values: readonly (number | null)[]): readonly [min: number, max: number] {
  const known = values.filter((value) => value !== null).filter((value) => value > 0);
  if (known.length === 0) return [0.1, 100];
  const low = Math.floor(Math.log10(known.reduce((a, b) => Math.min(a, b))));
  const high = Math.ceil(Math.log10(known.reduce((a, b) => Math.max(a, b))));
  return [10 ** low, 10 ** Math.max(high, low + 2)];
}

function median(values: readonly (number | null)[]): number | undefined {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return known[Math.floor((known.length - 1) / 2)];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
