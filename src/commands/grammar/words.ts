/** One word of a cleaned line and where it stands, as offsets of UTF-16 code units: `line.slice(start, end)`. */
export type Word = { readonly text: string; readonly start: number; readonly end: number };

/** The words of one command and the line they are from, so that a mistake can be pointed at. */
export type Words = { readonly line: string; readonly all: readonly Word[] };

/** Splits a cleaned line at spaces. */
export function splitWords(line: string): Words {
  return {
    line,
    all: Array.from(line.matchAll(/\S+/g), (found) => ({
      text: found[0],
      start: found.index,
      end: found.index + found[0].length,
    })),
  };
}

/** The same words without the first `count`; offsets still belong to the whole line. */
export function withoutFirst(words: Words, count: number): Words {
  return { line: words.line, all: words.all.slice(count) };
}
