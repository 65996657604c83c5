import { say } from "#src/core/sentence.ts";
import { drawUnscheduled } from "#src/report/schedules.ts";
import { defineCommand } from "./grammar/command.ts";
import { parseScheduleId, wantedSchedule } from "./grammar/schedule-id.ts";

export const unschedule = defineCommand({
  name: "unschedule",
  also: [],
  usage: "<schedule>",
  about: say("Ends a schedule for good; what ran and was not told yet is still told at its usual hour."),
  more: [say("Examples: {examples}", { examples: "unschedule sc-4f2a" })],
  parse: parseScheduleId,
  async run(given, { schedules, slack, wording }, words) {
    const id = await wantedSchedule(given, "unschedule", words, schedules);
    return { message: drawUnscheduled(id, await schedules.remove(id, slack.user), wording) };
  },
});
