import type { HopsChart } from "../core/report.ts";
import { msText } from "../core/units.ts";
import { partText, thousands } from "../report/numbers.ts";
import { COLOURS, FONT, FONT_FAMILY, fitName, fitWidth, MARGIN, SIZE, textWidth } from "./card.ts";
import { box, cross, disc, hatch, heading, polygon, stroke, textAt } from "./shapes.ts";
import type { ChartSpec } from "./spec.ts";
import type { ChartWords } from "./words.ts";

type Hop = HopsChart["hops"][number];

/** Points stand in the middle; to each side of them a rail with its arrows, and what happened in this direction. */
const MIDDLE = { left: 360, width: 360 } as const;
const RAIL = { forward: 334, backward: 746 } as const;
const CELL = { width: 280, forward: MARGIN, backward: SIZE.width - MARGIN - 280 } as const;
const HEAD_WIDTH = SIZE.width / 2 - MARGIN - 12;
const TOP = 252;
const GROUP_HEAD = 44;
const PITCH = { least: 54, most: 118 } as const;
/** Slack shows pictures in a square: a higher one would become narrower. */
const MAX_HEIGHT = 1_080;
/** A hop is drawn as slow when its p99 is this many times what is usual on the path, and as long as people notice. */
const SLOW = { factor: 10, ms: 20 } as const;

/**
 * A ladder: points from top to bottom in the order in which packets of the first end cross them, grouped by node. Left of it
 * what goes down, right of it what comes back up. A hop that loses has a broken red rail with a cross; one that cannot be
 * judged is hatched and says why. Pure.
 */
export function hopsSpec(chart: HopsChart, words: ChartWords): ChartSpec {
  const { points, hops } = chart;
  const starts = points.map(({ node }, index) => index === 0 || node !== points[index - 1]?.node);
  const heads = starts.filter(Boolean).length * GROUP_HEAD;
  const room = (MAX_HEIGHT - TOP - MARGIN - heads) / Math.max(1, points.length);
  const pitch = Math.round(Math.min(PITCH.most, Math.max(PITCH.least, room)));
  let above = TOP;
  const places = starts.map((starting) => {
    above += (starting ? GROUP_HEAD : 0) + pitch;
    return above - pitch / 2;
  });
  const usual = middleOf(hops.flatMap(({ delayMs }) => delayMs?.p99 ?? []));
  const slowMs = Math.max(SLOW.ms, SLOW.factor * (usual ?? 0));
  return {
    height: Math.round(above + MARGIN),
    option: {
      animation: false,
      backgroundColor: COLOURS.card,
      textStyle: { fontFamily: FONT_FAMILY },
      graphic: [
        ...heading(chart.title, chart.subtitle),
        ...legend(hops, words),
        ...columnHeads(chart, words),
        ...points.flatMap((_, index) => (starts[index] ? group(chart, index, { places, pitch }) : [])),
        ...points.flatMap((point, index) => pointShapes(point, { y: places[index] ?? 0, pitch, words })),
        ...hops.flatMap((hop) => hopShapes(hop, { places, pitch, slowMs, words })),
      ],
    },
  };
}

function legend(hops: readonly Hop[], words: ChartWords) {
  const y = 156;
  const shown = (judged: Hop["judged"]): boolean => hops.some((hop) => hop.judged === judged);
  let left: number = MARGIN;
  const entry = (text: string, draw: (x: number) => readonly object[]) => {
    const x = left;
    left += 46 + textWidth(text, FONT.small) + 34;
    return [...draw(x), textAt(text, { x: x + 46, y, colour: COLOURS.text })];
  };
  return [
    ...(shown("clean")
      ? entry(words.passed, (x) => [stroke([x, y], [x + 34, y], { colour: COLOURS.passed, width: 6 })])
      : []),
    ...(shown("lossy") ? entry(words.lostHere, (x) => cross([x + 16, y], 11, COLOURS.lost)) : []),
    ...(shown("unsure") ? entry(words.notJudged, (x) => hatch({ x, y: y - 14, width: 34, height: 28 })) : []),
  ];
}

