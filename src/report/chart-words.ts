import type { Chart } from "#src/core/report.ts";
import { durationText, msText } from "#src/core/units.ts";
import { partText } from "./numbers.ts";

/** The sentence over the picture, with the numbers the picture shows: it must be enough for who cannot see it. */
export function chartComment(chart: Chart): string {
  const { sent, lost, worstMs, typicalMs } = chartTotals(chart);
  const loss = lost === 0 ? `no loss in ${sent} probes` : `${partText(lost, sent)} lost (${lost} of ${sent})`;
  const latency =
    worstMs === undefined ? "No answer at all" : `Median ${msText(typicalMs ?? worstMs)}, slowest ${msText(worstMs)}`;
  const episodes = chart.episodes.length === 0 ? "" : ` ${episodesText(chart)}`;
  return `${chart.title}. ${latency}, ${loss}.${episodes}`;
}

/** Totals over all buckets; latencies are absent when nothing was answered. */
export function chartTotals(chart: Chart): { sent: number; lost: number; worstMs?: number; typicalMs?: number } {
  const answered = chart.maxMs.filter((value) => value !== null);
  const medians = chart.p50Ms.filter((value) => value !== null).toSorted((a, b) => a - b);
  const typicalMs = medians[Math.floor((medians.length - 1) / 2)];
  const totals = { sent: sum(chart.sent), lost: sum(chart.lost) };
  if (answered.length === 0 || typicalMs === undefined) return totals;
  return { ...totals, worstMs: answered.reduce((most, value) => Math.max(most, value), 0), typicalMs };
}

function episodesText({ episodes }: Chart): string {
  const [first] = episodes;
  if (first === undefined) return "";
  const at = new Date(first.startMs).toISOString().slice(11, 19);
  const rest = episodes.length === 1 ? "" : ` and ${episodes.length - 1} more`;
  return `Marked: ${first.label}, from ${at} UTC for ${durationText(first.endMs - first.startMs)}${rest}.`;
}

export const chartFileName = (check: string, index: number): string =>
  `${check}-latency${index === 0 ? "" : `-${index + 1}`}.png`;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
