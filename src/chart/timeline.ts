import type { TimelineChart } from "../core/report.ts";
import { durationText, msText } from "../core/units.ts";
import { thousands } from "../report/numbers.ts";
import { COLOURS, FONT, FONT_FAMILY, fitWidth, MARGIN, SIZE, textWidth } from "./card.ts";
import { mergeLanes } from "./merge.ts";
import { box, hatch, heading, polygon, stroke, textAt } from "./shapes.ts";
import type { ChartSpec } from "./spec.ts";
import type { ChartWords } from "./words.ts";

type Mark = TimelineChart["marks"][number];
type Lane = TimelineChart["lanes"][number];

const LEFT = MARGIN;
const WIDTH = SIZE.width - 2 * MARGIN;
const TOP = 148;
const CAPTION = 42;
const MARKS = 60;
const LANE = { most: 150, least: 72, gap: 18 } as const;
const AXIS = 64;
const MAX_HEIGHT = 1_080;
const MAX_BUCKETS = 240;
/** More lines than these are drawn thin, so that what lies between them is seen. */
const MANY = 40;
/** Pixels from the first to the last mark that share one number. */
const TOGETHER = 60;
const KINDS = ["kernel", "trigger", "kept"] as const;
const MARK_COLOURS = { kernel: COLOURS.kernel, trigger: COLOURS.slow, kept: COLOURS.kept } as const;

/**
 * What happened on the nodes (kernel events, triggers, kept packets), each kind in a row of its own with the exact times as
 * ticks and how many there are as numbers, and below it the lanes of what was measured. Kernel events go through all lanes
 * as thin lines, so that one sees whether stalls begin with them. Not measured is hatched. Pure.
 */
export function timelineSpec(chart: TimelineChart, words: ChartWords): ChartSpec {
  const { bucketMs, lanes } = mergeLanes(chart, MAX_BUCKETS);
  const { startMs } = chart;
  const buckets = Math.max(1, ...chart.lanes.map(({ values }) => values.length));
  const endMs = startMs + buckets * chart.bucketMs;
  const xOf = (atMs: number): number =>
    LEFT + (WIDTH * (Math.min(endMs, Math.max(startMs, atMs)) - startMs)) / (endMs - startMs);
  const marks = chart.marks
    .filter(({ atMs, endMs: until = atMs }) => until >= startMs && atMs <= endMs)
    .toSorted((a, b) => a.atMs - b.atMs);
  const kinds = KINDS.filter((kind) => marks.some((mark) => mark.kind === kind));
  const lanesTop = TOP + kinds.length * (CAPTION + MARKS) + (kinds.length > 0 ? 8 : 0);
  const room = (MAX_HEIGHT - lanesTop - AXIS) / Math.max(1, lanes.length) - CAPTION - LANE.gap;
  const laneHeight = Math.round(Math.min(LANE.most, Math.max(LANE.least, room)));
  const laneTop = (index: number): number => lanesTop + index * (CAPTION + laneHeight + LANE.gap) + CAPTION;
  const bottom = laneTop(lanes.length - 1) + laneHeight;
  const width = (WIDTH * bucketMs) / (endMs - startMs);
  return {
    height: bottom + AXIS,
    option: {
      animation: false,
      backgroundColor: COLOURS.card,
      textStyle: { fontFamily: FONT_FAMILY },
      graphic: [
        ...heading(chart.title, chart.subtitle),
        ...lanes.flatMap((lane, index) => {
          const place = { top: laneTop(index), height: laneHeight, width };
          return [
            ...laneShapes(lane, { ...place, bucketMs, words }),
            ...through(marks, { ...place, xOf }),
            ...bars(lane, place),
          ];
        }),
        ...kinds.flatMap((kind, index) => markRow(kind, marks, { top: TOP + index * (CAPTION + MARKS), xOf, words })),
        ...axis(startMs, endMs, bottom + 34),
      ],
    },
  };
}

/** `width` is that of a bucket. */
type Place = { readonly top: number; readonly height: number; readonly width: number };
type LanePlace = Place & { readonly bucketMs: number; readonly words: ChartWords };

function laneShapes(lane: Lane, { top, height, width, bucketMs, words }: LanePlace) {
  const { label, unit, values } = lane;
  const known = values.filter((value) => value !== null);
  const most = Math.max(0, ...known);
  const value = unit === "ms" ? msText(most) : thousands(most);
  const said =
    known.length === 0 ? words.notMeasured : most === 0 ? words.nothing : words.most(value, durationText(bucketMs));
  const saidWidth = textWidth(said, FONT.small);
  return [
    textAt(fitWidth(label, FONT.small, WIDTH - saidWidth - 30), {
      ...{ x: LEFT, y: top - CAPTION / 2 - 2, colour: COLOURS.text, weight: 700 },
    }),
    textAt(said, { x: LEFT + WIDTH, y: top - CAPTION / 2 - 2, align: "right" }),
    box({ x: LEFT, y: top, width: WIDTH, height }, { fill: COLOURS.group }),
    ...unmeasured(values).flatMap(([first, after]) =>
      hatch({
        x: LEFT + first * width,
        y: top,
        width: Math.min(WIDTH - first * width, (after - first) * width),
        height,
      }),
    ),
  ];
}

/** Counts are seen however small they are; of times only the long ones matter. */
function bars({ unit, values }: Lane, { top, height, width }: Place) {
  const [fill, least] = unit === "ms" ? [COLOURS.passed, 2] : [COLOURS.lost, 8];
  const most = values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
  const wide = Math.max(6, width * 0.8);
  return values.flatMap((value, index) => {
    if (value === null || value <= 0) return [];
    const tall = Math.max(least, ((height - 6) * value) / most);
    const x = LEFT + (index + 0.5) * width - wide / 2;
    return [box({ x, y: top + height - tall, width: wide, height: tall }, { fill })];
  });
}

