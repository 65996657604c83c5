import { legText } from "./anomaly-text.ts";
import { plottedLeg } from "./asked-chart.ts";
import { captureKept, hopsEvidence, triggersEvidence } from "./capture.ts";
import { triggerNames } from "./capture-triggers.ts";
import type { EvidenceSet } from "./evidence.ts";
import type { Buckets } from "./leg-evidence.ts";
import type { TimelineChart } from "./report.ts";
import type { Case } from "./rule.ts";
import { counted, inWords, type Language, say } from "./sentence.ts";
import { ascending, quantile } from "./stats.ts";
import { momentOf } from "./trigger-moments.ts";

export type ChartMark = TimelineChart["marks"][number];
type Lane = TimelineChart["lanes"][number];

/** A bucket is bad when something was lost in it, or its slowest packets took so much longer than the median one, ms. */
const HELD_MS = 60;
/** An event belongs to a bad bucket when it comes so long before its end, or so little after its beginning, ms. */
const BEFORE_MS = 2_000;
const AFTER_MS = 1_000;
/** Events must fall on bad moments so many times as often as they would by chance. */
const MORE_OFTEN = 2;
/** The worst of them. */
const MOST_TRIGGERS = 30;
/** A recording of more than this share of the time was not kept for a reason. */
const ALL_THE_TIME = 0.9;

/**
 * The time line of the asked path: what was lost and how late packets were, with what happened on the nodes above it. `marks`
 * are events by our clock (`kernelMarks`); triggers of a recording, kept packets and losses between recorded points come from the
 * evidence. It is made when it tells something: kernel events or triggers that fall together with bad moments of the asked path, or
 * something that was kept.
 */
export function timelineChart(
  { plan, evidence }: Pick<Case, "plan" | "evidence">,
  events: readonly ChartMark[],
  language?: Language,
): TimelineChart[] {
  const plotted = plottedLeg({ plan, evidence });
  if (!plotted) return [];
  const { buckets, leg } = plotted;
  const { startMs, bucketMs, sent } = buckets;
  const endMs = startMs + bucketMs * sent.length;
  const kept = keptMarks(evidence, endMs - startMs).map((mark) => ({
    ...mark,
    kind: "kept" as const,
    label: inWords(say("packets kept"), language),
  }));
  const within = ({ atMs, endMs: until = atMs }: ChartMark): boolean => until >= startMs && atMs <= endMs;
  const triggers = triggerMarks(evidence, language).filter(within);
  const others = [...events, ...kept].filter(within);
  const kernel = others.filter(({ kind }) => kind === "kernel");
  const marks = [...others, ...triggers];
  const told = others.length > kernel.length || coincide([...kernel, ...triggers], buckets);
  if (!told) return [];
  const between = lostBetween(evidence, buckets);
  const lanes: Lane[] = [
    { label: inWords(say("lost on the asked path"), language), unit: "count", values: measured(buckets, buckets.lost) },
    ...(between
      ? [{ label: inWords(say("lost between recorded points"), language), unit: "count" as const, values: between }]
      : []),
    {
      label:
        leg.port === undefined ? inWords(say("round trip, p99"), language) : inWords(say("connect, p99"), language),
      unit: "ms",
      values: [...buckets.p99],
    },
  ];
  return [
    {
      kind: "timeline",
      title: inWords(say("{leg}: what happened when", { leg: legText(leg, plan) }), language),
      subtitle: inWords(
        kernel.length === 0
          ? say("{lost} of {sent} lost", { lost: plotted.lost, sent: counted(plotted.sent, "packet") })
          : say("{lost} of {sent} lost, {events}", {
              lost: plotted.lost,
              sent: counted(plotted.sent, "packet"),
              events: counted(kernel.length, "kernel event"),
            }),
        language,
      ),
      ...{ startMs, bucketMs, lanes, marks: marks.toSorted((a, b) => a.atMs - b.atMs) },
    },
  ];
}

