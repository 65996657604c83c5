import { type HopCounts, type Hops, hopsEvidence } from "./capture.ts";
import type { EvidenceSet } from "./evidence.ts";
import { type LossyHop, lossyHops } from "./hop-loss.ts";
import type { HopsChart } from "./report.ts";
import { counted, inWords, type Language, type Sentence, say } from "./sentence.ts";
import { percentText } from "./units.ts";

/** Fewer packets on a hop are no proof that nothing is lost there. */
const MIN_SENT = 100;
/** Where more than this share passes by a point that programs may skip, its absence there says nothing. */
const SKIPPED = 0.001;
/** Longest name of a point in a title, letters. */
const MAX_NAME = 18;

type ChartHop = HopsChart["hops"][number];
type Judged = Pick<ChartHop, "judged" | "why">;

/** The ladder of the path that loses most; none when nothing was compared. */
export function worstHopsChart(evidence: EvidenceSet, language?: Language): HopsChart[] {
  const worst = evidence
    .all(hopsEvidence)
    .flatMap(({ subject, data }) => hopsChart(data, subject, language) ?? [])
    .toSorted((a, b) => (worstOf(b)?.share ?? 0) - (worstOf(a)?.share ?? 0))[0];
  return worst ? [worst] : [];
}

/**
 * The ladder of one path. `subject` is that of the evidence: its two ends, `from>to`. Undefined when there are not two
 * points to compare. A hop is called lossy when `lossyHops` is sure of it, the same that the rules rest on.
 */
export function hopsChart(data: Hops, subject: string, language?: Language): HopsChart | undefined {
  const taps = data.taps.toSorted((a, b) => a.order - b.order);
  const indexOf = new Map(taps.map(({ label }, index) => [label, index]));
  const losses = lossyHops(data);
  const hops = data.hops.flatMap((hop): ChartHop[] => {
    const [from, to] = [indexOf.get(hop.from), indexOf.get(hop.to)];
    const tap = to === undefined ? undefined : taps[to];
    if (from === undefined || to === undefined || !tap) return [];
    const { direction, sent, seen, lost, missed, delayMs } = hop;
    const loss = losses.find((one) => one.from === hop.from && one.to === hop.to && one.direction === direction);
    const { judged, why } = judge(hop, loss, tap.mayBeSkipped);
    return [
      {
        ...{ from, to, direction, sent, seen, lost, missed, judged },
        ...(delayMs && { delayMs: { p50: delayMs.p50, p99: delayMs.p99 } }),
        ...(why !== undefined && { why: inWords(why, language) }),
      },
    ];
  });
  if (hops.length === 0) return undefined;
  const [from = "", to = ""] = subject.split(">");
  const reasons = new Map(data.left.map(({ tap, reason }) => [tap, reason]));
  const points = taps.map(({ label, node, kind }) => {
    const left = reasons.get(label);
    return { label, node, kind, ...(left !== undefined && { left }) };
  });
  const chart: HopsChart = { kind: "hops", title: "", subtitle: "", from, to, points, hops };
  return {
    ...chart,
    title: inWords(titleOf(chart), language),
    subtitle: inWords(subtitleOf(chart), language),
  };
}

function judge(
  { sent, seen, missed }: HopCounts,
  loss: LossyHop | undefined,
  mayBeSkipped: boolean,
): { readonly judged: Judged["judged"]; readonly why?: Sentence } {
  if (sent === 0) return { judged: "unsure", why: say("no packets") };
  if (loss?.sure) return { judged: "lossy" };
  if (loss) return { judged: "unsure", why: DOUBTS[loss.doubt ?? "few"] };
  if (mayBeSkipped && missed > SKIPPED * sent && seen < sent / 2)
    return { judged: "unsure", why: say("point bypassed") };
  if (sent < MIN_SENT) return { judged: "unsure", why: say("only {packets}", { packets: counted(sent, "packet") }) };
  return { judged: "clean" };
}

const DOUBTS: Readonly<Record<NonNullable<LossyHop["doubt"]>, Sentence>> = {
  few: say("too few lost"),
  recorder: say("recorder losses"),
  changed: say("packets changed"),
};

type Worst = ChartHop & { readonly share: number };

/** The hop that certainly loses the largest share of what it is sent. */
export function worstOf({ hops }: Pick<HopsChart, "hops">): Worst | undefined {
  return hops
    .flatMap((hop) => (hop.judged === "lossy" ? [{ ...hop, share: hop.lost / hop.sent }] : []))
    .toSorted((a, b) => b.share - a.share)[0];
}

function titleOf({ points, hops }: HopsChart): Sentence {
  const worst = worstOf({ hops });
  if (worst) {
    const said = {
      share: percentText(worst.share),
      from: shortened(points[worst.from]?.label ?? ""),
      to: shortened(points[worst.to]?.label ?? ""),
    };
    return say("{share} lost: {from} → {to}", said);
  }
  const unsure = hops.filter(({ judged }) => judged === "unsure").length;
  if (unsure > 0)
    return say("{count} of {hops} cannot be judged", { count: unsure, hops: counted(hops.length, "hop") });
  const lost = hops.reduce((sum, hop) => sum + hop.lost, 0);
  return lost === 0
    ? say("Nothing lost between {points}", { points: counted(points.length, "point") })
    : say("No hop loses more than usual ({lost} in all)", { lost: counted(lost, "packet") });
}

function subtitleOf({ from, to, points, hops }: HopsChart): Sentence {
  const lossy = hops.filter(({ judged }) => judged === "lossy").length;
  const said = { from: shortened(from), to: shortened(to), points: counted(points.length, "point") };
  return lossy === 0
    ? say("{from} → {to}, {points}", said)
    : say("{from} → {to}, {hops} with loss", { from: said.from, to: said.to, hops: counted(lossy, "hop") });
}

/** Long names differ at their ends. */
function shortened(name: string): string {
  if (name.length <= MAX_NAME) return name;
  return `${name.slice(0, MAX_NAME / 2)}…${name.slice(1 - MAX_NAME / 2)}`;
}
