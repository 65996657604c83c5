import { checkIdSchema } from "#src/core/check.ts";
import { compareReports } from "#src/core/compare-reports.ts";
import type { Report } from "#src/core/report.ts";
import { say } from "#src/core/sentence.ts";
import { drawNotice } from "#src/report/answers.ts";
import { drawComparison, noneGood, noReport } from "#src/report/comparison.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { defineCommand } from "./grammar/command.ts";
import type { Word, Words } from "./grammar/words.ts";

const LAST_GOOD = "last-good";
const EXAMPLES = "compare nc-4f2a last-good · compare nc-4f2a nc-91bd";

export const compare = defineCommand({
  name: "compare",
  also: ["diff"],
  usage: "<id> <id|last-good>",
  about: say("Says what changed between two checks, or since the path was last healthy."),
  more: [
    say(
      "The earlier one counts as before, whichever comes first; {word} is the newest healthy check of the same path.",
      {
        word: LAST_GOOD,
      },
    ),
    say("Examples: {examples}", { examples: EXAMPLES }),
  ],
  parse(words) {
    const [first, second, third] = words.all;
    if (first === undefined || second === undefined)
      throw badCommand(say("Two checks are needed."), {
        words,
        nearest: [first === undefined ? "compare nc-4f2a last-good" : `${words.line} ${LAST_GOOD}`],
        hint: say("Examples: {examples}", { examples: EXAMPLES }),
      });
    if (third !== undefined)
      throw badCommand(say("Two checks at a time."), {
        words,
        at: third,
        nearest: [words.line.slice(0, third.start).trim()],
      });
    const [id, other] = first.text === LAST_GOOD ? [second, first] : [first, second];
    return { id: checkId(words, id), other: other.text === LAST_GOOD ? undefined : checkId(words, other) };
  },
  async run({ id, other }, { past, wording }) {
    const one = await past.report(id);
    if (one === undefined) return { message: drawNotice(noReport(id, wording)) };
    const two = other === undefined ? await past.lastGood(one) : await past.report(other);
    if (two === undefined)
      return { message: drawNotice(other === undefined ? noneGood(one, wording) : noReport(other, wording)) };
    const [before, after] = inOrder(one, two);
    return { message: drawComparison(compareReports(before, after), wording) };
  },
});

const inOrder = (one: Report, two: Report): readonly [Report, Report] =>
  one.window.startMs <= two.window.startMs ? [one, two] : [two, one];

function checkId(words: Words, at: Word): string {
  const id = at.text.startsWith("nc-") ? at.text : `nc-${at.text}`;
  if (checkIdSchema.safeParse(id).success) return id;
  throw badCommand(say("{word} is not the id of a check.", { word: at.text.slice(0, 40) }), {
    words,
    at,
    instead: [LAST_GOOD],
    hint: say("Ids look like {example}.", { example: "nc-4f2a" }),
  });
}
