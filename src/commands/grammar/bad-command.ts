import { type ErrorCode, NetcheckError } from "#src/core/errors.ts";
import type { Text } from "#src/core/sentence.ts";
import type { Word, Words } from "./words.ts";

/** Where a command went wrong, as data; `report/` draws it for Slack and the terminal. */
export type Pointer = {
  /** The cleaned line, without the slash command's name. */
  readonly line: string;
  /** What is wrong: code-unit offsets into `line`; equal when something is missing there. */
  readonly start: number;
  readonly end: number;
  /** What was understood before the mistake: "from pod web-0", "for 10 min". */
  readonly understood: readonly Text[];
  /** Whole command lines that would work, nearest first; at most 3. */
  readonly nearest: readonly string[];
};

const MAX_NEAREST = 3;

type Fault = {
  readonly words: Words;
  /** The bad word; absent when something is missing at the end of the line. */
  readonly at?: Word | undefined;
  /** The bad part within the word, as offsets into its text. */
  readonly part?: { readonly start: number; readonly end: number } | undefined;
  /** Words to put in its place; each makes one line in `nearest`. */
  readonly instead?: readonly string[] | undefined;
  /** Whole lines, when replacing one word is not enough. */
  readonly nearest?: readonly string[] | undefined;
  readonly understood?: readonly Text[] | undefined;
  readonly hint?: Text | undefined;
  readonly code?: Extract<ErrorCode, "bad-command" | "over-limit">;
};

/** The error for a command that cannot be carried out as typed. `problem` is one sentence. */
export function badCommand(problem: Text, fault: Fault): NetcheckError {
  const { words, at, part, instead = [], nearest = [], understood = [], hint, code = "bad-command" } = fault;
  const { line } = words;
  const place = at ?? { start: line.length, end: line.length };
  const before = line.slice(0, place.start);
  const space = at === undefined && line !== "" ? " " : "";
  const lines = [...nearest, ...instead.map((text) => before + space + text + line.slice(place.end))];
  const pointer: Pointer = {
    line,
    start: place.start + (part?.start ?? 0),
    end: part === undefined ? place.end : place.start + part.end,
    understood,
    nearest: [...new Set(lines)].slice(0, MAX_NEAREST),
  };
  return new NetcheckError(code, problem, { cause: { pointer }, ...(hint === undefined ? {} : { hint }) });
}

/** The pointer that `badCommand` put into an error, if it has one. */
export function pointerOf(error: unknown): Pointer | undefined {
  if (!(error instanceof NetcheckError)) return undefined;
  const { cause } = error;
  if (typeof cause !== "object" || cause === null || !("pointer" in cause)) return undefined;
  return cause.pointer as Pointer;
}
