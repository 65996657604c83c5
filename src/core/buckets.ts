import type { Buckets } from "./leg-evidence.ts";
import { ascending, quantile } from "./stats.ts";

const MAX_BUCKETS = 600;

/** One packet or attempt: when it left, and how long its answer took; no answer = lost. */
export type Sent = { readonly atMs: number; readonly ms: number | undefined };

/** Bucket length for a window: whole seconds, so that there are at most 600 buckets. */
export function bucketLengthMs(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / 1_000 / MAX_BUCKETS)) * 1_000;
}

/** Sums packets up per bucket. Buckets begin at a whole second. */
export function intoBuckets(packets: readonly Sent[], bucketMs: number): Buckets {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { atMs } of packets) {
    if (atMs < first) first = atMs;
    if (atMs > last) last = atMs;
  }
  const startMs = packets.length === 0 ? 0 : Math.floor(first / 1_000) * 1_000;
  const length = packets.length === 0 ? 0 : Math.min(MAX_BUCKETS, Math.floor((last - startMs) / bucketMs) + 1);
  const answered = Array.from({ length }, (): number[] => []);
  const sent = new Array<number>(length).fill(0);
  const lost = new Array<number>(length).fill(0);
  for (const { atMs, ms } of packets) {
    const index = Math.min(length - 1, Math.floor((atMs - startMs) / bucketMs));
    sent[index] = (sent[index] ?? 0) + 1;
    if (ms === undefined) lost[index] = (lost[index] ?? 0) + 1;
    else answered[index]?.push(ms);
  }
  const sorted = answered.map(ascending);
  const at = (q: number): (number | null)[] => sorted.map((values) => rounded(quantile(values, q)));
  return { startMs, bucketMs, sent, lost, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Minimum, median, 99th percentile and maximum; undefined when there is no value. */
export function spreadOf(values: Iterable<number>): { min: number; p50: number; p99: number; max: number } | undefined {
  const sorted = ascending(values);
  const [min, p50, p99, max] = [0, 0.5, 0.99, 1].map((q) => quantile(sorted, q));
  if (min === undefined || p50 === undefined || p99 === undefined || max === undefined) return undefined;
  return { min, p50, p99, max };
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Number(ms.toFixed(3));
}
