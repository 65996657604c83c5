import type { LatencyChart, TimelineChart } from "../core/report.ts";

/**
 * Fewer, wider buckets, so that a picture stays readable. A wide bucket has the middle one of its medians, the worst
 * p99 and maximum, and the sums of sent and lost. Buckets without any answer count for losses only.
 */
export function mergeBuckets(chart: LatencyChart, maxBuckets: number): LatencyChart {
  const factor = Math.ceil(chart.sent.length / maxBuckets);
  if (factor <= 1) return chart;
  const group = <T, R>(values: readonly T[], merge: (some: readonly T[]) => R): R[] => inGroups(values, factor, merge);
  return {
    ...chart,
    bucketMs: chart.bucketMs * factor,
    p50Ms: group(chart.p50Ms, middleOf),
    p99Ms: group(chart.p99Ms, largestOf),
    maxMs: group(chart.maxMs, largestOf),
    sent: group(chart.sent, sum),
    lost: group(chart.lost, sum),
  };
}

/** The same for the lanes of a timeline: counts are added up, of times the longest counts; not measured is no zero. */
export function mergeLanes(
  { bucketMs, lanes }: Pick<TimelineChart, "bucketMs" | "lanes">,
  maxBuckets: number,
): Pick<TimelineChart, "bucketMs" | "lanes"> {
  const factor = Math.max(1, Math.ceil(Math.max(0, ...lanes.map(({ values }) => values.length)) / maxBuckets));
  const merged = { count: totalOf, ms: largestOf };
  return {
    bucketMs: bucketMs * factor,
    lanes: lanes.map((lane) => ({ ...lane, values: inGroups(lane.values, factor, merged[lane.unit]) })),
  };
}

function inGroups<T, R>(values: readonly T[], size: number, merge: (some: readonly T[]) => R): R[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    merge(values.slice(index * size, (index + 1) * size)),
  );
}

type Values = readonly (number | null)[];

function middleOf(values: Values): number | null {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return known[Math.floor((known.length - 1) / 2)] ?? null;
}

function largestOf(values: Values): number | null {
  return values.reduce((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
}

function totalOf(values: Values): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : sum(known);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
