import { withPort } from "./across.ts";
import { whereText } from "./anomaly-text.ts";
import { askedChart } from "./asked-chart.ts";
import { capturesOf, filesOf, hopsOf } from "./captured.ts";
import type { CauseName } from "./causes-zh.ts";
import type { CheckRequest } from "./check.ts";
import { type Comparison, compare } from "./compare.ts";
import { coverageOf } from "./coverage.ts";
import type { NodePlane } from "./data-plane.ts";
import { dataPlaneGaps } from "./data-plane-gaps.ts";
import { planesInWords } from "./data-plane-text.ts";
import type { EvidenceSet } from "./evidence.ts";
import { worstHopsChart } from "./hops-chart.ts";
import { measurementsOf } from "./measurements.ts";
import { measuredLegs } from "./path-facts.ts";
import { placeText } from "./place.ts";
import type { Gap, Plan } from "./plan.ts";
import { rank } from "./rank.ts";
import { readingGaps } from "./reading-gaps.ts";
import type { Report } from "./report.ts";
import type { Rule } from "./rule.ts";
import { inWords, type Language, listed, type Sentence, say, type Text } from "./sentence.ts";
import { targetText } from "./target.ts";
import { type ChartMark, timelineChart } from "./timeline-chart.ts";
import { clockText } from "./units.ts";
import { nothingText, verdictText } from "./verdict-text.ts";

export type Seen = {
  readonly request: CheckRequest;
  /** Absent when the check ended before it was decided what to measure. */
  readonly plan: Plan | undefined;
  readonly evidence: EvidenceSet;
  readonly gaps: readonly Gap[];
  readonly rules: readonly Rule[];
  /** What happened on the nodes, for the time line: `kernelMarks`. */
  readonly marks?: readonly ChartMark[];
  /** What the nodes of the path were recognised as: `dataPlanes`. */
  readonly planes?: readonly NodePlane[];
  /** Somebody ended the check early; in words: "by @alice". */
  readonly cancelled?: Text | undefined;
};

/** Below this share of the asked time and legs a clean result is "partial", not "healthy". */
const ENOUGH = 0.6;
/** An end-to-end leg with this share of losses is broken, not degraded. */
const BROKEN = 0.9;
const MAX_GAPS = 200;

/** Turns everything that was measured into the report. Pure, and true on partial evidence. */
export function diagnose({ request, plan, evidence, gaps, rules, marks = [], planes = [], cancelled }: Seen): Report {
  if (!plan) return nothingMeasured(request, gaps, cancelled);
  const comparison = compare(plan, evidence);
  const { language } = request;
  const seen = { plan, evidence, comparison };
  const ranked = rank(seen, rules, language);
  const coverage = coverageOf(plan, evidence, language);
  const status = statusOf(plan, comparison, ranked.causes.length > 0, {
    share: coverage.share,
    cancelled: cancelled !== undefined,
    breaks: ranked.breaks,
  });
  const { causes, cleared, unknown } = ranked;
  const notes = observations(comparison, ranked.explained).map(({ cause, because }) => ({
    cause,
    because: inWords(because, language),
  }));
  const report: Report = {
    check: request.id,
    command: request.command,
    cluster: request.cluster,
    from: plan.from.name,
    to: endText(plan),
    status,
    verdict: "",
    causes,
    cleared,
    unknown: [...unknown, ...notes],
    gaps: worded(
      [...gaps, ...readingGaps(evidence), ...dataPlaneGaps({ plan, evidence, comparison, planes })],
      language,
    ),
    ...(planes.length > 0 ? { dataPlanes: planesInWords(planes, language) } : {}),
    ...(plan.notes ? { notes: plan.notes.map((note) => inWords(note, language)) } : {}),
    measurements: measurementsOf(plan, evidence),
    captures: capturesOf(evidence),
    ...filesOf(evidence),
    hops: hopsOf(evidence, comparison),
    coverage,
    charts: [
      ...askedChart(seen, language),
      ...worstHopsChart(evidence, language),
      ...timelineChart(seen, marks, language),
    ],
    window: plan.window,
  };
  return { ...report, verdict: inWords(verdictText(report, { plan, comparison, cancelled }), language) };
}

function endText({ to }: Plan): string {
  return to.port === undefined ? to.name : withPort(to.name, to.port);
}

