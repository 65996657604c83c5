import { inWords, type Sentence } from "#src/core/sentence.ts";

/** The same value with every sentence in it said in English. */
export function inEnglish(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inEnglish);
  if (typeof value !== "object" || value === null) return value;
  if ("template" in value && "values" in value) return inWords(value as Sentence);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inEnglish(inner)]));
}
