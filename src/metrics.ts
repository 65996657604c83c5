import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type Report, reportSchema } from "./core/report.ts";

/** Parts of a check's life in which people wait for netcheck; measuring itself lasts as long as was asked. */
type Stage = "queued" | "starting" | "finishing" | "reporting" | "delivering";

/** From a few milliseconds to a quarter of a minute, which is where an exec is given up. */
const EXEC_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];
const STAGE_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];

/**
 * What one process counts. Labels have few values, none of which names a pod, a node, an address, a check or a person: clusters and
 * queues are as many as were configured, everything else comes from lists in the code. What each means: docs/operating.md.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge<L>({ name, help, labelNames: [...labelNames], registers });
  const stages = new Histogram<"stage">({
    name: "netcheck_stage_duration_seconds",
    help: "How long people waited for each stage of a check.",
    labelNames: ["stage"],
    buckets: STAGE_SECONDS,
    registers,
  });
  const checks = counter("netcheck_checks_total", "Checks that were reported, by the report's status.", ["status"]);
  // A counter that first appears with 1 has not risen, for Prometheus.
  for (const status of reportSchema.shape.status.options) checks.inc({ status }, 0);

  /** What brings gauges up to date; run whenever they are read, so that nothing has to run in between. */
  const refreshers: (() => unknown)[] = [];

  return {
    registry,
    beforeRead: (refresh: () => unknown): void => void refreshers.push(refresh),
    /** Everything, in Prometheus' text format. */
    async read(): Promise<string> {
      await Promise.all(refreshers.map((refresh) => refresh()));
      return registry.metrics();
    },
    ended: (status: Report["status"]): void => checks.inc({ status }),
    /** Clocks of two machines may differ by more than a short stage lasts. */
    stage: (stage: Stage, ms: number): void => stages.observe({ stage }, Math.max(0, ms) / 1_000),
    gaps: counter("netcheck_gaps_total", "What could not be measured, by probe and by the reason's wording.", [
      "probe",
      "reason",
    ]),
    execSeconds: new Histogram<"verb">({
      name: "netcheck_exec_duration_seconds",
      help: "Time of one exec into an agent, by what it was asked to do; failed ones too.",
      labelNames: ["verb"],
      buckets: EXEC_SECONDS,
      registers,
    }),
    execFailures: counter("netcheck_exec_failures_total", "Execs without an answer, by verb and reason.", [
      "verb",
      "reason",
    ]),
    fetched: counter("netcheck_fetched_bytes_total", "Bytes read from nodes.", ["kind"]),
    leases: gauge("netcheck_node_leases", "Leases on nodes that this worker keeps alive.", []),
    tasks: gauge("netcheck_node_tasks", "Tasks that run under those leases.", []),
    slackCalls: counter("netcheck_slack_calls_total", "Calls to Slack that change something, by call and outcome.", [
      "call",
      "outcome",
    ]),
    capturesBytes: gauge("netcheck_captures_bytes", "Size of all captures that are kept, at the newest sweep.", []),
    redisUp: gauge("netcheck_redis_up", "1 when Redis answered while these numbers were read.", []),
    queueJobs: gauge("netcheck_queue_jobs", "Jobs of a queue, by state.", ["queue", "state"]),
    queueAge: gauge("netcheck_queue_oldest_seconds", "How long the job that waits longest has been due.", ["queue"]),
    checksActive: gauge("netcheck_checks_active", "Checks that hold a place in a cluster, or wait for one.", [
      "cluster",
      "state",
    ]),
    checksUnfinished: gauge("netcheck_checks_unfinished", "Checks whose last message is not out yet.", []),
    workers: gauge("netcheck_workers", "Workers of a cluster that were alive in the last 15 s.", ["cluster"]),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** CPU, memory, file descriptors, garbage collection and the event loop's delay, under the names that Node programs share. */
export function addProcessMetrics({ registry }: Metrics): void {
  collectDefaultMetrics({ register: registry });
}
