import type { HopsChart } from "#src/core/report.ts";
import { inWords, listed, type Sentence, say } from "#src/core/sentence.ts";
import { msText } from "#src/core/units.ts";
import { partText, thousands } from "./numbers.ts";
import { columns, pad, wrap } from "./width.ts";
import type { Wording } from "./words.ts";

type Hop = HopsChart["hops"][number];

/** Hops with loss that are named in one sentence; the picture has them all. */
const MAX_NAMED = 3;

/** What the ladder shows, for who cannot see it: every hop that loses, and how many are clean or cannot be judged. */
export function hopsComment(chart: HopsChart, { language }: Pick<Wording, "language">): string {
  const of = (judged: Hop["judged"]): readonly Hop[] => chart.hops.filter((hop) => hop.judged === judged);
  const lossy = of("lossy").toSorted((a, b) => b.lost / b.sent - a.lost / a.sent);
  const named = lossy.map(
    (hop): Sentence =>
      say("{share} lost from {from} to {to} ({lost} of {sent})", {
        share: partText(hop.lost, hop.sent),
        from: nameOf(chart, hop.from),
        to: nameOf(chart, hop.to),
        lost: hop.lost,
        sent: hop.sent,
      }),
  );
  const unsure = of("unsure");
  const ends = { from: chart.from, to: chart.to };
  const clean = of("clean").length;
  const found =
    named.length === 0
      ? say("no hop with loss, {clean} clean", { clean })
      : say("{lossy}; {clean} clean", { lossy: listed(named, MAX_NAMED), clean });
  const hops =
    unsure.length === 0
      ? say("Hop by hop from {from} to {to} and back: {found}.", { ...ends, found })
      : say("Hop by hop from {from} to {to} and back: {found}, {unsure} that cannot be judged ({why}).", {
          ...ends,
          found,
          unsure: unsure.length,
          why: listed([...new Set(unsure.map(({ why }) => why ?? ""))].filter(Boolean), MAX_NAMED),
        });
  const left = chart.points.flatMap((point) => (point.left === undefined ? [] : [`${point.label} (${point.left})`]));
  return inWords(
    left.length === 0 ? hops : say("{hops} Not compared: {points}.", { hops, points: listed(left, MAX_NAMED) }),
    language,
  );
}

/** The ladder in a fixed-width font, at most `width` columns: points in order, between them what went each way. */
export function hopsLines(chart: HopsChart, { language }: Pick<Wording, "language">, width: number): readonly string[] {
  const { points, hops } = chart;
  const forward = (hop: Hop): boolean => hop.direction === "forward";
  const cells = hops.map((hop) => ({ hop, text: hopText(hop, language) }));
  const widest = Math.max(0, ...cells.filter(({ hop }) => forward(hop)).map(({ text }) => columns(text)));
  const legend = inWords(
    say("↓ to {to}, ↑ to {from}: lost/sent, delay p50/p99", { to: chart.to, from: chart.from }),
    language,
  );
  const rows = points.flatMap((point, index) => {
    const head = point.left === undefined ? point.label : `${point.label} (${point.left})`;
    const mine = cells.filter(({ hop }) => (forward(hop) ? hop.from : hop.to) === index);
    const down = mine.find(({ hop }) => forward(hop))?.text;
    const up = mine.find(({ hop }) => !forward(hop))?.text;
    if (down === undefined && up === undefined) return [`  ${head}`];
    const [left, right] = [`    ↓ ${pad(down ?? "–", widest)}`, `↑ ${up ?? "–"}`];
    const both = `${left}   ${right}`;
    return [`  ${head}`, ...(columns(both) <= width ? [both] : [left.trimEnd(), `    ${right}`])];
  });
  return [...wrap(legend, width, "  ", "  "), ...rows];
}

function hopText({ judged, lost, sent, delayMs, why }: Hop, language: Wording["language"]): string {
  const counts = `${thousands(lost)}/${thousands(sent)}`;
  const delay = delayMs ? `, ${msText(delayMs.p50)}/${msText(delayMs.p99)}` : "";
  if (judged === "unsure") return `? ${why ?? ""} (${counts})`;
  return judged === "lossy"
    ? `✗ ${inWords(say("{share} lost", { share: partText(lost, sent) }), language)} (${counts}${delay})`
    : `${counts}${delay}`;
}

const nameOf = ({ points }: HopsChart, index: number): string => points[index]?.label ?? "";
