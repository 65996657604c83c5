import { worstOf } from "#src/core/hops-chart.ts";
import type { Chart, LatencyChart } from "#src/core/report.ts";
import { inWords, type Sentence, say } from "#src/core/sentence.ts";
import { clockText, durationText, msText } from "#src/core/units.ts";
import { hopsComment, hopsLines } from "./hops-text.ts";
import { partText } from "./numbers.ts";
import { timelineComment, timelineLines } from "./timeline-text.ts";
import type { Wording } from "./words.ts";

/** The sentence over the picture, with the numbers the picture shows: it must be enough for who cannot see it. */
export function chartComment(chart: Chart, wording: Pick<Wording, "language">): string {
  if (chart.kind === "hops") return hopsComment(chart, wording);
  if (chart.kind === "timeline") return timelineComment(chart, wording);
  return latencyComment(chart, wording);
}

/** The picture in letters of a fixed width; empty where numbers elsewhere say the same. */
export function chartLines(chart: Chart, wording: Pick<Wording, "language">, width: number): readonly string[] {
  if (chart.kind === "hops") return hopsLines(chart, wording, width);
  return chart.kind === "timeline" ? timelineLines(chart, wording, width) : [];
}

/** Most pictures that one thread shows: more hide each other. */
const MAX_PICTURES = 2;

/**
 * The pictures for a thread, the most telling first: where packets vanish, when that was and what happened then, how late
 * they were; a ladder without any loss comes last. The time line has the losses and latencies of the latency chart in it.
 */
export function picturesOf(charts: readonly Chart[]): readonly Chart[] {
  const order = (chart: Chart): number => {
    if (chart.kind === "hops") return worstOf(chart) ? 0 : 3;
    return chart.kind === "timeline" ? 1 : 2;
  };
  return charts.toSorted((a, b) => order(a) - order(b)).slice(0, MAX_PICTURES);
}

function latencyComment(chart: LatencyChart, { language }: Pick<Wording, "language">): string {
  const { sent, lost, worstMs, typicalMs } = chartTotals(chart);
  const loss =
    lost === 0
      ? say("no loss in {sent} probes", { sent })
      : say("{share} lost ({lost} of {sent})", { share: partText(lost, sent), lost, sent });
  const latency =
    worstMs === undefined
      ? say("No answer at all")
      : say("Median {typical}, slowest {worst}", { typical: msText(typicalMs ?? worstMs), worst: msText(worstMs) });
  const said = { title: chart.title, latency, loss };
  const episodes = episodesText(chart);
  return inWords(
    episodes === undefined
      ? say("{title}. {latency}, {loss}.", said)
      : say("{title}. {latency}, {loss}. {episodes}", { ...said, episodes }),
    language,
  );
}

/** Totals over all buckets; latencies are absent when nothing was answered. */
function chartTotals(chart: LatencyChart): { sent: number; lost: number; worstMs?: number; typicalMs?: number } {
  const answered = chart.maxMs.filter((value) => value !== null);
  const medians = chart.p50Ms.filter((value) => value !== null).toSorted((a, b) => a - b);
  const typicalMs = medians[Math.floor((medians.length - 1) / 2)];
  const totals = { sent: sum(chart.sent), lost: sum(chart.lost) };
  if (answered.length === 0 || typicalMs === undefined) return totals;
  return { ...totals, worstMs: answered.reduce((most, value) => Math.max(most, value), 0), typicalMs };
}

function episodesText({ episodes }: LatencyChart): Sentence | undefined {
  const [first, ...rest] = episodes;
  if (first === undefined) return undefined;
  const said = {
    label: first.label,
    at: clockText(first.startMs),
    lasted: durationText(first.endMs - first.startMs),
  };
  return rest.length === 0
    ? say("Marked: {label}, from {at} for {lasted}.", said)
    : say("Marked: {label}, from {at} for {lasted} and {count} more.", { ...said, count: rest.length });
}

/** A report has at most one chart of a kind. */
export const chartFileName = (check: string, kind: Chart["kind"]): string => `${check}-${kind}.png`;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
