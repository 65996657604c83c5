import { drawCancel } from "#src/report/answers.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { parseCheckId } from "./grammar/check-id.ts";
import { defineCommand } from "./grammar/command.ts";

export const cancel = defineCommand({
  name: "cancel",
  also: ["stop"],
  usage: "[id]",
  about: "Ends a check; what was measured until then is still reported. In a check's thread the id may be left out.",
  more: ["Examples: cancel nc-4f2a · in a thread: cancel"],
  parse: (words) => parseCheckId(words, "nc-4f2a"),
  async run(id, { checks, slack, wording }, words) {
    const threadCheck = slack.threadTs === undefined ? undefined : await checks.byThread(slack.channel, slack.threadTs);
    const wanted = id ?? threadCheck;
    if (wanted === undefined) {
      const running = await checks.list();
      throw badCommand("Which check? An id is missing.", {
        words,
        nearest: running.map(({ request }) => `cancel ${request.id}`),
        hint: running.length === 0 ? "No check is running." : "Ids look like nc-4f2a and stand below every check.",
      });
    }
    return { message: drawCancel(wanted, await checks.cancel(wanted, slack.user), wording) };
  },
});
