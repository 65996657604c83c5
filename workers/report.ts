import type { Job, Queue } from "bullmq";
import { clustersOf, endTexts } from "#src/core/across.ts";
import { type CheckRequest, hasThread } from "#src/core/check.ts";
import { type Measured, measuredSchema } from "#src/core/progress.ts";
import type { Report } from "#src/core/report.ts";
import { summarise } from "#src/core/report-summary.ts";
import { inWords, say, type Text } from "#src/core/sentence.ts";
import type { Log } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import type { CheckRecords, CheckStatus } from "#src/queue/check-record.ts";
import type { Finished, finishedChecks } from "#src/queue/finished.ts";
import { queueNames } from "#src/queue/keys.ts";
import { jobAttributes, jobOptions, reportJobSchema } from "#src/queue/queues.ts";
import type { ScheduleStore } from "#src/queue/schedules.ts";
import { seenByCheck } from "#src/queue/seen-by-check.ts";
import type { History } from "#src/store/history.ts";
import { reportOf, type SeenByCheck } from "#src/store/stored-check.ts";
import type { Tracing } from "#src/tracing.ts";

export type ReportWorker = {
  readonly records: CheckRecords;
  readonly finished: ReturnType<typeof finishedChecks>;
  readonly history: History;
  readonly schedules: Pick<ScheduleStore, "end">;
  readonly notify: Queue;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: Log;
};

type Made = { readonly done: Finished; readonly seen?: SeenByCheck };

/** The parent of a check: what its clusters measured becomes one report, and the report goes to the history and to Slack. */
export function reportProcessor({
  records,
  finished,
  history,
  schedules,
  notify,
  metrics,
  tracing,
  log,
}: ReportWorker) {
  async function make(job: Job, status: CheckStatus): Promise<Made> {
    const { request, cancel } = status;
    const measured = Object.values(await job.getChildrenValues<unknown>()).map((value) => measuredSchema.parse(value));
    const failures = Object.values(await job.getIgnoredChildrenFailures());
    for (const failure of failures) log.error({ check: request.id, failure }, "measuring failed");
    const ended = endOf(measured, { failed: failures.length > 0, cancel, id: request.id });
    const seen = await seenByCheck(request, measured);
    if (!seen) return { done: { report: emptyReport(request, ended?.text), measured: false, ...(ended && { ended }) } };
    const report = await tracing.span("diagnose", {}, async () => reportOf(seen));
    const plans = [seen.plan, seen.second?.plan].filter((plan) => plan !== undefined);
    return { done: { report, plans, measured: true, ...(ended && { ended }) }, seen };
  }

  async function reported(job: Job, check: string): Promise<{ status: string }> {
    const beganMs = performance.now();
    const status = await records.status(check);
    if (!status) throw new Error(`check ${check} has no record`);
    const { request } = status;
    for (const cluster of clustersOf(request)) await records.leavePlace(check, cluster);
    const { done, seen } = await make(job, status).catch((error: unknown): Made => {
      if (job.attemptsMade + 1 < (job.opts.attempts ?? 1)) throw error;
      // Whatever the bug is, the thread must not wait for ever.
      log.error({ check, err: error }, "a report cannot be made");
      const text = internal(check);
      return { done: { report: emptyReport(request, text), measured: false, ended: { how: "failed", text } } };
    });
    const { report } = done;
    await finished.save(done);
    // A full disk costs the record, not the answer.
    const kept = { report, seen, schedule: request.schedule?.id };
    await tracing
      .span("keep", {}, () => history.save(kept))
      .catch((err: unknown) => {
        log.error({ check, err }, "a report could not be kept on disk");
      });
    await records.setOutcome(check, { status: report.status, verdict: report.verdict, atMs: Date.now() });
    if (request.schedule)
      await schedules.end(request.schedule.id, request.schedule.dueMs, { is: "reported", summary: summarise(report) });
    if (hasThread(request))
      await notify.add(
        "deliver",
        { check, kind: "deliver", ...tracing.carried() },
        { ...jobOptions.notify, jobId: `${check}.deliver` },
      );
    else await records.finish(check, Date.now());
    metrics.ended(report.status);
    metrics.stage("reporting", performance.now() - beganMs);
    return { status: report.status };
  }

  return (job: Job, _token: string | undefined, _signal: AbortSignal | undefined): Promise<{ status: string }> => {
    const { check, traceparent: parent } = reportJobSchema.parse(job.data);
    const attributes = jobAttributes(check, "process", queueNames.report);
    return tracing.span("report", { parent, kind: "consumer", attributes }, () => reported(job, check));
  };
}

const internal = (id: string): Text => say("Internal error, quote {id}.", { id });

/** How a check ended that did not end by itself: by the first of its parts that says so. */
function endOf(
  parts: readonly Measured[],
  { failed, cancel, id }: { readonly failed: boolean; readonly cancel: CheckStatus["cancel"]; readonly id: string },
): Finished["ended"] {
  const failure = parts.find(({ ended }) => ended && ended.code !== "cancelled")?.ended;
  if (failure) return { how: "failed", text: failure.text };
  if (cancel && (parts.length === 0 || parts.some(({ ended }) => ended))) return { how: "cancelled", by: cancel.by };
  return failed || parts.length === 0 ? { how: "failed", text: internal(id) } : undefined;
}

/** The report of a check that measured nothing. */
function emptyReport(request: CheckRequest, why: Text = say("Nothing was measured.")): Report {
  const { id, command, cluster, requestedAtMs, language } = request;
  const [from, to] = endTexts(request);
  return {
    check: id,
    command,
    cluster,
    from,
    to,
    status: "failed",
    verdict: inWords(why, language),
    ...{ causes: [], cleared: [], unknown: [], gaps: [], measurements: [], captures: [], hops: [], charts: [] },
    coverage: { share: 0, text: inWords(say("Nothing was measured."), language) },
    window: { startMs: requestedAtMs, endMs: requestedAtMs },
  };
}
