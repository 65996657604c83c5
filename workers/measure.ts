import { DelayedError, type Job, type Queue, UnrecoverableError } from "bullmq";
import type { Redis } from "ioredis";
import type { Measurer } from "#src/cluster/measure.ts";
import { partOf } from "#src/core/across.ts";
import { type CheckRequest, hasThread } from "#src/core/check.ts";
import type { MeasureState } from "#src/core/measure-state.ts";
import type { Measured } from "#src/core/progress.ts";
import type { Log } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import type { CheckRecords, CheckStatus } from "#src/queue/check-record.ts";
import { queueNames } from "#src/queue/keys.ts";
import type { leftovers } from "#src/queue/leftovers.ts";
import type { measureStore } from "#src/queue/measure-store.ts";
import { jobAttributes, jobOptions, type MeasureJob, measureJobSchema } from "#src/queue/queues.ts";
import { forgive, tickAgain } from "#src/queue/tick.ts";
import type { Tracing } from "#src/tracing.ts";

/** How often a check that waits for its turn looks whether it has come. */
const PLACE_POLL_MS = 500;
/**
 * Starting costs an agent far more than measuring: dozens of processes at once. So many checks start at a time in one
 * worker; a start that takes longer than this counts no more.
 */
const STARTS_AT_ONCE = 2;
const START_MS = 8_000;

export type MeasureWorker = {
  readonly cluster: string;
  readonly maxChecks: number;
  readonly measurer: Measurer;
  readonly records: CheckRecords;
  readonly redis: Redis;
  readonly states: ReturnType<typeof measureStore>;
  readonly left: ReturnType<typeof leftovers>;
  /** Where the bot learns of a first finding. */
  readonly notify: Queue;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: Log;
};

/** The span of a part of a check, which its ticks share wherever they run. */
const spanKey = (check: string, cluster: string): string => `measure ${check} ${cluster}`;

/** One tick of a `measure` job: load, measure a bounded amount, save, and come again, until there is a result. */
export function measureProcessor(deps: MeasureWorker) {
  const { cluster, maxChecks, measurer, records, redis, states, left, tracing, log } = deps;
  /** Checks that are starting here, by id, since when (Unix milliseconds). */
  const starting = new Map<string, number>();

  async function mayStart(check: string): Promise<boolean> {
    for (const [id, sinceMs] of starting) if (Date.now() - sinceMs > START_MS) starting.delete(id);
    if (starting.size >= STARTS_AT_ONCE && !starting.has(check)) return false;
    // Before the first wait, so that two ticks cannot both take the last place.
    starting.set(check, Date.now());
    const mine = ((await records.checksBefore(check, cluster)) ?? 0) < maxChecks;
    if (!mine) starting.delete(check);
    return mine;
  }

  async function tick(job: Job, token: string | undefined, { check, traceparent }: MeasureJob): Promise<Measured> {
    const status = await records.status(check);
    if (!status) throw new UnrecoverableError(`check ${check} has no record`);
    const part = partOf(status.request, cluster);
    const saved = await states.load(part.id);
    if (!saved && !status.cancel && !(await mayStart(check))) return tickAgain(job, token, PLACE_POLL_MS);
    if (!saved) log.info({ check, cluster }, "check started");
    const { state, progress, next } = await measurer.tick(part, saved, status.cancel);
    if (!(await states.save(state))) {
      // Whoever was thought dead was only slow and has done this tick too. Who holds the job goes on from there.
      log.warn({ check, rev: state.rev }, "another worker has gone on with the check");
      return tickAgain(job, token, 0);
    }
    await forgive(redis, job);
    await records.setProgress({ ...progress, check });
    if (Object.values(state.nodes).some(({ status }) => status !== "pending") || state.result) starting.delete(check);
    if (state.firstFinding && !saved?.firstFinding) await tellFinding(status);
    log.debug({ check, rev: state.rev, phase: progress.phase, next: next.do }, "tick");
    if (next.do === "again") return tickAgain(job, token, next.delayMs);
    await left.add(part.id, next.leftOn);
    await records.leavePlace(check, cluster);
    count(status.request, state, next.measured);
    trace(status.request, state, traceparent);
    log.info({ check, cluster, leftOn: next.leftOn }, "check ended");
    return next.measured;
  }

  function count({ requestedAtMs }: CheckRequest, state: MeasureState, { gaps }: Measured): void {
    const { beganAtMs, savedAtMs, plan, cancelled } = state;
    const { metrics } = deps;
    metrics.stage("queued", beganAtMs - requestedAtMs);
    if (plan) {
      metrics.stage("starting", plan.window.startMs - beganAtMs);
      metrics.stage("finishing", savedAtMs - Math.min(plan.window.endMs, cancelled?.atMs ?? plan.window.endMs));
    }
    // The wording without its values, which are names of pods and nodes.
    for (const { probe, reason } of gaps)
      metrics.gaps.inc({ probe, reason: typeof reason === "string" ? "other" : reason.template });
  }

  /** What lasted longer than a tick, now that it is over. Clocks of two machines may differ by more than a wait lasts. */
  function trace({ id, requestedAtMs }: CheckRequest, state: MeasureState, parent: string | undefined): void {
    const { beganAtMs, savedAtMs, plan, cancelled } = state;
    if (plan) {
      const { startMs, endMs } = plan.window;
      tracing.past("window", { startMs, endMs: Math.min(endMs, cancelled?.atMs ?? endMs) });
    }
    tracing.past("wait", { parent, startMs: Math.min(requestedAtMs, beganAtMs), endMs: beganAtMs });
    tracing.past("measure", {
      ...{ parent, key: spanKey(id, cluster), startMs: beganAtMs, endMs: savedAtMs },
      kind: "consumer",
      attributes: jobAttributes(id, "process", queueNames.measure(cluster)),
    });
  }

  async function tellFinding({ request }: CheckStatus): Promise<void> {
    if (!hasThread(request)) return;
    const { id } = request;
    const job = { check: id, kind: "finding", ...tracing.carried() };
    await deps.notify.add("finding", job, { ...jobOptions.open, jobId: `${id}.finding` });
  }

  /** After the last attempt of a tick that a bug ends, the nodes are left to the janitor. */
  async function abandon(check: string): Promise<void> {
    const status = await records.status(check);
    const id = status ? partOf(status.request, cluster).id : check;
    const state = await states.load(id);
    await left.add(id, Object.keys(state?.nodes ?? {}));
    await records.leavePlace(check, cluster);
  }

  return async (job: Job, token: string | undefined, _signal: AbortSignal | undefined): Promise<Measured> => {
    const measureJob = measureJobSchema.parse(job.data);
    const { check, traceparent: parent } = measureJob;
    try {
      return await tracing.within({ parent, key: spanKey(check, cluster) }, () => tick(job, token, measureJob));
    } catch (error) {
      const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      if (last && !(error instanceof DelayedError)) await abandon(check);
      throw error;
    }
  };
}
