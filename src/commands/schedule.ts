import type { CheckRequest } from "#src/core/check.ts";
import type { Cron } from "#src/core/cron.ts";
import { nextRuns, shortestGapMs } from "#src/core/cron-times.ts";
import { AROUND_MS, MIN_GAP_MS, type Schedule } from "#src/core/schedule.ts";
import { say } from "#src/core/sentence.ts";
import { durationText } from "#src/core/units.ts";
import { drawScheduled } from "#src/report/schedules.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { type Command, defineCommand } from "./grammar/command.ts";
import { takeCron } from "./grammar/cron.ts";
import { SCHEDULE_OPTIONS, takeScheduleOptions } from "./grammar/schedule-options.ts";
import { type Word, type Words, withoutFirst } from "./grammar/words.ts";

/** Runs that the answer names, so that everybody sees what the pattern means. */
const RUNS_SHOWN = 3;
const USAGE = '"<cron>" [options] <words of a check>';

/** What is scheduled are the words of any other command that starts a check; `all` is asked for when it is needed. */
export const scheduleFor = (all: () => readonly Command[]): Command =>
  defineCommand({
    name: "schedule",
    also: ["cron"],
    usage: USAGE,
    about: say("Runs a check again and again by itself, and tells once a day how that went."),
    more: [
      say("The pattern is that of crontab in quotation marks: minute, hour, day of the month, month, day of the week."),
      ...Object.entries(SCHEDULE_OPTIONS).map(([name, about]) => say("Option {name}=…: {about}.", { name, about })),
      say("Examples: {examples}", {
        examples:
          'schedule "0 1 * * *" tz=Europe/Berlin web-0 db-0 6h · schedule "*/30 8-18 * * mon-fri" quiet=no check web-0 svc/shop/db 2m',
      }),
    ],
    parse(words) {
      const { cron, at, rest } = takeCron(words);
      const { options, rest: scheduled } = takeScheduleOptions(rest);
      return { cron, at, options, ...startingCommand(scheduled, all()) };
    },
    async run({ cron, at, options, make, scheduled, command }, asked, words) {
      const { request, namesChecked } = await make(scheduled, asked);
      refuseTooOften({ cron, at, request, words });
      const { zone, ...rest } = options;
      const { id, requestedAtMs, slack, ...asksFor } = request;
      const { threadTs: _, ...place } = asked.slack;
      const schedule: Schedule = {
        id: id.replace(/^nc-/, "sc-"),
        cron: cron.text,
        zone: zone.name,
        ...rest,
        request: { ...asksFor, command, slack: place },
        createdAtMs: requestedAtMs,
      };
      const { duplicate } = await asked.schedules.create(schedule, { once: asked.once });
      const next = nextRuns(cron, zone, asked.nowMs, RUNS_SHOWN);
      return { message: drawScheduled({ schedule, zone, next, duplicate, namesChecked, wording: asked.wording }) };
    },
  });

/** The command that the scheduled words belong to, and these words without its name; a check when none is named. */
function startingCommand(words: Words, all: readonly Command[]) {
  const [first] = words.all;
  const starting = all.filter(({ request }) => request !== undefined);
  const names = starting.map(({ name }) => name);
  if (first === undefined)
    throw badCommand(say("What is to run? The words of a check are missing."), {
      words,
      nearest: [`${words.line} web-0 db-0 10m`],
    });
  const named = all.find(({ name, also }) => name === first.text || also.includes(first.text));
  if (named !== undefined && named.request === undefined)
    throw badCommand(say("{word} cannot be scheduled.", { word: first.text }), {
      words,
      at: first,
      instead: names,
      hint: say("What starts a check can: {names}.", { names: names.join(", ") }),
    });
  const make = named?.request ?? all.find(({ name }) => name === "check")?.request;
  if (make === undefined) throw new Error("no command starts a check");
  return { make, scheduled: named === undefined ? words : withoutFirst(words, 1), command: textOf(words) };
}

/** The scheduled words as one line, without the options of the schedule that stood between them. */
const textOf = ({ all }: Words): string => all.map(({ text }) => text).join(" ");

function refuseTooOften({
  cron,
  at,
  request,
  words,
}: {
  readonly cron: Cron;
  readonly at: Word;
  readonly request: CheckRequest;
  readonly words: Words;
}): void {
  const gapMs = shortestGapMs(cron);
  const gap = durationText(gapMs);
  if (gapMs < MIN_GAP_MS)
    throw badCommand(
      say("This pattern fires every {gap}; a schedule may run every {least}.", {
        gap,
        least: durationText(MIN_GAP_MS),
      }),
      {
        words,
        at,
        instead: ['"*/5 * * * *"', '"0 * * * *"'],
        code: "over-limit",
      },
    );
  const neededMs = request.durationMs + AROUND_MS;
  if (gapMs < neededMs)
    throw badCommand(
      say("This pattern fires every {gap}, but its check lasts {duration} and needs {around} around it.", {
        gap,
        duration: durationText(request.durationMs),
        around: durationText(AROUND_MS),
      }),
      {
        words,
        at,
        hint: say("Let it run more rarely, or make the check shorter than {most}.", {
          most: durationText(gapMs - AROUND_MS),
        }),
        code: "over-limit",
      },
    );
}
