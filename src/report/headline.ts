import { clustersOf, endTexts } from "#src/core/across.ts";
import type { CheckRequest } from "#src/core/check.ts";
import type { Progress } from "#src/core/progress.ts";
import type { Report } from "#src/core/report.ts";
import { inWords, type Text } from "#src/core/sentence.ts";
import { durationText, msText } from "#src/core/units.ts";
import {
  actions,
  type Block,
  type Button,
  context,
  fields,
  header,
  type Message,
  plan,
  section,
  taskCard,
} from "./blocks.ts";
import { HEADLINE, LIMITS, withinLimits } from "./limits.ts";
import { askedPath, latencyText, lossText, outcomesText, probesSent } from "./measured.ts";
import { bold, clock, dayAndClock, safe, user } from "./mrkdwn.ts";
import { elapsedText, partText, thousands } from "./numbers.ts";
import { readablePlace } from "./places.ts";
import { trendBlocks } from "./trend.ts";
import type { Wording } from "./words.ts";

/** Stable action ids of the headline's buttons; their value is the check's id. */
export const ACTIONS = { cancel: "netcheck_cancel", rerun: "netcheck_rerun", feedback: "netcheck_feedback" } as const;

/** `revision` only grows: every update of a message gets fresh block ids, as Slack asks. */
type Drawn = { readonly request: CheckRequest; readonly revision: number; readonly wording: Wording };

export type Running = Drawn & {
  /** Absent until a worker has taken the check. */
  readonly progress?: Progress | undefined;
  readonly nowMs: number;
  readonly updateIntervalMs: number;
};

/** The channel's message while the check runs: what it does now, how far it is, what was seen so far. */
export function drawRunning({ request, revision, wording, progress, nowMs, updateIntervalMs }: Running): Message {
  const worded = (text: Text): string => inWords(text, wording.language);
  const title = ends(request);
  const status = runningTitle(progress, nowMs, wording);
  const steps = (progress?.steps ?? []).map((step) =>
    taskCard(step.id, worded(step.title), step.status, step.detail && worded(step.detail)),
  );
  const cancel: Button = {
    text: wording.cancel,
    action: ACTIONS.cancel,
    value: request.id,
    more: { style: "danger", confirm: confirmCancel(wording) },
  };
  const blocks: Block[] = [
    header(title),
    plan(status, steps.length > 0 ? steps : [taskCard("queued", wording.state["queued"] ?? "queued", "in_progress")]),
  ];
  if (progress?.firstFinding !== undefined) blocks.push(section(`*${safe(progress.firstFinding.text)}*`));
  if (progress?.trouble !== undefined) blocks.push(section(safe(worded(progress.trouble))));
  blocks.push(
    actions(controlsId(request.id, revision), [cancel]),
    context(
      [
        request.id,
        ...asker(request),
        safe(clustersOf(request).join(", ")),
        wording.startedAt(clock(progress?.window?.startMs ?? request.requestedAtMs)),
        wording.updatesEvery(durationText(updateIntervalMs)),
      ].join(" · "),
    ),
  );
  return withinLimits({ text: `${safe(title)}: ${safe(status)}`, blocks }, HEADLINE);
}

export type Done = Drawn & {
  readonly report: Report;
  /** Set when it did not end by itself: what was measured until then is shown as partial. */
  readonly ended?: { readonly how: "cancelled" | "failed"; readonly text?: Text; readonly by?: string } | undefined;
};

/** The channel's message when a report exists: what is wrong, where, how sure, what to do; then the numbers. */
export function drawDone({ request, revision, wording, report, ended }: Done): Message {
  const cause = report.causes[0];
  const place =
    cause === undefined ? `${report.from} → ${report.to}` : wording.at(cause.title, readablePlace(cause.where));
  const title = wording.about(wording.status[report.status], place);
  const lines = [bold(report.verdict)];
  if (ended !== undefined) lines.push([safe(endedText(ended, wording)), wording.partialResult].join(" "));
  const reason = cause?.because.find((one) => !report.verdict.includes(one));
  if (reason !== undefined) lines.push(wording.about(wording.because, safe(reason)));
  if (cause?.advice[0] !== undefined) lines.push(wording.about(bold(wording.doNext), safe(cause.advice[0])));
  lines.push(...(report.notes ?? []).map(safe));
  if (report.gaps.length > 0) lines.push(wording.gapsNote(report.gaps.length));
  const chart = report.charts.find((one) => one.kind === "latency");
  const blocks: Block[] = [
    header(title),
    section(lines.join("\n")),
    fields(numbers(report, wording)),
    ...(chart === undefined ? [] : trendBlocks(chart, wording).slice(0, LIMITS.chartsPerMessage)),
    actions(controlsId(request.id, revision), [rerun(request, wording)]),
    footer(request, report, wording),
  ];
  const next = cause?.advice[0] === undefined ? "" : ` ${cause.advice[0]}`;
  return withinLimits({ text: safe(`${title}. ${report.verdict}${next}`), blocks }, HEADLINE);
}