/** Where nothing was sent nothing was measured. */
const measured = ({ sent }: Buckets, values: readonly number[]): (number | null)[] =>
  values.map((value, index) => (sent[index] === 0 ? null : value));

function badBuckets({
  startMs,
  bucketMs,
  lost,
  p50,
  p99,
}: Buckets): readonly (readonly [fromMs: number, toMs: number])[] {
  const usual = quantile(ascending(p50.filter((value) => value !== null)), 0.5) ?? 0;
  return lost.flatMap((count, index) => {
    const at = startMs + index * bucketMs;
    return count > 0 || (p99[index] ?? 0) - usual >= HELD_MS
      ? [[at - BEFORE_MS, at + bucketMs + AFTER_MS] as const]
      : [];
  });
}

/** Whether events fall on bad moments more often than chance would have it. */
function coincide(events: readonly ChartMark[], buckets: Buckets): boolean {
  const bad = badBuckets(buckets);
  const near = (atMs: number): boolean => bad.some(([fromMs, toMs]) => atMs >= fromMs && atMs < toMs);
  const hits = events.filter(({ atMs }) => near(atMs)).length;
  const covered = buckets.sent.filter((_, index) => near(buckets.startMs + (index + 0.5) * buckets.bucketMs)).length;
  return hits > 0 && hits / events.length >= (MORE_OFTEN * covered) / Math.max(1, buckets.sent.length);
}

/** What recorded packets show no better than the kernel's own words is left out; the same second of several points is one. */
function triggerMarks(evidence: EvidenceSet, language: Language | undefined): readonly ChartMark[] {
  const triggers = evidence.all(triggersEvidence).flatMap(({ data }) => data.triggers);
  const moments = Map.groupBy(
    triggers.filter(({ kind }) => kind !== "kernel-event"),
    ({ kind, worstS }) => `${kind} ${worstS}`,
  );
  return [...moments.values()]
    .flatMap(([first]) => first ?? [])
    .toSorted((one, other) => other.count - other.usual - (one.count - one.usual))
    .slice(0, MOST_TRIGGERS)
    .map(({ kind, worstS }) => ({
      ...{ atMs: worstS * 1_000, endMs: (worstS + 1) * 1_000, kind: "trigger" as const },
      label: inWords(triggerNames[kind], language),
    }));
}

type Span = { readonly atMs: number; readonly endMs: number };

/** When packets were kept at any point; stretches that overlap are one. */
function keptMarks(evidence: EvidenceSet, allMs: number): readonly Span[] {
  const spans: { atMs: number; endMs: number }[] = [];
  const moments = evidence
    .all(triggersEvidence)
    .flatMap(({ data }) => (data.whole ? data.triggers : []))
    .flatMap((trigger) => (trigger.kept === "none" ? [] : [momentOf(trigger)]));
  const all = moments.length > 0 ? moments : evidence.all(captureKept).map(({ data }) => data);
  for (const { fromMs, toMs } of all.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const open = spans.at(-1);
    if (open && fromMs <= open.endMs) open.endMs = Math.max(open.endMs, toMs);
    else spans.push({ atMs: fromMs, endMs: toMs });
  }
  // Whole packets are kept of moments for a reason, however many there are.
  return spans.filter(({ atMs, endMs }) => moments.length > 0 || endMs - atMs <= ALL_THE_TIME * allMs);
}

/** Packets that were lost on any hop, per bucket; undefined when no two points were compared. */
function lostBetween(evidence: EvidenceSet, { startMs, bucketMs, sent }: Buckets): number[] | undefined {
  const paths = evidence.all(hopsEvidence).filter(({ data }) => data.hops.length > 0);
  if (paths.length === 0) return undefined;
  const values = sent.map(() => 0);
  for (const [second, lost] of paths.flatMap(({ data }) => data.hops.flatMap(({ lostAt }) => lostAt))) {
    // The second is known, not the moment within it: its middle stands for it.
    const index = Math.floor((second * 1_000 + 500 - startMs) / bucketMs);
    if (values[index] !== undefined) values[index] += lost;
  }
  return values;
}
