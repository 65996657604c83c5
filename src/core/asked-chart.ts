import { legText } from "./anomaly-text.ts";
import type { Anomaly, Comparison } from "./compare.ts";
import type { EvidenceSet } from "./evidence.ts";
import { type Buckets, pingEvidence, tcpEvidence } from "./leg-evidence.ts";
import { placeText } from "./place.ts";
import type { Leg, Plan } from "./plan.ts";
import type { Chart } from "./report.ts";
import { countText, msText, percentText } from "./units.ts";

type Plotted = {
  readonly leg: Leg;
  readonly buckets: Buckets;
  readonly sent: number;
  readonly lost: number;
  readonly p50: number | undefined;
  readonly max: number | undefined;
};

/** The latency chart of the asked path: its end-to-end echoes, else its connects, else its first measured segment. */
export function askedChart(plan: Plan, evidence: EvidenceSet, comparison: Comparison): Chart[] {
  const plotted = plan.legs
    .toSorted((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part) || Number(a.port ?? 0) - Number(b.port ?? 0))
    .values()
    .map((leg) => plot(leg, evidence))
    .find((found) => found !== undefined);
  if (!plotted) return [];
  const { leg, buckets, sent, lost, p50, max } = plotted;
  const what = leg.port === undefined ? "round trip" : "connect time";
  const episodes = [...comparison.loss, ...comparison.late]
    .filter(({ legs, onPath }) => onPath && legs.includes(leg.id))
    .flatMap((anomaly) => anomaly.episodes.map((episode) => ({ ...episode, label: label(anomaly) })));
  return [
    {
      kind: "latency",
      title: `${legText(leg, plan)}: ${what}`,
      subtitle: [
        p50 === undefined ? "no answer" : `p50 ${msText(p50)}, max ${msText(max ?? p50)}`,
        `${lost} of ${countText(sent, "packet")} lost (${percentText(sent === 0 ? 0 : lost / sent)})`,
      ].join(" · "),
      leg: legText(leg, plan),
      bucketMs: buckets.bucketMs,
      startMs: buckets.startMs,
      p50Ms: buckets.p50,
      p99Ms: buckets.p99,
      maxMs: buckets.max,
      sent: buckets.sent,
      lost: buckets.lost,
      episodes,
    },
  ];
}

const PARTS: readonly Leg["part"][] = ["end-to-end", "segment", "control"];

function plot(leg: Leg, evidence: EvidenceSet): Plotted | undefined {
  if (leg.part === "control") return undefined;
  if (leg.port === undefined) {
    const data = evidence.get(pingEvidence, leg.id);
    if (!data || data.sent === 0) return undefined;
    return { leg, buckets: data.buckets, sent: data.sent, lost: data.lost, p50: data.rttMs?.p50, max: data.rttMs?.max };
  }
  const data = evidence.get(tcpEvidence, leg.id);
  if (!data || data.sent === 0) return undefined;
  const lost = data.sent - (data.outcomes.connected ?? 0);
  return { leg, buckets: data.buckets, sent: data.sent, lost, p50: data.connectMs?.p50, max: data.connectMs?.max };
}

function label({ kind, shareInside, dead, place }: Anomaly): string {
  if (dead) return `nothing gets through at ${placeText(place)}`;
  return `${percentText(shareInside)} ${kind === "loss" ? "lost" : "late"} at ${placeText(place)}`;
}
