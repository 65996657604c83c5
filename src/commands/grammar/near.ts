import { editDistance } from "#src/core/nearest.ts";

/** The words within reach of a misspelling, nearest first: at most one edit per three letters, at least one. */
export function nearestWords(typed: string, words: readonly string[]): readonly string[] {
  const reach = Math.max(1, Math.floor(typed.length / 3));
  return words
    .map((word) => ({ word, edits: editDistance(typed, word, reach) ?? Number.POSITIVE_INFINITY }))
    .filter(({ edits }) => edits <= reach)
    .toSorted((a, b) => a.edits - b.edits)
    .map(({ word }) => word);
}
