import { NetcheckError } from "#src/core/errors.ts";
import { say } from "#src/core/sentence.ts";
import { cancel } from "./cancel.ts";
import { capture } from "./capture.ts";
import { check } from "./check.ts";
import { cluster } from "./cluster.ts";
import { compare } from "./compare.ts";
import { badCommand, pointerOf } from "./grammar/bad-command.ts";
import { cleanText } from "./grammar/clean.ts";
import type { Answer, Asked, Command } from "./grammar/command.ts";
import { nearestWords } from "./grammar/near.ts";
import { splitWords, type Words, withoutFirst } from "./grammar/words.ts";
import { helpFor } from "./help.ts";
import { lang } from "./lang.ts";
import { pause } from "./pause.ts";
import { resume } from "./resume.ts";
import { scheduleFor } from "./schedule.ts";
import { schedules } from "./schedules.ts";
import { status } from "./status.ts";
import { unschedule } from "./unschedule.ts";

/** Longest command line, in characters after cleaning. */
export const MAX_LINE = 500;

const help = helpFor(() => commands);
const schedule = scheduleFor(() => commands);

/** Every word that may follow `/netcheck`. The first is meant when no word is given. */
export const commands: readonly Command[] = [
  check,
  capture,
  status,
  cancel,
  compare,
  schedule,
  schedules,
  pause,
  resume,
  unschedule,
  lang,
  cluster,
  help,
];

/**
 * Answers one command line as it came from Slack. Throws NetcheckError: "bad-command" and "over-limit" carry a
 * pointer (`pointerOf`) and nothing was queued; "queue-unavailable" means that nothing was started either.
 */
export async function answerLine(raw: string, asked: Asked): Promise<Answer> {
  const words = readLine(raw);
  const [first] = words.all;
  if (first === undefined) return help.answer(words, asked);
  const named = commands.find(({ name, also }) => name === first.text || also.includes(first.text));
  if (named !== undefined) return named.answer(withoutFirst(words, 1), asked);
  try {
    return await check.answer(words, asked);
  } catch (error) {
    throw withMisspeltVerb(error, words);
  }
}

/** Cleans and splits a line, and refuses one that is too long to be a command. */
export function readLine(raw: string): Words {
  const line = cleanText(raw);
  if (line.length <= MAX_LINE) return splitWords(line);
  const start = `${line.slice(0, 60)}…`;
  throw badCommand(
    say("This is {length} characters long; a command has at most {most}.", {
      length: `${line.length}`,
      most: MAX_LINE,
    }),
    {
      words: { line: start, all: [] },
      hint: say("Write two names and a duration, such as: {example}.", { example: "web-0 db-0 10m" }),
    },
  );
}

/** A line that makes no check may begin with a misspelt word: `staus`, `cancle nc-4f2a`. */
function withMisspeltVerb(error: unknown, words: Words): unknown {
  const pointer = pointerOf(error);
  const [first] = words.all;
  if (!(error instanceof NetcheckError) || pointer === undefined || first === undefined) return error;
  const names = nearestWords(
    first.text,
    commands.flatMap(({ name, also }) => [name, ...also.filter((word) => word.length > 3)]),
  );
  if (names.length === 0) return error;
  return badCommand(
    say("{word} is not a command, and as a check: {problem}", { word: first.text, problem: error.text }),
    {
      words,
      at: first,
      understood: pointer.understood,
      instead: names,
      nearest: [],
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    },
  );
}
