import { say } from "#src/core/sentence.ts";
import { drawCheckStatus, drawRunningList, drawUnknownCheck } from "#src/report/answers.ts";
import { parseCheckId } from "./grammar/check-id.ts";
import { type CheckSeen, defineCommand } from "./grammar/command.ts";

export const status = defineCommand({
  name: "status",
  also: ["list", "ls"],
  usage: "[id]",
  about: say("Says how far a check is; without an id: this thread's check, or all that are running."),
  more: [say("Examples: {examples}", { examples: "status · status nc-4f2a" })],
  parse: (words) => parseCheckId(words, "nc-4f2a"),
  async run(id, { checks, slack, nowMs, wording }) {
    const threadCheck = slack.threadTs === undefined ? undefined : await checks.byThread(slack.channel, slack.threadTs);
    const wanted = id ?? threadCheck;
    if (wanted === undefined) {
      const running: readonly CheckSeen[] = await checks.list();
      return { message: drawRunningList(running, nowMs, wording) };
    }
    const seen = await checks.status(wanted);
    return {
      message: seen === undefined ? drawUnknownCheck(wanted, wording) : drawCheckStatus(seen, nowMs, wording),
    };
  },
});
