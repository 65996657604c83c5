import type { PastPort } from "#src/commands/grammar/command.ts";
import type { finishedChecks } from "#src/queue/finished.ts";
import type { History } from "#src/store/history.ts";

/**
 * Reports of the past: this bot's disk, which keeps them for long, then Redis, where those that another bot has made are kept
 * for a week.
 */
export function pastReports({
  history,
  finished,
}: {
  readonly history: History;
  readonly finished: ReturnType<typeof finishedChecks>;
}): PastPort {
  return {
    report: async (check) => (await history.report(check)) ?? (await finished.load(check))?.report,
    lastGood: history.lastGood,
    judge: history.judge,
  };
}
