import type { CheckRequest } from "#src/core/check.ts";
import type { Plan } from "#src/core/plan.ts";
import type { Progress } from "#src/core/progress.ts";
import type { Chart, Report, ReportFile } from "#src/core/report.ts";
import { durationText } from "#src/core/units.ts";
import { context, type Message, section } from "./blocks.ts";
import { drawCaptured } from "./captured.ts";
import { drawCauses } from "./causes.ts";
import { chartComment, chartFileName, picturesOf } from "./chart-words.ts";
import { drawChecklist } from "./checklist.ts";
import { drawDetails } from "./details.ts";
import { cut, LIMITS, REPLY, withinLimits } from "./limits.ts";
import { probesSent } from "./measured.ts";
import { bold, clock, safe, user } from "./mrkdwn.ts";
import { thousands } from "./numbers.ts";
import type { Wording } from "./words.ts";

/** One message of the thread. `key` is unique within the check and names the message in the outbox. */
export type Reply =
  | { readonly key: string; readonly kind: "message"; readonly message: Message }
  /** A picture: `chart` is to be drawn and shared as a file with this comment (mrkdwn) and alternative text. */
  | {
      readonly key: string;
      readonly kind: "chart";
      readonly chart: Chart;
      readonly comment: string;
      readonly altText: string;
      readonly fileName: string;
    }
  /** What was captured, as it lies in the artifact store. */
  | { readonly key: string; readonly kind: "capture"; readonly file: ReportFile };

type Drawn = {
  readonly request: CheckRequest;
  readonly report: Report;
  readonly wording: Wording;
  /** Of each part that was planned; two for a check between clusters. */
  readonly plans?: readonly Plan[] | undefined;
};

/** Everything the thread says once the report exists: at most two pictures, causes, check list, captures and their files, details, closing line. */
export function drawReplies({ request, report, wording, plans = [] }: Drawn): readonly Reply[] {
  const replies: Reply[] = picturesOf(report.charts).map((chart, index) => ({
    key: index === 0 ? "chart" : `chart-${index + 1}`,
    kind: "chart",
    chart,
    comment: cut(safe(chartComment(chart, wording)), LIMITS.section),
    altText: cut(chartComment(chart, wording), LIMITS.altText),
    fileName: chartFileName(report.check, chart.kind),
  }));
  const say = (key: string, message: Message): void =>
    void replies.push({ key, kind: "message", message: withinLimits(message, REPLY) });
  if (report.causes.length > 0) say("causes", drawCauses(report, wording));
  if (report.causes.length + report.cleared.length + report.unknown.length + report.gaps.length > 0)
    say("checklist", drawChecklist(report, wording));
  const captured = drawCaptured(report, wording);
  if (captured) say("captured", captured);
  for (const [index, file] of (report.files ?? []).entries()) {
    const before = report.files?.slice(0, index).filter(({ holds }) => holds === file.holds).length ?? 0;
    replies.push({ key: `file-${file.holds}${before > 0 ? `-${before + 1}` : ""}`, kind: "capture", file });
  }
  say("details", drawDetails(report, plans, wording));
  say("audit", drawAudit(request, report, wording));
  return replies;
}

/** The thread's first message when something is wrong: said once, as soon as it is seen. */
export function drawFirstFinding(finding: NonNullable<Progress["firstFinding"]>, wording: Wording): Message {
  return withinLimits(
    {
      text: safe(finding.text),
      blocks: [
        section(`${bold(finding.text)}\n${wording.firstFinding(clock(finding.atMs))}`),
        context(wording.firstFindingNote),
      ],
    },
    REPLY,
  );
}

/** The last line: for whom it ran, how much was measured, what was taken along. */
function drawAudit(request: CheckRequest, report: Report, wording: Wording): Message {
  const span = durationText(report.window.endMs - report.window.startMs);
  const probes = thousands(probesSent(report));
  const who = request.slack?.user;
  const captured = report.captures.reduce((sum, { bytes }) => sum + bytes, 0);
  const text = [
    who === undefined ? wording.ranByTerminal(span, probes) : wording.ranBy(user(who), span, probes),
    captured === 0 ? wording.noCapture : wording.captures(report.captures.length, `${(captured / 1e6).toFixed(1)} MB`),
    ...(report.gaps.length > 0 ? [wording.gapsNote(report.gaps.length)] : []),
  ].join(" ");
  return { text: `${request.id}: ${text}`, blocks: [context(`${request.id} · ${text}`)] };
}
