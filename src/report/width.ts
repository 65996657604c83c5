/** How many columns of a fixed-width font a text takes: wide characters and emoji two, combining marks none. */
export function columns(text: string): number {
  let total = 0;
  for (const character of text) {
    if (/\p{Mn}|\p{Me}/u.test(character)) continue;
    total +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f]|\p{Emoji_Presentation}|\p{Script=Han}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return total;
}

/** Chinese may be broken between any two characters, everything else at spaces only. */
const PIECES = / +|[\u3000-\u9fff\uff00-\uffef]|[^ \u3000-\u9fff\uff00-\uffef]+/g;
/** What must not begin a line. */
const CLOSING = /^[，。：；、）”！？]/;

/**
 * Breaks a text into lines of at most `width` columns; a word that is longer than a line stays whole. The first line
 * begins with `first`, the others with `indent`. Non-breaking spaces become plain ones.
 */
export function wrap(text: string, width: number, indent: string, first: string): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let used = columns(first);
  let empty = true;
  for (const piece of text.match(PIECES) ?? []) {
    const wide = columns(piece);
    const space = piece.startsWith(" ");
    if (!empty && !space && used + wide > width && !CLOSING.test(piece)) {
      lines.push(line);
      [line, used, empty] = [indent, columns(indent), true];
    }
    if (empty && space) continue;
    line += piece;
    used += wide;
    empty = false;
  }
  return [...lines, line].map((one) => one.replaceAll("\u00a0", " ").trimEnd());
}

/** The text with spaces behind it up to a width in columns. */
export const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - columns(text)));
