import { say } from "#src/core/sentence.ts";
import { drawSchedules } from "#src/report/schedules.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { defineCommand } from "./grammar/command.ts";

export const schedules = defineCommand({
  name: "schedules",
  also: [],
  usage: "",
  about: say("Lists what runs by itself: when it is due next, and how the last run ended."),
  more: [say("Examples: {examples}", { examples: "schedules" })],
  parse(words) {
    const [at] = words.all;
    if (at !== undefined)
      throw badCommand(say("Nothing follows this word; it lists all schedules."), {
        words,
        at,
        nearest: ["schedules"],
      });
  },
  run: async (_, { schedules: port, wording, slack }) => ({
    message: drawSchedules(await port.list(), { wording, channel: slack.channel }),
  }),
});
