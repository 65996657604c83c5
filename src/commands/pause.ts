import { say } from "#src/core/sentence.ts";
import { drawPaused } from "#src/report/schedules.ts";
import { defineCommand } from "./grammar/command.ts";
import { parseScheduleId, wantedSchedule } from "./grammar/schedule-id.ts";

export const pause = defineCommand({
  name: "pause",
  also: [],
  usage: "<schedule>",
  about: say("Lets a schedule rest until it is resumed; a run that goes on is not stopped."),
  more: [say("Examples: {examples}", { examples: "pause sc-4f2a" })],
  parse: parseScheduleId,
  async run(given, { schedules, slack, command, wording }, words) {
    const id = await wantedSchedule(given, "pause", words, schedules);
    return { message: drawPaused(id, await schedules.pause(id, slack.user), { command, wording }) };
  },
});