function columnHeads({ from, to }: HopsChart, words: ChartWords) {
  const y = 220;
  const font = FONT.small;
  const name = (end: string): string =>
    words.toEnd(fitName(end, font, HEAD_WIDTH - textWidth(words.toEnd("↓ "), font)));
  const style = { y, font, colour: COLOURS.text, weight: 700 };
  return [
    textAt(`↓ ${name(to)}`, { ...style, x: MARGIN }),
    textAt(`${name(from)} ↑`, { ...style, x: SIZE.width - MARGIN, align: "right" }),
  ];
}

type Rows = { readonly places: readonly number[]; readonly pitch: number };

/** The field behind the points of one node, with its name. */
function group({ points }: HopsChart, first: number, { places, pitch }: Rows) {
  const node = points[first]?.node ?? "";
  const after = points.findIndex((point, index) => index > first && point.node !== node);
  const last = after === -1 ? points.length - 1 : after - 1;
  const top = (places[first] ?? 0) - pitch / 2 - GROUP_HEAD + 4;
  const height = (places[last] ?? 0) + pitch / 2 - top - 4;
  const inside = MIDDLE.width - 24;
  return [
    box({ x: MIDDLE.left, y: top, width: MIDDLE.width, height }, { fill: COLOURS.group, round: 12 }),
    textAt(fitName(node, FONT.least, inside), {
      ...{ x: MIDDLE.left + MIDDLE.width / 2, y: top + GROUP_HEAD / 2, align: "center" },
      ...{ font: FONT.least, colour: COLOURS.secondary, weight: 700 },
    }),
  ];
}

function pointShapes(
  { label, node, left }: HopsChart["points"][number],
  { y, pitch, words }: { readonly y: number; readonly pitch: number; readonly words: ChartWords },
) {
  const height = Math.min(50, pitch - 10);
  const shape = { x: MIDDLE.left + 14, y: y - height / 2, width: MIDDLE.width - 28, height };
  // Its node stands above already.
  const name = label.startsWith(`${node} `) ? label.slice(node.length + 1) : label;
  const known = left === undefined;
  const behind = known ? "" : ` · ${words.leftOut}`;
  return [
    known ? box(shape, { fill: COLOURS.box, round: 8 }) : box(shape, { stroke: COLOURS.hatch, dashed: true, round: 8 }),
    textAt(fitName(name, FONT.small, shape.width - 20 - textWidth(behind, FONT.small)) + behind, {
      ...{ x: MIDDLE.left + MIDDLE.width / 2, y, align: "center" },
      colour: known ? COLOURS.text : COLOURS.secondary,
    }),
    ...(known ? [disc([RAIL.forward, y], 7, COLOURS.text), disc([RAIL.backward, y], 7, COLOURS.text)] : []),
  ];
}

type HopContext = Rows & { readonly slowMs: number; readonly words: ChartWords };

function hopShapes(hop: Hop, { places, pitch, slowMs, words }: HopContext) {
  const [begin, end] = [places[hop.from] ?? 0, places[hop.to] ?? 0];
  const y = (begin + end) / 2;
  return [
    ...railShapes(hop, begin, end),
    ...(hop.judged === "unsure" ? hatchedCell(hop, y, pitch, words) : cell(hop, { y, pitch, slowMs, words })),
  ];
}

