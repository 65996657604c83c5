import { limits } from "#src/core/check.ts";
import { say } from "#src/core/sentence.ts";
import { durationText } from "#src/core/units.ts";
import { type CheckWords, check, parseCheck, requestOf, startCheck } from "./check.ts";
import { defineCommand } from "./grammar/command.ts";
import { CAPTURE_OPTIONS, takeWish } from "./grammar/wish.ts";
import { type Words, withoutFirst } from "./grammar/words.ts";

type Within = Parameters<typeof parseCheck>[1];

function parseCapture(words: Words, within: Within): CheckWords {
  const { wish, rest } = takeWish(words);
  return { ...parseCheck(rest, within), capture: wish };
}

/** A line that asks for a check or a capture, as it is kept for later and typed in a terminal; `check` may be left out. */
export function parseAsked(words: Words, within: Within): CheckWords {
  const first = words.all[0]?.text ?? "";
  if (first === capture.name || capture.also.includes(first)) return parseCapture(withoutFirst(words, 1), within);
  return parseCheck(first === check.name ? withoutFirst(words, 1) : words, within);
}

export const capture = defineCommand({
  name: "capture",
  also: ["record"],
  usage: "<from> <to> [duration] [filter=…] [points=…] [full] [options]",
  about: say("A check that also records the packets between the two points, at every device they cross."),
  more: [
    ...Object.entries(CAPTURE_OPTIONS).map(([name, about]) => say("Option {name}: {about}.", { name, about })),
    say("Duration: 30s, 10m, 2h, 1h30m; {usual} when left out.", { usual: durationText(limits.defaultDurationMs) }),
    say("Examples: {examples}", {
      examples: 'web-0 db-0 10m · shop/web-0 svc/shop/db:5432 2h filter="tcp port 5432" points=pod,nic',
    }),
  ],
  parse: parseCapture,
  request: async (words, asked) => requestOf(parseCapture(words, asked), words, asked),
  run: startCheck,
});