/** Stretches of buckets without a value: the first, and the one after the last. */
function unmeasured(values: Lane["values"]): readonly (readonly [first: number, after: number])[] {
  const stretches: [number, number][] = [];
  for (const [index, value] of values.entries()) {
    if (value !== null) continue;
    const open = stretches.at(-1);
    if (open?.[1] === index) open[1] = index + 1;
    else stretches.push([index, index + 1]);
  }
  return stretches;
}

type Across = { readonly top: number; readonly xOf: (atMs: number) => number };

/** Kernel events as lines through a lane, one per three pixels. */
function through(marks: readonly Mark[], { top, height, xOf }: Place & Across) {
  const places = marks.flatMap(({ kind, atMs }) => (kind === "kernel" ? [Math.round(xOf(atMs) / 3) * 3] : []));
  const lines = [...new Set(places)];
  return lines.map((x) =>
    stroke([x, top], [x, top + height], { colour: "rgba(198,155,255,0.7)", width: lines.length > MANY ? 2 : 3 }),
  );
}

function markRow(
  kind: Mark["kind"],
  marks: readonly Mark[],
  { top, xOf, words }: Across & { readonly words: ChartWords },
) {
  const mine = marks.filter((mark) => mark.kind === kind);
  const colour = MARK_COLOURS[kind];
  const y = top + CAPTION + 18;
  const base = top + CAPTION + 52;
  return [
    box({ x: LEFT, y: top + 9, width: 24, height: 24 }, { fill: colour }),
    textAt(captionOf(kind, mine, words), { x: LEFT + 38, y: top + 21, colour: COLOURS.text }),
    stroke([LEFT, base], [LEFT + WIDTH, base], { colour: COLOURS.grid, width: 3 }),
    ...mine.map(({ atMs, endMs = atMs }) => {
      const [from, to] = [xOf(atMs), xOf(endMs)];
      return box({ x: from - 2, y: base - 16, width: Math.max(4, to - from), height: 16 }, { fill: colour });
    }),
    ...countsOf(mine, xOf).map(({ x, count }) =>
      count === 1
        ? polygon(
            [
              [x - 12, y - 8],
              [x + 12, y - 8],
              [x, y + 16],
            ],
            colour,
          )
        : textAt(thousands(count), { x, y, align: "center", font: FONT.least, colour, weight: 700 }),
    ),
  ];
}

/** What the marks are, the most frequent first, as far as there is room. */
function captionOf(kind: Mark["kind"], marks: readonly Mark[], words: ChartWords): string {
  const room = WIDTH - 38;
  const parts = [...Map.groupBy(marks, ({ label }) => label)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([text, same]) => words.times(text, same.length));
  const name = `${words.mark[kind]}: `;
  for (let shown = parts.length; shown > 0; shown--) {
    const rest = parts.length - shown;
    const text = name + [...parts.slice(0, shown), ...(rest > 0 ? [words.more(rest)] : [])].join(", ");
    if (textWidth(text, FONT.small) <= room) return text;
  }
  const more = parts.length > 1 ? `, ${words.more(parts.length - 1)}` : "";
  return fitWidth(name + (parts[0] ?? ""), FONT.small, room - textWidth(more, FONT.small)) + more;
}

type Count = { readonly x: number; readonly count: number };

/** Marks close to each other share one number, which stands in their middle and touches no other. */
export function countsOf(marks: readonly Mark[], xOf: (atMs: number) => number): readonly Count[] {
  const groups: number[][] = [];
  for (const { atMs, endMs = atMs } of marks) {
    const x = (xOf(atMs) + xOf(endMs)) / 2;
    const open = groups.at(-1);
    if (open?.[0] !== undefined && x - open[0] <= TOGETHER) open.push(x);
    else groups.push([x]);
  }
  const halves = groups.map(({ length }) => (length === 1 ? 12 : textWidth(thousands(length), FONT.least) / 2));
  const places = groups.map((group) => ((group[0] ?? 0) + (group.at(-1) ?? 0)) / 2);
  const apart = (index: number): number => (halves[index - 1] ?? 0) + (halves[index] ?? 0) + 8;
  for (let index = 0; index < places.length; index++) {
    const least = index === 0 ? LEFT + (halves[0] ?? 0) : (places[index - 1] ?? 0) + apart(index);
    places[index] = Math.max(least, places[index] ?? 0);
  }
  for (let index = places.length - 1; index >= 0; index--) {
    const next = places[index + 1];
    const most = next === undefined ? LEFT + WIDTH - (halves[index] ?? 0) : next - apart(index + 1);
    places[index] = Math.min(most, places[index] ?? 0);
  }
  return groups.map(({ length }, index) => ({ x: places[index] ?? 0, count: length }));
}

/** Labels at start, middle and end: more run into each other at the width that Slack shows. */
function axis(startMs: number, endMs: number, y: number) {
  const digits = endMs - startMs > 2 * 3_600_000 ? 16 : 19;
  const clock = (atMs: number): string => new Date(Math.round(atMs)).toISOString().slice(11, digits);
  return [
    textAt(clock(startMs), { x: LEFT, y, font: FONT.axis }),
    textAt(clock((startMs + endMs) / 2), { x: LEFT + WIDTH / 2, y, align: "center", font: FONT.axis }),
    textAt(`${clock(endMs)} UTC`, { x: LEFT + WIDTH, y, align: "right", font: FONT.axis }),
  ];
}
