import { type CaptureWish, pointKindSchema } from "#src/core/capture.ts";
import { checkedFilter } from "#src/core/capture-filter.ts";
import { NetcheckError } from "#src/core/errors.ts";
import { type Sentence, say } from "#src/core/sentence.ts";
import { badCommand } from "./bad-command.ts";
import { nearestWords } from "./near.ts";
import type { Word, Words } from "./words.ts";

/** What may stand beside the two ends of a capture, with what it takes. */
export const CAPTURE_OPTIONS: Readonly<Record<"filter" | "points" | "full", Sentence>> = {
  filter: say("only packets for which this holds, in the language of tcpdump, in quotes: {example}", {
    example: 'filter="tcp port 5432"',
  }),
  points: say("only points of these kinds: {kinds}", { kinds: pointKindSchema.options.join(", ") }),
  full: say("whole packets with what the programs say; otherwise headers only"),
};

const WRITTEN = /(?<=^| )(?:--)?(?:filter[= ](?:"([^"]*)"|'([^']*)'|([^\s"']\S*))|points[= ](\S+)|full)(?= |$)/g;

/** Takes what is to be recorded out of the words; what is left is a check. */
export function takeWish(words: Words): { readonly wish: CaptureWish; readonly rest: Words } {
  const wish: { -readonly [K in keyof CaptureWish]: CaptureWish[K] } = { full: false };
  const taken: Word[] = [];
  for (const found of words.line.matchAll(WRITTEN)) {
    const [text, double, single, bare, points] = found;
    const at = { text, start: found.index, end: found.index + text.length };
    if (!words.all.some(({ start }) => start === at.start)) continue;
    taken.push(at);
    const filter = double ?? single ?? bare;
    if (filter !== undefined) wish.filter = once(words, at, wish.filter, readFilter(words, at, filter.trim()));
    else if (points !== undefined) wish.points = once(words, at, wish.points, readPoints(words, at, points));
    else wish.full = true;
  }
  const all = words.all.filter(({ start, end }) => !taken.some((at) => start < at.end && end > at.start));
  const open = all.find(({ text }) => /^(?:--)?filter[= ]?["']/.test(text));
  if (open)
    throw badCommand(say("The filter has no closing quote."), {
      words,
      at: open,
      hint: say("Write {example}.", { example: 'filter="tcp port 5432"' }),
    });
  return { wish, rest: { line: words.line, all } };
}

function once<T>(words: Words, at: Word, before: T | undefined, value: T): T {
  if (before === undefined) return value;
  const name = at.text.replace(/^--/, "").split(/[= ]/)[0] ?? "";
  throw badCommand(say("The option {name} stands there twice.", { name }), { words, at });
}

function readFilter(words: Words, at: Word, filter: string): string {
  try {
    return checkedFilter(filter);
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    const example = 'filter="tcp port 5432 and not host 10.0.0.9"';
    throw badCommand(error.text, { words, at, hint: say("Write {example}.", { example }) });
  }
}

function readPoints(words: Words, at: Word, value: string): CaptureWish["points"] {
  return value.split(",").map((name) => {
    const kind = pointKindSchema.safeParse(name);
    if (kind.success) return kind.data;
    const near = nearestWords(name, pointKindSchema.options);
    throw badCommand(say("There is no point {name}.", { name: name.slice(0, 60) }), {
      words,
      at,
      instead: near.map((one) => at.text.replace(name, one)),
      hint: say("Points: {names}.", { names: pointKindSchema.options.join(", ") }),
    });
  });
}
