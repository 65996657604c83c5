import type { TimelineChart } from "#src/core/report.ts";
import { inWords, listed, type Sentence, say } from "#src/core/sentence.ts";
import { clockText, durationText, msText } from "#src/core/units.ts";
import { thousands } from "./numbers.ts";
import { columns, pad } from "./width.ts";
import type { Wording } from "./words.ts";

type Lane = TimelineChart["lanes"][number];

const MAX_NAMED = 4;
const MAX_LINES = 20;
const LEVELS = [..."▁▂▃▄▅▆▇█"];
const NOT_MEASURED = "·";
const SIGNS = { kernel: "!", trigger: "^", kept: "=" } as const;

/** What the time line shows, for who cannot see it: the worst moment of each lane, and what happened how often. */
export function timelineComment(chart: TimelineChart, { language }: Pick<Wording, "language">): string {
  const lanes = chart.lanes.map((lane) => laneText(lane, chart));
  const marks = marksOf(chart).map(
    ({ label, count, firstMs }): Sentence =>
      count === 1
        ? say("{label} at {at}", { label, at: clockText(firstMs) })
        : say("{label} × {count}, first at {at}", { label, count, at: clockText(firstMs) }),
  );
  const said = { title: chart.title, lanes: listed(lanes, chart.lanes.length) };
  return inWords(
    marks.length === 0
      ? say("{title}. {lanes}.", said)
      : say("{title}. {lanes}. Marked: {marks}.", { ...said, marks: listed(marks, MAX_NAMED) }),
    language,
  );
}

function laneText({ label, unit, values }: Lane, { startMs, bucketMs }: TimelineChart): Sentence {
  const most = mostOf(values);
  if (most === undefined) return say("{label}: not measured", { label });
  if (most.value === 0) return say("{label}: none", { label });
  return say("{label}: most {value} in {bucket}, at {at}", {
    label,
    value: unit === "ms" ? msText(most.value) : thousands(most.value),
    bucket: durationText(bucketMs),
    at: clockText(startMs + most.index * bucketMs),
  });
}

function mostOf(values: Lane["values"]): { readonly value: number; readonly index: number } | undefined {
  let most: { value: number; index: number } | undefined;
  for (const [index, value] of values.entries())
    if (value !== null && (most === undefined || value > most.value)) most = { value, index };
  return most;
}

type Named = { readonly label: string; readonly count: number; readonly firstMs: number };

function marksOf({ marks }: TimelineChart): readonly Named[] {
  return [...Map.groupBy(marks, ({ label }) => label)]
    .map(([label, same]) => ({ label, count: same.length, firstMs: Math.min(...same.map(({ atMs }) => atMs)) }))
    .toSorted((a, b) => b.count - a.count || a.firstMs - b.firstMs);
}

/** The time line in a fixed-width font: a row per kind of mark, then a row per lane, all on the same time. */
export function timelineLines(
  chart: TimelineChart,
  { language }: Pick<Wording, "language">,
  width: number,
): readonly string[] {
  const { startMs, bucketMs, lanes, marks } = chart;
  const buckets = Math.max(1, ...lanes.map(({ values }) => values.length));
  const endMs = startMs + buckets * bucketMs;
  const cells = Math.max(10, Math.min(buckets, width - 4));
  const cellOf = (atMs: number): number =>
    Math.max(0, Math.min(cells - 1, Math.floor(((atMs - startMs) / (endMs - startMs)) * cells)));
  const rows = (["kernel", "trigger", "kept"] as const).flatMap((kind) => {
    const mine = marks.filter((mark) => mark.kind === kind);
    if (mine.length === 0) return [];
    const row = Array.from({ length: cells }, () => " ");
    for (const { atMs, endMs: until = atMs } of mine)
      row.fill(SIGNS[kind], cellOf(atMs), cellOf(Math.max(atMs, until)) + 1);
    return [`    ${row.join("")}`.trimEnd()];
  });
  const legend = marksOf(chart).map(
    ({ label, count }) => `${SIGNS[marks.find((mark) => mark.label === label)?.kind ?? "kernel"]} ${label} × ${count}`,
  );
  const more = legend.length - MAX_LINES;
  const [first, last] = [clockText(startMs).slice(0, 8), clockText(endMs)];
  return [
    ...legend.slice(0, MAX_LINES).map((text) => `  ${text}`),
    ...(more > 0 ? [`  ${inWords(say("and {count} more", { count: more }), language)}`] : []),
    ...rows,
    ...lanes.flatMap((lane) => [
      `  ${inWords(laneText(lane, chart), language)}`,
      `    ${levels(lane.values, cells)}`.trimEnd(),
    ]),
    `    ${pad(first, Math.max(0, cells - columns(last)))}${last}`,
  ];
}

/** The largest value of every cell as a height; nothing where it is zero. */
function levels(values: Lane["values"], cells: number): string {
  const most = mostOf(values)?.value ?? 0;
  return Array.from({ length: cells }, (_, cell) => {
    const from = Math.floor((cell * values.length) / cells);
    const to = Math.max(from + 1, Math.floor(((cell + 1) * values.length) / cells));
    const value = mostOf(values.slice(from, to))?.value;
    if (value === undefined) return NOT_MEASURED;
    return value === 0 ? " " : (LEVELS[Math.min(7, Math.floor((value / most) * 8))] ?? "█");
  }).join("");
}
