import { type Cron, parseCron } from "#src/core/cron.ts";
import { say } from "#src/core/sentence.ts";
import { badCommand } from "./bad-command.ts";
import { type Word, type Words, withoutFirst } from "./words.ts";

const QUOTES = new Set(['"', "'", "`"]);
const EXAMPLE = '"0 1 * * *"';
/** What a field can be made of, so that a pattern without quotes is known by its first five words. */
const FIELD = /^[\d*?][\d*,/?-]*$|^[a-z]{3,9}([,-][a-z]{3,9})*$/;

/** Takes the pattern off the front of the words: in quotes, or five words that can be nothing else. */
export function takeCron(words: Words): { readonly cron: Cron; readonly at: Word; readonly rest: Words } {
  const { at, text, count } = patternOf(words);
  const read = parseCron(text);
  if ("cron" in read) return { cron: read.cron, at, rest: withoutFirst(words, count) };
  const { field, problem, instead } = read;
  throw badCommand(problem, {
    words,
    at,
    part: field === undefined ? undefined : fieldPart(words.line.slice(at.start, at.end), field),
    instead: instead === undefined ? [] : [`"${instead}"`],
    hint: say(
      "A pattern is minute, hour, day of the month, month, day of the week: {example} is every night at 01:00.",
      {
        example: EXAMPLE,
      },
    ),
  });
}

function patternOf(words: Words): { readonly at: Word; readonly text: string; readonly count: number } {
  const { all, line } = words;
  const [first] = all;
  if (first?.text.startsWith("@") === true) return { at: first, text: first.text, count: 1 };
  const quote = first?.text.slice(0, 1) ?? "";
  if (first !== undefined && QUOTES.has(quote)) {
    const last = all.findIndex(({ text }, index) => text.endsWith(quote) && (index > 0 || text.length > 1));
    const end = all[last];
    if (end === undefined)
      throw badCommand(say("The pattern has no closing quotation mark."), { words, at: first, hint: inQuotes() });
    const at = { start: first.start, end: end.end, text: line.slice(first.start, end.end) };
    return { at, text: at.text.slice(1, -1), count: last + 1 };
  }
  const five = all.slice(0, 5);
  const end = five.at(-1);
  if (
    first !== undefined &&
    end !== undefined &&
    five.length === 5 &&
    five.every(({ text }) => FIELD.test(text)) &&
    /^[\d*]/.test(first.text)
  ) {
    const text = line.slice(first.start, end.end);
    return { at: { start: first.start, end: end.end, text }, text, count: 5 };
  }
  const rest = first === undefined ? "web-0 db-0 10m" : line.slice(first.start);
  const before = first === undefined ? line : line.slice(0, first.start).trim();
  throw badCommand(say("The pattern is missing: when is it to run?"), {
    words,
    at: first,
    nearest: [`${before} ${EXAMPLE} ${rest}`.trim()],
    hint: inQuotes(),
  });
}

const inQuotes = () => say("Write five fields in quotation marks, such as {example}.", { example: EXAMPLE });

/** Where a field stands within the pattern as it was typed. */
function fieldPart(typed: string, field: number): { readonly start: number; readonly end: number } | undefined {
  const found = Array.from(typed.matchAll(/[^\s"'`]+/g))[field];
  return found === undefined ? undefined : { start: found.index, end: found.index + found[0].length };
}
