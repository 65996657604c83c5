import type { Job, Queue } from "bullmq";
import { hasThread } from "#src/core/check.ts";
import type { Log } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import type { CheckRecords, CheckStatus } from "#src/queue/check-record.ts";
import type { Conversation, Told } from "#src/queue/conversation.ts";
import type { finishedChecks } from "#src/queue/finished.ts";
import { queueNames } from "#src/queue/keys.ts";
import {
  jobAttributes,
  jobOptions,
  type NotifyJob,
  notifyJobSchema,
  type ScheduleJob,
  scheduleJobSchema,
} from "#src/queue/queues.ts";
import { SlackCallError } from "#src/queue/slack-port.ts";
import { tickAgain } from "#src/queue/tick.ts";
import type { Tracing } from "#src/tracing.ts";

/** An update that was cut off can reach Slack this late. */
const SETTLE_MS = 12_000;

export type NotifyWorker = {
  readonly records: CheckRecords;
  readonly conversation: Conversation;
  readonly finished: ReturnType<typeof finishedChecks>;
  /** What is said about schedules. */
  readonly tellSchedule: (job: ScheduleJob) => Promise<Told>;
  readonly queue: Queue;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: Log;
};

/** Everything that is said in Slack. A step that Slack does not take now is put back, and repeated as a whole. */
export function notifyProcessor({
  records,
  conversation,
  finished,
  tellSchedule,
  queue,
  metrics,
  tracing,
  log,
}: NotifyWorker) {
  const told: Told = { is: "told" };

  async function open(status: CheckStatus): Promise<Told> {
    const opened = await conversation.open(status);
    return "is" in opened ? opened : told;
  }

  async function finding(status: CheckStatus): Promise<Told> {
    const opened = await conversation.open(status);
    return "is" in opened ? opened : conversation.finding(status, opened);
  }

  /** The headline's end first: it is what people look at. Then the thread, in order. */
  async function deliver(status: CheckStatus): Promise<Told> {
    const { id } = status.request;
    const result = await finished.load(id);
    const thread = await conversation.open(status);
    if (!result) log.error({ check: id }, "a report is gone before it was delivered");
    if (result && !("is" in thread)) {
      const last = await conversation.conclude(status, thread, result);
      if (last.is === "later") return last;
      if (last.shaky) await settleLater(id);
      for (const step of [
        () => conversation.finding(status, thread),
        () => conversation.replies(status, thread, result),
      ]) {
        const outcome = await step();
        if (outcome.is === "later") return outcome;
      }
    } else if ("is" in thread && thread.is === "later") return thread;
    await records.finish(id, Date.now());
    if (status.outcome) metrics.stage("delivering", Date.now() - status.outcome.atMs);
    log.info({ check: id, status: result?.report.status }, "check reported");
    return told;
  }

  async function settleLater(id: string): Promise<void> {
    const options = { ...jobOptions.notify, jobId: `${id}.settle`, delay: SETTLE_MS };
    await queue.add("settle", { check: id, kind: "settle", ...tracing.carried() }, options);
  }

  async function settle(status: CheckStatus): Promise<Told> {
    const result = await finished.load(status.request.id);
    if (!status.thread || !result) return told;
    const outcome = await conversation.conclude(status, status.thread, result, { again: true });
    return outcome.is === "later" ? outcome : told;
  }

  const steps = { open, finding, deliver, settle } as const satisfies Record<NotifyJob["kind"], unknown>;

  return async (job: Job, token: string | undefined, _signal: AbortSignal | undefined): Promise<void> => {
    const scheduled = scheduleJobSchema.safeParse(job.data).data;
    if (scheduled !== undefined) {
      const outcome = await tellSchedule(scheduled).catch(laterWhenSlackFails);
      return outcome.is === "later" ? tickAgain(job, token, outcome.delayMs) : undefined;
    }
    const { check, kind, traceparent: parent } = notifyJobSchema.parse(job.data);
    const status = await records.status(check);
    if (!status || !hasThread(status.request)) return;
    const attributes = jobAttributes(check, "process", queueNames.notify);
    const outcome = await tracing
      .span(`notify ${kind}`, { parent, kind: "consumer", attributes }, () => steps[kind](status))
      .catch(laterWhenSlackFails)
      .catch(async (error: unknown) => {
        // A bug in a message must not leave the check running for ever in everybody's list.
        const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
        if (last && kind === "deliver") await records.finish(check, Date.now());
        throw error;
      });
    if (outcome.is === "later") return tickAgain(job, token, outcome.delayMs);
  };
}

const LOOK_AGAIN_MS = 5_000;

/** A look at Slack that failed is repeated, however long that takes; nothing was posted. */
function laterWhenSlackFails(error: unknown): Told {
  if (error instanceof SlackCallError) return { is: "later", delayMs: error.retryAfterMs ?? LOOK_AGAIN_MS };
  throw error;
}
