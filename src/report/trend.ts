import type { LatencyChart } from "#src/core/report.ts";
import { durationText } from "#src/core/units.ts";
import type { Block } from "./blocks.ts";
import { cut, LIMITS } from "./limits.ts";
import type { Wording } from "./words.ts";

type Point = { readonly label: string; readonly value: number };

/**
 * Slack's own charts of a check: the worst p99 of every bucket, and losses when there were any. At most 20 points;
 * a bucket without any answer has no latency and is left out of the first, its losses stand in the second.
 */
export function trendBlocks(chart: LatencyChart, wording: Wording): readonly Block[] {
  const count = chart.sent.length;
  const perPoint = Math.max(1, Math.ceil(count / LIMITS.chartPoints));
  const bucket = durationText(perPoint * chart.bucketMs);
  const p99: Point[] = [];
  const lost: Point[] = [];
  for (let start = 0; start < count; start += perPoint) {
    const label = labelOf(chart.startMs + start * chart.bucketMs, chart.bucketMs * perPoint);
    const values = chart.p99Ms.slice(start, start + perPoint).filter((value) => value !== null);
    if (values.length > 0) p99.push({ label, value: round(Math.max(...values)) });
    lost.push({ label, value: sum(chart.lost.slice(start, start + perPoint)) });
  }
  const blocks: Block[] = [];
  if (p99.length > 1) blocks.push(visualization(wording.trendTitle(bucket), "line", "p99", p99));
  if (lost.some(({ value }) => value > 0))
    blocks.push(visualization(wording.lossTitle(bucket), "bar", wording.lost, lost));
  return blocks;
}

function visualization(title: string, type: "line" | "bar", name: string, data: readonly Point[]): Block {
  return {
    type: "data_visualization",
    title: cut(title, LIMITS.chartTitle),
    chart: { type, series: [{ name, data }], axis_config: { categories: data.map(({ label }) => label) } },
  };
}

const labelOf = (atMs: number, stepMs: number): string =>
  new Date(atMs).toISOString().slice(11, stepMs % 60_000 === 0 && atMs % 60_000 === 0 ? 16 : 19);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const round = (value: number): number => Number(value.toPrecision(4));
