import type { Chart } from "../core/report.ts";

/**
 * Fewer, wider buckets, so that a picture stays readable. A wide bucket has the middle one of its medians, the worst
 * p99 and maximum, and the sums of sent and lost. Buckets without any answer count for losses only.
 */
export function mergeBuckets(chart: Chart, maxBuckets: number): Chart {
  const factor = Math.ceil(chart.sent.length / maxBuckets);
  if (factor <= 1) return chart;
  const group = <T, R>(values: readonly T[], merge: (some: readonly T[]) => R): R[] =>
    Array.from({ length: Math.ceil(values.length / factor) }, (_, index) =>
      merge(values.slice(index * factor, (index + 1) * factor)),
    );
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

type Values = readonly (number | null)[];

function middleOf(values: Values): number | null {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return known[Math.floor((known.length - 1) / 2)] ?? null;
}

function largestOf(values: Values): number | null {
  return values.reduce((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
