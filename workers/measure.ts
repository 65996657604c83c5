import { DelayedError, type Job, type Queue, UnrecoverableError } from "bullmq";
import type { Measurer } from "#src/cluster/measure.ts";
import type { Measured } from "#src/core/progress.ts";
import type { Log } from "#src/log.ts";
import type { CheckRecords, CheckStatus } from "#src/queue/check-record.ts";
import type { leftovers } from "#src/queue/leftovers.ts";
import type { measureStore } from "#src/queue/measure-store.ts";
import { jobOptions, measureJobSchema } from "#src/queue/queues.ts";
import { tickAgain } from "#src/queue/tick.ts";

/** How often a check that waits for its turn looks whether it has come. */
const PLACE_POLL_MS = 500;

export type MeasureWorker = {
  readonly cluster: string;
  readonly maxChecks: number;
  readonly measurer: Measurer;
  readonly records: CheckRecords;
  readonly states: ReturnType<typeof measureStore>;
  readonly left: ReturnType<typeof leftovers>;
  /** Where the bot learns of a first finding. */
  readonly notify: Queue;
  readonly log: Log;
};

/** One tick of a `measure` job: load, measure a bounded amount, save, and come again, until there is a result. */
export function measureProcessor(deps: MeasureWorker) {
  const { cluster, maxChecks, measurer, records, states, left, log } = deps;

  async function tick(job: Job, token: string | undefined, check: string): Promise<Measured> {
    const status = await records.status(check);
    if (!status) throw new UnrecoverableError(`check ${check} has no record`);
    const saved = await states.load(check);
    if (!saved && !status.cancel && ((await records.checksBefore(check, cluster)) ?? 0) >= maxChecks)
      return tickAgain(job, token, PLACE_POLL_MS);
    if (!saved) log.info({ check, cluster }, "check started");
    const { state, progress, next } = await measurer.tick(status.request, saved, status.cancel);
    if (!(await states.save(state))) throw new UnrecoverableError(`another worker has gone on with ${check}`);
    await records.setProgress(progress);
    if (state.firstFinding && !saved?.firstFinding) await tellFinding(status);
    log.debug({ check, rev: state.rev, phase: progress.phase, next: next.do }, "tick");
    if (next.do === "again") return tickAgain(job, token, next.delayMs);
    await left.add(check, next.leftOn);
    await records.leavePlace(check, cluster);
    log.info({ check, cluster, leftOn: next.leftOn }, "check ended");
    return next.measured;
  }

  async function tellFinding({ request }: CheckStatus): Promise<void> {
    if (!request.slack) return;
    const { id } = request;
    await deps.notify.add("finding", { check: id, kind: "finding" }, { ...jobOptions.open, jobId: `${id}.finding` });
  }

  /** After the last attempt of a tick that a bug ends, the nodes are left to the janitor. */
  async function abandon(check: string): Promise<void> {
    const state = await states.load(check);
    await left.add(check, Object.keys(state?.nodes ?? {}));
    await records.leavePlace(check, cluster);
  }

  return async (job: Job, token: string | undefined, _signal: AbortSignal | undefined): Promise<Measured> => {
    const { check } = measureJobSchema.parse(job.data);
    try {
      return await tick(job, token, check);
    } catch (error) {
      const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      if (last && !(error instanceof DelayedError)) await abandon(check);
      throw error;
    }
  };
}