function railShapes({ direction, judged }: Hop, begin: number, end: number) {
  const x = RAIL[direction];
  const down = Math.sign(end - begin) || 1;
  const [first, last] = [begin + 11 * down, end - 11 * down];
  if (judged === "unsure")
    return [stroke([x, first], [x, last], { colour: COLOURS.secondary, width: 4, dashed: true })];
  const middle = (begin + end) / 2;
  if (judged === "lossy")
    return [
      stroke([x, first], [x, middle - 16 * down], { colour: COLOURS.lost, width: 7 }),
      ...cross([x, middle], 14, COLOURS.lost),
    ];
  return [
    stroke([x, first], [x, last - 12 * down], { colour: COLOURS.passed, width: 6 }),
    polygon(
      [
        [x - 12, last - 16 * down],
        [x + 12, last - 16 * down],
        [x, last],
      ],
      COLOURS.passed,
    ),
  ];
}

/** How many lines a cell has depends on how far its points are from each other. */
function cell(
  hop: Hop,
  { y, pitch, slowMs, words }: Pick<HopContext, "pitch" | "slowMs" | "words"> & { readonly y: number },
) {
  const { judged, lost, sent, delayMs, direction } = hop;
  const slow = delayMs !== undefined && delayMs.p99 >= slowMs;
  const delay = delayMs && pairText(delayMs);
  const timing = {
    text: delay ?? "",
    colour: slow ? COLOURS.slow : COLOURS.secondary,
    ...(slow ? { weight: 700 } : {}),
  };
  const counts = { text: words.partOf(thousands(lost), thousands(sent)), colour: COLOURS.text };
  const share = { text: words.lostShare(partText(lost, sent)), colour: COLOURS.lostText, weight: 700, font: 34 };
  const inOne = delayMs ? `${partText(lost, sent)} · ${msText(delayMs.p50)}` : "";
  const compact = inOne !== "" && textWidth(inOne, FONT.small) <= CELL.width - 24;
  const one = compact ? { ...share, text: inOne, font: FONT.small } : share;
  const losing = pitch >= 116 ? [share, counts, timing] : pitch >= 84 ? [share, delay ? timing : counts] : [one];
  const lines = judged === "clean" ? [timing] : losing;
  const shown = lines.filter(({ text }) => text !== "");
  const step = 35;
  const height = shown.length * step + 12;
  return [
    ...(judged === "lossy"
      ? [
          box(
            { x: CELL[direction], y: y - height / 2, width: CELL.width, height },
            { fill: COLOURS.episode, stroke: COLOURS.lost, round: 10 },
          ),
        ]
      : []),
    ...shown.map(({ text, ...style }, index) =>
      textAt(fitWidth(text, FONT.small, CELL.width - 24), {
        ...{ ...side(direction), y: y + (index - (shown.length - 1) / 2) * step },
        ...style,
      }),
    ),
  ];
}

/** `0.01 / 0.21 ms`, `0.4 ms / 2.1 s`. */
function pairText({ p50, p99 }: NonNullable<Hop["delayMs"]>): string {
  const [low = "", unit] = msText(p50).split(" ");
  const high = msText(p99);
  return high.endsWith(` ${unit}`) ? `${low} / ${high}` : `${low} ${unit} / ${high}`;
}

/** Text stands next to its rail. */
const side = (direction: Hop["direction"]) =>
  direction === "forward"
    ? ({ x: CELL.forward + CELL.width - 14, align: "right" } as const)
    : ({ x: CELL.backward + 14, align: "left" } as const);

function hatchedCell({ direction, why }: Hop, y: number, pitch: number, words: ChartWords) {
  const height = Math.min(50, pitch - 8);
  const shape = { x: CELL[direction], y: y - height / 2, width: CELL.width, height };
  const text = fitWidth(why ?? words.notJudged, FONT.least, CELL.width - 30);
  const width = Math.max(0, CELL.width - textWidth(text, FONT.least) - 24);
  const x = direction === "forward" ? shape.x : shape.x + shape.width - width;
  return [
    ...hatch({ ...shape, x, width }),
    box(shape, { stroke: COLOURS.hatch, dashed: true, round: 6 }),
    textAt(text, { ...side(direction), y, font: FONT.least, colour: COLOURS.secondary }),
  ];
}

function middleOf(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
