import type { Anomaly } from "./anomaly.ts";
import { legText } from "./anomaly-text.ts";
import type { EvidenceSet } from "./evidence.ts";
import { type Buckets, pingEvidence, tcpEvidence } from "./leg-evidence.ts";
import { placeText } from "./place.ts";
import type { Leg } from "./plan.ts";
import type { LatencyChart } from "./report.ts";
import type { Case } from "./rule.ts";
import { counted, inWords, type Language, type Sentence, say } from "./sentence.ts";
import { msText, percentText } from "./units.ts";

type Plotted = {
  readonly leg: Leg;
  readonly buckets: Buckets;
  readonly sent: number;
  readonly lost: number;
  readonly p50: number | undefined;
  readonly max: number | undefined;
};

/** The latency chart of the asked path: its end-to-end echoes, else its connects, else its first measured segment. */
export function askedChart({ plan, evidence, comparison }: Case, language?: Language): LatencyChart[] {
  const plotted = plottedLeg({ plan, evidence });
  if (!plotted) return [];
  const { leg, buckets, sent, lost, p50, max } = plotted;
  const episodes = [...comparison.loss, ...comparison.late]
    .filter(({ legs, onPath }) => onPath && legs.includes(leg.id))
    .flatMap((anomaly) =>
      anomaly.episodes.map((episode) => ({ ...episode, label: inWords(label(anomaly), language) })),
    );
  return [
    {
      kind: "latency",
      title: inWords(
        leg.port === undefined
          ? say("{leg}: round trip", { leg: legText(leg, plan) })
          : say("{leg}: connect time", { leg: legText(leg, plan) }),
        language,
      ),
      subtitle: [
        p50 === undefined ? inWords(say("no answer"), language) : `p50 ${msText(p50)}, max ${msText(max ?? p50)}`,
        inWords(
          say("{lost} of {sent} lost ({share})", {
            lost,
            sent: counted(sent, "packet"),
            share: percentText(sent === 0 ? 0 : lost / sent),
          }),
          language,
        ),
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

/** The leg that stands for the asked path, with what was measured on it. */
export function plottedLeg({ plan, evidence }: Pick<Case, "plan" | "evidence">): Plotted | undefined {
  return plan.legs
    .toSorted((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part) || Number(a.port ?? 0) - Number(b.port ?? 0))
    .values()
    .map((leg) => plot(leg, evidence))
    .find((found) => found !== undefined);
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

function label({ kind, shareInside, dead, place: where }: Anomaly): Sentence {
  const place = placeText(where);
  if (dead) return say("nothing gets through at {place}", { place });
  const share = percentText(shareInside);
  return kind === "loss"
    ? say("{share} lost at {place}", { share, place })
    : say("{share} late at {place}", { share, place });
}
