import { pointerOf } from "../commands/grammar/bad-command.ts";
import type { Asked } from "../commands/grammar/command.ts";
import { answerLine } from "../commands/index.ts";
import { NetcheckError } from "../core/errors.ts";
import { inWords } from "../core/sentence.ts";
import type { Log } from "../log.ts";
import { drawMistake, drawNotice } from "../report/answers.ts";
import type { Message } from "../report/blocks.ts";

/** What a person gets for a command line, whatever happened. `error` is set when nothing was done. */
export type Said = { readonly message: Message; readonly started?: string; readonly error?: unknown };

/** Answers a line; every failure becomes a message that says what was understood and that nothing was started. */
export async function sayTo(raw: string, asked: Asked, log: Log): Promise<Said> {
  try {
    return await answerLine(raw, asked);
  } catch (error) {
    return { message: drawFailure(error, asked, log), error };
  }
}

/** A failure as a message. A bug is logged with its id and shown as that id only. */
export function drawFailure(
  error: unknown,
  { command, wording, newId }: Pick<Asked, "command" | "wording" | "newId">,
  log: Log,
): Message {
  if (!(error instanceof NetcheckError)) {
    const id = newId();
    log.error({ err: error, supportId: id }, "command failed");
    return drawNotice(wording.internal(id));
  }
  log.debug({ err: error, code: error.code }, "command refused");
  if (error.code === "queue-unavailable") return drawNotice(wording.unavailable);
  if (error.code === "not-allowed") return drawNotice(inWords(error.text, wording.language));
  return drawMistake(pointerOf(error), { problem: error.text, hint: error.hint, command, wording });
}
