import type { SizeLimit } from "./size-evidence.ts";

/** One echo of a given size. `atMs` is when its fate was known. */
export type Echo = { readonly atMs: number; readonly size: number; readonly answered: boolean };

/** Fewest unanswered echoes above a limit and answered ones below it. */
const MIN_UNANSWERED = 5;
const MIN_ANSWERED = 3;
/** Chance at which losses that do not care for size could look like this. */
const BY_CHANCE = 1e-3;
/** A full queue refuses large packets before small ones, so where many small ones are lost, sizes tell nothing. */
const MOST_LOSS = 0.3;

/**
 * The largest size that crossed, if there was a time in which smaller ones were answered as usual and none of the larger ones
 * was. Losses that hit all sizes alike do not look like that: the more of the small ones are lost, the more large ones have
 * to be. When larger packets crossed before or afterwards, it is judged between them, and the newest such time counts.
 */
export function limitOf(echoes: readonly Echo[]): SizeLimit | undefined {
  const ordered = echoes.toSorted((a, b) => a.atMs - b.atMs);
  const throughout = judge(ordered);
  if (throughout) return throughout;
  const most = Math.max(0, ...ordered.flatMap(({ size, answered }) => (answered ? [size] : [])));
  let found: SizeLimit | undefined;
  let between: Echo[] = [];
  for (const echo of ordered) {
    if (!echo.answered || echo.size < most) {
      between.push(echo);
      continue;
    }
    const ended = judge(between);
    if (ended) found = { ...ended, endedMs: echo.atMs };
    between = [];
  }
  return judge(between) ?? found;
}

function judge(echoes: readonly Echo[]): SizeLimit | undefined {
  const answered = echoes.filter((echo) => echo.answered);
  const bytes = Math.max(0, ...answered.map(({ size }) => size));
  const above = echoes.filter(({ size }) => size > bytes);
  const below = echoes.length - above.length;
  if (above.length < MIN_UNANSWERED || answered.length < MIN_ANSWERED) return undefined;
  const lossOfSmall = (below - answered.length + 0.5) / (below + 1);
  if (lossOfSmall > MOST_LOSS || lossOfSmall ** above.length > BY_CHANCE) return undefined;
  return {
    bytes,
    above: Math.min(...above.map(({ size }) => size)),
    answered: answered.length,
    tried: below,
    unanswered: above.length,
    fromMs: Math.min(...above.map(({ atMs }) => atMs)),
    toMs: Math.max(...above.map(({ atMs }) => atMs)),
  };
}
