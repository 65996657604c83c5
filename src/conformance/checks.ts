import type { Measurer } from "../cluster/measure.ts";
import { runToEnd } from "../cluster/measure-to-end.ts";
import type { CheckRequest } from "../core/check.ts";
import type { Plan } from "../core/plan.ts";
import type { Report } from "../core/report.ts";
import { inWords } from "../core/sentence.ts";
import { seenByCheck } from "../queue/seen-by-check.ts";
import { reportOf } from "../store/stored-check.ts";
import { type Asked, failed, ok, type Step, skipped } from "./step.ts";

/** Beyond its window, a check that is not done after this long hangs. */
const SLACK_MS = 60_000;

/** What a check of the run brought: a report with its plan, or why it was not even planned. */
export type Done = {
  readonly id: string;
  readonly words: string;
  readonly report?: Report;
  readonly plan?: Plan | undefined;
  readonly ended?: string;
  readonly leftOn: readonly string[];
};

/** Runs one check as a worker does, and reports as the bot does. */
export async function runCheck(measurer: Measurer, request: CheckRequest, signal: AbortSignal): Promise<Done> {
  const { measured, leftOn } = await runToEnd(measurer, request, {
    onProgress: () => {},
    signal: AbortSignal.any([signal, AbortSignal.timeout(request.durationMs + SLACK_MS)]),
    nowMs: Date.now,
  });
  const seen = await seenByCheck(request, [measured]);
  const { id, command: words } = request;
  const ended = measured.ended && inWords(measured.ended.text);
  return {
    ...{ id, words, leftOn },
    ...(seen && { report: reportOf(seen), plan: seen.plan }),
    ...(ended !== undefined && { ended }),
  };
}

/** One check of the run: its words, and what its report has to say. */
export type Wanted = Pick<Asked, "area" | "step"> & {
  readonly words: string;
  /** Its packets are recorded, too, and every capture point is a step. */
  readonly recorded?: true;
  readonly expected: string;
  readonly judge: (done: Done) => { readonly status: Step["status"]; readonly seen: string; readonly remedy?: string };
};

/** The cause that comes first, where it is said to be, and what else. */
function toldBy({ report, ended }: Done): string {
  if (!report) return ended ?? "it ended without a report";
  const [first, ...others] = report.causes;
  const cause = first ? `: ${first.cause} (${first.confidence}) at ${first.where.name}` : "";
  const more = others.length > 0 ? `, besides ${others.map((one) => one.cause).join(", ")}` : "";
  return `${report.status}${cause}${more}. ${report.verdict}`;
}

const REPORT_IT =
  "netcheck check with the same words shows all evidence; if the cluster is as it should be, this is a bug of netcheck.";

export const healthy: Wanted["judge"] = (done) => {
  const { report } = done;
  const seen = toldBy(done);
  if (report?.status === "healthy") {
    const sent = report.measurements.reduce((sum, one) => sum + one.sent, 0);
    return { status: "ok", seen: `healthy, ${sent} probes sent, ${report.coverage.text}` };
  }
  const advice = report?.causes[0]?.advice[0];
  return { status: "failed", seen, remedy: advice ? `${advice}.` : REPORT_IT };
};

export const cause =
  (name: string): Wanted["judge"] =>
  (done) => {
    const found = done.report?.causes[0]?.cause === name;
    return { status: found ? "ok" : "failed", seen: toldBy(done), ...(!found && { remedy: REPORT_IT }) };
  };

/** A network that enforces no policies is none that netcheck could find one in. */
export const policyDeny: Wanted["judge"] = (done) => {
  if (done.report?.status === "healthy")
    return {
      status: "skipped",
      seen: "Not tried: connections pass in spite of the NetworkPolicy; this cluster's network enforces none (flannel alone does not), and the report says healthy, as it should.",
    };
  return cause("network-policy-deny")(done);
};

export const noSuchName: Wanted["judge"] = (done) => {
  const found = done.report === undefined && /No address is known/.test(done.ended ?? "");
  return {
    status: found ? "ok" : "failed",
    seen: toldBy(done),
    ...(!found && {
      remedy:
        "A name server answers for names that do not exist (a wildcard, a captive resolver): look at the nodes' /etc/resolv.conf.",
    }),
  };
};

export function judged(wanted: Wanted, done: Done | undefined): Step {
  const { area, step, expected, words } = wanted;
  const asked: Asked = { area, step, did: `check ${words}`, expected };
  if (done === undefined) return skipped(asked, "the run was ended.");
  const { status, seen, remedy = REPORT_IT } = wanted.judge(done);
  if (status === "failed") return failed(asked, seen, remedy);
  return status === "ok" ? ok(asked, seen) : { ...asked, seen, status };
}

/** Where packets were recorded, one step for each capture point of a check's plan. */
export function captureSteps({ report, plan, words }: Done): Step[] {
  const taps = plan?.taps ?? [];
  if (taps.length === 0)
    return [
      failed(
        { area: "checks", step: "capture", did: `check ${words}`, expected: "points at which packets are recorded" },
        "nothing was recorded",
        "Nodes did not say in time what devices they have, or tcpdump does not run in agents: netcheck doctor looks at that.",
      ),
    ];
  return taps.map(({ label }): Step => {
    const asked: Asked = {
      area: "checks",
      step: `capture at ${label}`,
      did: `check ${words}`,
      expected: "packets, none dropped by the kernel",
    };
    const point = report?.captures.find((one) => one.point === label);
    if (!point || point.packets === 0)
      return failed(
        asked,
        "no packets",
        "Look at the gaps of netcheck check with the same words: the device, the filter, or tcpdump.",
      );
    const seen = `${point.packets} packets, ${point.droppedByKernel} dropped by the kernel`;
    return point.droppedByKernel > 0
      ? failed(asked, seen, "The node is too busy to record everything: a narrower filter helps.")
      : ok(asked, seen);
  });
}
