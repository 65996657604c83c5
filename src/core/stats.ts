/** A share with its 95 % interval (Wilson), all between 0 and 1. */
export type Share = { readonly share: number; readonly low: number; readonly high: number };

/** Standard normal quantile of a two-sided 95 % interval. */
const Z95 = 1.959964;

/** The Wilson score interval of `hits` in `of` trials; [0, 1] when nothing was tried. `z` is its normal quantile. */
export function wilson(hits: number, of: number, z = Z95): Share {
  if (of <= 0) return { share: 0, low: 0, high: 1 };
  const share = hits / of;
  const z2 = z * z;
  const centre = share + z2 / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of));
  const scale = 1 + z2 / of;
  return { share, low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}

/** The q-quantile (0 to 1) of values sorted ascending, nearest rank; undefined when there are none. */
export function quantile(sorted: readonly number[], q: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const rank = Math.ceil(q * sorted.length) - 1;
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank))];
}

/** Ascending copy, as numbers. */
export function ascending(values: Iterable<number>): number[] {
  // Typed arrays sort as numbers and much faster, which tells on checks of an hour.
  return Array.from(new Float64Array(Array.isArray(values) ? values : [...values]).sort());
}

/** Binomial log-likelihood (without the constant) of `hits` in `of` at probability `p`, kept off 0 and 1 by `floor`. */
export function logLikelihood(hits: number, of: number, p: number, floor = 1e-4): number {
  const q = Math.min(1 - floor, Math.max(floor, p));
  return hits * Math.log(q) + (of - hits) * Math.log(1 - q);
}

/**
 * How evenly marked packets are spread over a sequence: the variance of their number per block, relative to what
 * independent chance gives. 1 = like dice, near 0 = every n-th, well above 1 = bursts. `z` is the distance from 1 in
 * standard deviations (negative = more even). undefined when there are fewer than `minBlocks` blocks.
 */
export function dispersion(
  marks: readonly boolean[],
  block: number,
  minBlocks = 12,
): { readonly ratio: number; readonly z: number; readonly blocks: number } | undefined {
  const blocks = Math.floor(marks.length / block);
  if (blocks < minBlocks) return undefined;
  const counts = Array.from({ length: blocks }, (_, b) => {
    let count = 0;
    for (let i = b * block; i < (b + 1) * block; i++) if (marks[i]) count++;
    return count;
  });
  const mean = counts.reduce((sum, count) => sum + count, 0) / blocks;
  const p = mean / block;
  if (p <= 0 || p >= 1) return undefined;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (blocks - 1);
  const ratio = variance / (block * p * (1 - p));
  return { ratio, z: (ratio - 1) / Math.sqrt(2 / (blocks - 1)), blocks };
}

/** Probability of at least `hits` successes in `of` tries that succeed with probability `p`. */
export function binomialTail(hits: number, of: number, p: number): number {
  let term = (1 - p) ** of;
  let below = 0;
  for (let n = 0; n < hits; n++) {
    below += term;
    term *= ((of - n) / (n + 1)) * (p / Math.max(1e-12, 1 - p));
  }
  return Math.min(1, Math.max(0, 1 - below));
}
