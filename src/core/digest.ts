import { type Change, lateChange, lossChange } from "./compare-reports.ts";
import type { Summary } from "./report-summary.ts";
import type { RunSeen } from "./schedule.ts";
import { ascending, quantile } from "./stats.ts";

/** What is usual for a schedule: its runs of the seven days before. Round trips are medians over these runs, milliseconds. */
export type Baseline = {
  readonly runs: number;
  readonly sent: number;
  readonly lost: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
};

/** One run as the digest tells it. */
export type ToldRun = {
  readonly run: RunSeen;
  /** Absent when there is no report. */
  readonly summary: Summary | undefined;
  /** Against the baseline, beyond chance; absent without one. */
  readonly loss: Change | undefined;
  readonly p99: Change | undefined;
  /** Its causes, with the number of baseline runs that had the same at the same place. */
  readonly causes: readonly (Summary["causes"][number] & { readonly before: number })[];
  /** Nothing to say about it: healthy, and as good as usual. */
  readonly clean: boolean;
};

export type Digest = {
  /** Worst first. */
  readonly runs: readonly ToldRun[];
  readonly clean: boolean;
  /** Absent when no run of the seven days before has a report. */
  readonly baseline: Baseline | undefined;
};

const BASELINE_MS = 7 * 86_400_000;

/** Puts the runs that a digest tells, by their due times, in order against those of the seven days before them. */
export function makeDigest(all: readonly RunSeen[], tellDueMs: readonly number[]): Digest {
  const told = new Set(tellDueMs);
  const firstMs = Math.min(...tellDueMs);
  const earlier = all.flatMap((run) => {
    const summary = summaryOf(run);
    return run.dueMs < firstMs && run.dueMs >= firstMs - BASELINE_MS && summary ? [summary] : [];
  });
  const baseline = baselineOf(earlier);
  const runs = all.filter(({ dueMs }) => told.has(dueMs)).map((run) => tellRun(run, baseline, earlier));
  return {
    runs: runs.toSorted((a, b) => badness(b) - badness(a) || lossOf(b) - lossOf(a) || b.run.dueMs - a.run.dueMs),
    clean: runs.every(({ clean }) => clean),
    baseline,
  };
}

const summaryOf = ({ end }: RunSeen): Summary | undefined => (end?.is === "reported" ? end.summary : undefined);

function baselineOf(earlier: readonly Summary[]): Baseline | undefined {
  const measured = earlier.filter(({ sent }) => sent > 0);
  if (measured.length === 0) return undefined;
  const median = (values: readonly (number | undefined)[]): number | undefined =>
    quantile(ascending(values.filter((value) => value !== undefined)), 0.5);
  return {
    runs: measured.length,
    sent: measured.reduce((sum, { sent }) => sum + sent, 0),
    lost: measured.reduce((sum, { lost }) => sum + lost, 0),
    p50Ms: median(measured.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(measured.map(({ p99Ms }) => p99Ms)),
  };
}

function tellRun(run: RunSeen, baseline: Baseline | undefined, earlier: readonly Summary[]): ToldRun {
  const summary = summaryOf(run);
  const had = (cause: string, where: string): number =>
    earlier.filter(({ causes }) => causes.some((one) => one.cause === cause && one.where === where)).length;
  const changed = summary && baseline && lossChange(baseline, summary);
  const loss = changed === "worse" && summary && !isUnusual(summary, earlier) ? undefined : changed;
  const p99 =
    summary && baseline && lateChange("p99", baseline.p99Ms, summary.p99Ms, Math.min(baseline.sent, summary.sent));
  return {
    run,
    summary,
    loss,
    p99,
    causes: (summary?.causes ?? []).map((one) => ({ ...one, before: had(one.cause, one.where) })),
    clean: summary?.status === "healthy" && loss !== "worse" && p99 !== "worse",
  };
}

/**
 * Losses come in bursts: nights differ by more than the chance of single packets. With three nights or more to look at, a
 * night is worse than usual only when at most one of them was as bad.
 */
function isUnusual({ lost, sent }: Summary, earlier: readonly Summary[]): boolean {
  const measured = earlier.filter((one) => one.sent > 0);
  return measured.length < 3 || measured.filter((one) => one.lost / one.sent >= lost / sent).length <= 1;
}

const BADNESS = { broken: 6, degraded: 5, failed: 4, partial: 3, healthy: 0 } as const;

function badness({ run, summary, clean }: ToldRun): number {
  if (summary !== undefined) return summary.status === "healthy" && !clean ? 2 : BADNESS[summary.status];
  return run.is === "started" ? 4 : 1;
}

const lossOf = ({ summary }: ToldRun): number =>
  summary === undefined || summary.sent === 0 ? 0 : summary.lost / summary.sent;
