import type { EChartsOption } from "echarts";
import type { Chart } from "../core/report.ts";
import { SIZE } from "./card.ts";
import { hopsSpec } from "./hops.ts";
import { latencySpec } from "./latency.ts";
import { timelineSpec } from "./timeline.ts";
import type { ChartWords } from "./words.ts";

/** What ECharts is to draw, and the height of the picture in pixels; all are 1080 wide. Pure. */
export type ChartSpec = { readonly height: number; readonly option: EChartsOption };

export function chartSpec(chart: Chart, words: ChartWords): ChartSpec {
  if (chart.kind === "hops") return hopsSpec(chart, words);
  if (chart.kind === "timeline") return timelineSpec(chart, words);
  return { height: SIZE.height, option: latencySpec(chart, words) };
}
