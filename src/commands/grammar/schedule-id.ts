import { scheduleIdSchema } from "#src/core/check.ts";
import { say } from "#src/core/sentence.ts";
import { badCommand } from "./bad-command.ts";
import type { SchedulesPort } from "./command.ts";
import type { Words } from "./words.ts";

/** Reads at most one id of a schedule. `sc-` may be left out. */
export function parseScheduleId(words: Words): string | undefined {
  const [at, extra] = words.all;
  if (at === undefined) return undefined;
  if (extra !== undefined)
    throw badCommand(say("One schedule at a time."), {
      words,
      at: extra,
      nearest: [words.line.slice(0, extra.start).trim()],
    });
  const id = at.text.startsWith("sc-") ? at.text : `sc-${at.text}`;
  if (scheduleIdSchema.safeParse(id).success) return id;
  const word = at.text.length > 40 ? `${at.text.slice(0, 39)}…` : at.text;
  throw badCommand(say("{word} is not the id of a schedule.", { word }), {
    words,
    at,
    hint: say("Ids look like {example}; {command} lists them.", { example: "sc-4f2a", command: "schedules" }),
  });
}

/** The id, or a refusal that names those there are. */
export async function wantedSchedule(
  id: string | undefined,
  verb: string,
  words: Words,
  schedules: SchedulesPort,
): Promise<string> {
  if (id !== undefined) return id;
  const all = await schedules.list();
  throw badCommand(say("Which schedule? An id is missing."), {
    words,
    nearest: all.map(({ schedule }) => `${verb} ${schedule.id}`),
    hint:
      all.length === 0
        ? say("There is no schedule.")
        : say("Ids look like {example}; {command} lists them.", { example: "sc-4f2a", command: "schedules" }),
  });
}