function statusOf(
  plan: Plan,
  comparison: Comparison,
  found: boolean,
  { share, cancelled, breaks }: { readonly share: number; readonly cancelled: boolean; readonly breaks: boolean },
): Report["status"] {
  if (breaks) return "broken";
  const measured = measuredLegs(comparison);
  if (measured.length === 0) return found ? "broken" : "failed";
  const endToEnd = plan.legs
    .filter(({ part }) => part === "end-to-end")
    .flatMap(({ id }) => comparison.legs.get(id) ?? []);
  const works = endToEnd.filter(({ sent }) => sent > 0);
  const dead = works.filter(
    ({ sent, lost, refused, state, failsAtEnd }) => state === "dead" || failsAtEnd || (lost + refused) / sent > BROKEN,
  );
  const tcp = works.filter(({ leg }) => leg.port !== undefined);
  const asked = tcp.length > 0 ? tcp : works;
  if (found && (works.length === 0 || asked.some((result) => dead.includes(result)))) return "broken";
  if (found) return "degraded";
  if (asked.some((result) => dead.includes(result))) return "broken";
  const onPath = [...comparison.loss, ...comparison.late].some(
    (anomaly) => anomaly.onPath && !anomaly.element.kind.startsWith("icmp-"),
  );
  if (onPath) return "degraded";
  return cancelled || share < ENOUGH || works.length === 0 ? "partial" : "healthy";
}

/** Gaps that a report names, in its language. */
function worded(gaps: readonly Gap[], language: Language | undefined): Report["gaps"] {
  return gaps.slice(0, MAX_GAPS).map((gap) => ({ ...gap, reason: inWords(gap.reason, language) }));
}

type Note = { readonly cause: CauseName; readonly because: Sentence };

/** What was seen beside the path, or could not be explained: said, but no cause of what was asked. */
function observations(comparison: Comparison, explained: ReadonlySet<string>): readonly Note[] {
  const notes: Note[] = [];
  for (const anomaly of [...comparison.loss, ...comparison.late]) {
    if (anomaly.legs.some((id) => explained.has(id))) continue;
    const { element, bad, of, onPath, kind } = anomaly;
    const counts = { place: placeText(anomaly.place), bad, of };
    if (element.kind.startsWith("icmp-"))
      notes.push({
        cause: "path-loss",
        because: say(
          "echoes {where} are not answered ({bad} of {of}), TCP on the same way is: something filters ICMP",
          {
            where: whereText(element, anomaly.place),
            bad,
            of,
          },
        ),
      });
    else if (!onPath)
      notes.push(
        kind === "loss"
          ? {
              cause: "path-loss",
              because: say("beside the asked path, at {place}: {bad} of {of} packets lost", counts),
            }
          : {
              cause: "link-delay",
              because: say("beside the asked path, at {place}: {bad} of {of} packets late", counts),
            },
      );
  }
  const busy = [...comparison.busy.keys()];
  if (busy.length > 0)
    notes.push({
      cause: "link-delay",
      because: say(
        "small delays at {nodes} cannot be told from the machine being busy: packets that never leave the node took up to {extra} ms longer as well",
        { nodes: listed(busy), extra: Math.round(Math.max(...comparison.busy.values())) },
      ),
    });
  return notes;
}

function nothingMeasured(request: CheckRequest, gaps: readonly Gap[], cancelled: Text | undefined): Report {
  const { language } = request;
  return {
    check: request.id,
    command: request.command,
    cluster: request.cluster,
    from: targetText(request.from),
    to: targetText(request.to),
    status: "failed",
    verdict: inWords(nothingText(gaps[0]?.reason, cancelled), language),
    causes: [],
    cleared: [],
    unknown: [],
    gaps: worded(gaps, language),
    measurements: [],
    captures: [],
    hops: [],
    coverage: { share: 0, text: inWords(say("Nothing was measured."), language) },
    charts: [],
    window: { startMs: request.requestedAtMs, endMs: request.requestedAtMs + request.durationMs },
  };
}

/** Echoes or connects of one leg before anything is said: the first seconds belong to starting everything at once. */
const MIN_ECHOES = 12;
const MIN_CONNECTS = 4;

/**
 * The first thing found wrong, in one sentence with time, number and place; undefined while there is nothing to say.
 * Meant for reports of running checks: it waits for enough packets and for more than a mere possibility.
 */
export function firstFinding(report: Report): Sentence | undefined {
  const [cause] = report.causes;
  if (!cause || cause.confidence === "possible") return undefined;
  const measured = report.measurements.filter(({ part }) => part !== "control");
  const enough = measured.some(({ probe, sent }) => sent >= (probe === "ping" ? MIN_ECHOES : MIN_CONNECTS));
  if (measured.length > 0 && !enough) return undefined;
  const episode = report.charts
    .flatMap((chart) => (chart.kind === "latency" ? chart.episodes : []))
    .toSorted((a, b) => a.startMs - b.startMs)[0];
  const finding = cause.because[0] ?? cause.title;
  return say("{at}: {finding}.", { at: clockText(episode?.startMs ?? report.window.startMs), finding });
}
