import { makeDigest } from "#src/core/digest.ts";
import type { Language } from "#src/core/sentence.ts";
import type { Log } from "#src/log.ts";
import type { CheckRecords } from "#src/queue/check-record.ts";
import type { Conversation, Told } from "#src/queue/conversation.ts";
import type { finishedChecks } from "#src/queue/finished.ts";
import type { Outbox, Outcome } from "#src/queue/outbox.ts";
import type { ScheduleJob } from "#src/queue/queues.ts";
import type { ScheduleSeen, ScheduleStore } from "#src/queue/schedules.ts";
import type { SlackPort } from "#src/queue/slack-port.ts";
import type { Message } from "#src/report/blocks.ts";
import { drawDigest } from "#src/report/digest.ts";
import { drawNotRun } from "#src/report/schedules.ts";
import { wordings } from "#src/report/words.ts";

export type ScheduleTeller = {
  readonly schedules: ScheduleStore;
  readonly records: CheckRecords;
  readonly finished: ReturnType<typeof finishedChecks>;
  readonly outbox: Outbox;
  readonly conversation: Conversation;
  readonly port: Pick<SlackPort, "outsiders">;
  /** Of schedules that name none. */
  readonly language: Language;
  readonly log: Log;
};

/** What is said about schedules, each message once, however often a job is repeated. */
export function scheduleTeller(deps: ScheduleTeller): (job: ScheduleJob) => Promise<Told> {
  const { schedules, records, finished, outbox, conversation, port, log } = deps;
  const told: Told = { is: "told" };

  /** Says it in the schedule's channel, or to its author where netcheck may not post or another organisation would read it. */
  async function post({ schedule }: ScheduleSeen, key: string, message: Message): Promise<Outcome> {
    const { channel, user } = schedule.request.slack;
    const shared = await port.outsiders(channel);
    const posted = shared ? undefined : await outbox.send(key, { channel }, message);
    if (posted !== undefined && posted.is !== "failed") return posted;
    const direct = await outbox.send(`${key}-direct`, { channel: user }, message);
    if (direct.is === "failed")
      log.error({ schedule: schedule.id, key, why: direct.why }, "nobody could be told about a schedule");
    return direct;
  }

  async function digest(seen: ScheduleSeen, dueMs: number): Promise<Told> {
    const { schedule, state } = seen;
    const { id } = schedule;
    const due = await schedules.take(id, dueMs);
    if (due.length > 0) {
      const outcome = await tell(seen, dueMs, due);
      if (outcome.is === "later") return outcome;
    }
    const { latest } = state;
    const running = latest !== undefined && !(await schedules.ended(id, latest.dueMs));
    if (state.is === "ended" && !running && (await schedules.untold(id)) === 0) await schedules.remove(id);
    return told;
  }

  async function tell(seen: ScheduleSeen, dueMs: number, due: readonly number[]): Promise<Told> {
    const { id, request } = seen.schedule;
    const made = makeDigest(await schedules.runs(id), due);
    if (made.runs.length === 0) return told;
    const message = drawDigest(seen.schedule, made, wordings[request.language ?? deps.language]);
    const posted = await post(seen, `${id}:digest:${dueMs}`, message);
    if (posted.is === "later") return posted;
    log.info({ schedule: id, dueMs, runs: made.runs.length, clean: made.clean }, "digest posted");
    const worst = made.clean ? undefined : made.runs[0]?.summary?.check;
    if (posted.is === "failed" || worst === undefined) return told;
    // The worst run has no thread of its own unless it was a loud one; what it found hangs beneath the digest.
    const [status, result] = await Promise.all([records.status(worst), finished.load(worst)]);
    if (!status || !result || status.thread) return told;
    const { channel, ts } = posted;
    return conversation.replies(status, { channel, ts, threadTs: ts }, result);
  }

  async function notRun(seen: ScheduleSeen, dueMs: number): Promise<Told> {
    const { schedule } = seen;
    const run = await schedules.run(schedule.id, dueMs);
    if (run === undefined) return told;
    const message = drawNotRun(schedule, run, wordings[schedule.request.language ?? deps.language]);
    const posted = await post(seen, `${schedule.id}:not-run:${dueMs}`, message);
    return posted.is === "later" ? posted : told;
  }

  return async ({ schedule, dueMs, kind }) => {
    const seen = await schedules.find(schedule);
    if (seen === undefined) return told;
    return kind === "digest" ? digest(seen, dueMs) : notRun(seen, dueMs);
  };
}
