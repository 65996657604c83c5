import { say } from "#src/core/sentence.ts";
import { drawCancel } from "#src/report/answers.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { parseCheckId } from "./grammar/check-id.ts";
import { defineCommand } from "./grammar/command.ts";

export const cancel = defineCommand({
  name: "cancel",
  also: ["stop"],
  usage: "[id]",
  about: say(
    "Ends a check; what was measured until then is still reported. In a check's thread the id may be left out.",
  ),
  more: [say("Examples: {alone} · in a thread: {inThread}", { alone: "cancel nc-4f2a", inThread: "cancel" })],
  parse: (words) => parseCheckId(words, "nc-4f2a"),
  async run(id, { checks, slack, wording }, words) {
    const threadCheck = slack.threadTs === undefined ? undefined : await checks.byThread(slack.channel, slack.threadTs);
    const wanted = id ?? threadCheck;
    if (wanted === undefined) {
      const running = await checks.list();
      throw badCommand(say("Which check? An id is missing."), {
        words,
        nearest: running.map(({ request }) => `cancel ${request.id}`),
        hint:
          running.length === 0
            ? say("No check is running.")
            : say("Ids look like {example} and stand below every check.", { example: "nc-4f2a" }),
      });
    }
    return { message: drawCancel(wanted, await checks.cancel(wanted, slack.user), wording) };
  },
});