export type Stopped = Drawn & {
  readonly how: "cancelled" | "failed";
  /** Why, in one or two sentences, with what to do. */
  readonly text?: Text;
  /** Slack user id of who cancelled. */
  readonly by?: string;
};

/** The channel's message when the check ended without anything to report. */
export function drawStopped({ request, revision, wording, how, text, by }: Stopped): Message {
  const status = how === "cancelled" ? wording.cancelledBy(undefined) : wording.status.failed;
  const said = text === undefined ? (how === "cancelled" ? "" : wording.stopped) : inWords(text, wording.language);
  const title = wording.about(status, ends(request));
  const blocks: Block[] = [
    header(title),
    plan(how === "cancelled" ? status : wording.stopped, [
      taskCard("end", how === "cancelled" ? status : ends(request), how === "cancelled" ? "complete" : "error", said),
    ]),
    ...(said === "" ? [] : [section(safe(said))]),
    ...(by === undefined ? [] : [section(wording.cancelledBy(user(by)))]),
    actions(controlsId(request.id, revision), [rerun(request, wording)]),
    context([request.id, ...asker(request), safe(clustersOf(request).join(", "))].join(" · ")),
  ];
  return withinLimits({ text: safe(said === "" ? title : `${title}. ${said}`), blocks }, HEADLINE);
}

const ends = (request: CheckRequest): string => endTexts(request).join(" → ");
const asker = (request: CheckRequest): string[] => (request.slack === undefined ? [] : [user(request.slack.user)]);
const controlsId = (check: string, revision: number): string => `ctl:${check}:${revision}`;
const rerun = (request: CheckRequest, wording: Wording): Button => ({
  text: wording.runAgain,
  action: ACTIONS.rerun,
  value: request.id,
});

function endedText({ how, text, by }: NonNullable<Done["ended"]>, wording: Wording): string {
  if (how === "cancelled") return `${wording.cancelledBy(by === undefined ? undefined : `@${by}`)}.`;
  return text === undefined ? `${wording.stopped}.` : inWords(text, wording.language);
}

function runningTitle(progress: Progress | undefined, nowMs: number, wording: Wording): string {
  const window = progress?.window;
  if (progress === undefined || window === undefined || nowMs < window.startMs) return wording.starting;
  const totalMs = window.endMs - window.startMs;
  const parts = [
    nowMs > window.endMs ? wording.finishing : wording.checking,
    wording.ofTotal(elapsedText(Math.min(nowMs - window.startMs, totalMs)), elapsedText(totalMs)),
  ];
  const { soFar } = progress;
  if (soFar !== undefined && soFar.sent > 0) parts.push(wording.lossSoFar(partText(soFar.lost, soFar.sent)));
  if (soFar?.maxMs !== undefined) parts.push(wording.slowest(msText(soFar.maxMs)));
  return parts.join(" · ");
}

/** Six pairs: Slack lays them out in two columns, so their number is even. */
function numbers(report: Report, wording: Wording): readonly (readonly [string, string])[] {
  const ping = askedPath(report, "ping");
  const tcp = askedPath(report, "tcp");
  const main = ping ?? tcp;
  const { startMs, endMs } = report.window;
  return [
    [wording.loss, main === undefined ? wording.notMeasured : safe(lossText(main, wording))],
    [wording.latency, main === undefined ? wording.notMeasured : safe(latencyText(main, wording))],
    [wording.path, safe(`${report.from} → ${report.to}`)],
    [wording.tcp, tcp?.outcomes === undefined ? wording.notMeasured : safe(outcomesText(tcp.outcomes, wording))],
    [wording.window, wording.fromTo(dayAndClock(startMs), clock(endMs))],
    [wording.coverage, safe(report.coverage.text)],
  ];
}

function footer(request: CheckRequest, report: Report, wording: Wording): Block {
  return context(
    [
      request.id,
      ...asker(request),
      safe(clustersOf(request).join(", ")),
      durationText(report.window.endMs - report.window.startMs),
      wording.probes(thousands(probesSent(report))),
    ].join(" · "),
  );
}

const confirmCancel = (wording: Wording) => ({
  title: { type: "plain_text", text: wording.cancelTitle },
  text: { type: "plain_text", text: wording.cancelText },
  confirm: { type: "plain_text", text: wording.cancel },
  deny: { type: "plain_text", text: wording.cancelNo },
  style: "danger",
});
