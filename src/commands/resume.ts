import { say } from "#src/core/sentence.ts";
import { drawResumed } from "#src/report/schedules.ts";
import { defineCommand } from "./grammar/command.ts";
import { parseScheduleId, wantedSchedule } from "./grammar/schedule-id.ts";

export const resume = defineCommand({
  name: "resume",
  also: [],
  usage: "<schedule>",
  about: say("Lets a paused schedule run again; what was due in between is not made up for."),
  more: [say("Examples: {examples}", { examples: "resume sc-4f2a" })],
  parse: parseScheduleId,
  async run(given, { schedules, nowMs, wording }, words) {
    const id = await wantedSchedule(given, "resume", words, schedules);
    const outcome = await schedules.resume(id, nowMs);
    const seen = (await schedules.list()).find(({ schedule }) => schedule.id === id);
    return { message: drawResumed(id, outcome, seen?.schedule.zone, wording) };
  },
});
