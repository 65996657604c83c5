import { checkIdSchema } from "#src/core/check.ts";
import { say } from "#src/core/sentence.ts";
import { badCommand } from "./bad-command.ts";
import type { Words } from "./words.ts";

/** Reads at most one check id. `nc-` may be left out. */
export function parseCheckId(words: Words, example: string): string | undefined {
  const [at, extra] = words.all;
  if (at === undefined) return undefined;
  if (extra !== undefined)
    throw badCommand(say("One check at a time."), {
      words,
      at: extra,
      nearest: [words.line.slice(0, extra.start).trim()],
    });
  const id = at.text.startsWith("nc-") ? at.text : `nc-${at.text}`;
  if (checkIdSchema.safeParse(id).success) return id;
  const word = at.text.length > 40 ? `${at.text.slice(0, 39)}…` : at.text;
  throw badCommand(say("{word} is not the id of a check.", { word }), {
    words,
    at,
    hint: say("Ids look like {example}.", { example }),
  });
}
