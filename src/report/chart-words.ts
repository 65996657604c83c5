import type { Chart } from "#src/core/report.ts";
import { inWords, type Sentence, say } from "#src/core/sentence.ts";
import { clockText, durationText, msText } from "#src/core/units.ts";
import { partText } from "./numbers.ts";
import type { Wording } from "./words.ts";

/** The sentence over the picture, with the numbers the picture shows: it must be enough for who cannot see it. */
export function chartComment(chart: Chart, { language }: Pick<Wording, "language">): string {
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
export function chartTotals(chart: Chart): { sent: number; lost: number; worstMs?: number; typicalMs?: number } {
  const answered = chart.maxMs.filter((value) => value !== null);
  const medians = chart.p50Ms.filter((value) => value !== null).toSorted((a, b) => a - b);
  const typicalMs = medians[Math.floor((medians.length - 1) / 2)];
  const totals = { sent: sum(chart.sent), lost: sum(chart.lost) };
  if (answered.length === 0 || typicalMs === undefined) return totals;
  return { ...totals, worstMs: answered.reduce((most, value) => Math.max(most, value), 0), typicalMs };
}

function episodesText({ episodes }: Chart): Sentence | undefined {
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

export const chartFileName = (check: string, index: number): string =>
  `${check}-latency${index === 0 ? "" : `-${index + 1}`}.png`;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
