/** A stretch of time in which something was wrong, Unix milliseconds. */
export type Episode = { readonly startMs: number; readonly endMs: number };

/** Bad moments closer together than this belong to one episode, whatever their rate. */
const LEAST_GAP_MS = 3_000;
/** ... and at low rates as long as this many times their mean distance. */
const TIMES_MEAN_GAP = 6;
const MAX_EPISODES = 20;

/** Groups bad moments into episodes. `badMs` are Unix milliseconds in any order. */
export function episodesOf(badMs: readonly number[]): readonly Episode[] {
  const sorted = Float64Array.from(badMs).sort();
  const first = sorted[0];
  if (first === undefined) return [];
  const gaps = Float64Array.from(sorted.subarray(1), (at, index) => at - (sorted[index] ?? at)).sort();
  const usual = gaps[Math.floor(gaps.length / 2)] ?? 0;
  const apart = Math.max(LEAST_GAP_MS, TIMES_MEAN_GAP * usual);
  const episodes: { startMs: number; endMs: number }[] = [{ startMs: first, endMs: first }];
  for (const at of sorted) {
    const open = episodes.at(-1);
    if (open && at - open.endMs <= apart) open.endMs = at;
    else episodes.push({ startMs: at, endMs: at });
  }
  return episodes.slice(0, MAX_EPISODES);
}

/** How long all episodes last together, ms. */
export function lastingMs(episodes: readonly Episode[]): number {
  return episodes.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

/** Whether a moment lies in one of the episodes. */
export function inEpisode(episodes: readonly Episode[], atMs: number): boolean {
  return episodes.some(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs);
}
