import { COLOURS, FONT, FONT_FAMILY, fitWidth, label, MARGIN, SIZE, textWidth } from "./card.ts";

type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
type Point = readonly [x: number, y: number];

/** Shapes of a picture that is drawn without axes; all places are pixels of the card. */

/** A line of text whose middle is at `y`; `align` says which end of it is at `x`. */
export const textAt = (
  text: string,
  {
    x,
    y,
    align = "left",
    font = FONT.small,
    colour = COLOURS.secondary,
    weight = 500,
  }: {
    readonly x: number;
    readonly y: number;
    readonly align?: "left" | "center" | "right";
    readonly font?: number;
    readonly colour?: string;
    readonly weight?: number;
  },
) => ({
  type: "text" as const,
  x,
  y,
  style: {
    text,
    fill: colour,
    fontSize: font,
    fontWeight: weight,
    fontFamily: FONT_FAMILY,
    align,
    verticalAlign: "middle" as const,
  },
});

export const box = (
  shape: Box,
  { fill, stroke, round = 0, dashed = false }: { fill?: string; stroke?: string; round?: number; dashed?: boolean },
) => ({
  type: "rect" as const,
  shape: { ...shape, r: round },
  style: {
    fill: fill ?? "none",
    ...(stroke === undefined ? {} : { stroke, lineWidth: 3 }),
    ...(dashed ? { lineDash: [8, 7] } : {}),
  },
});

export const stroke = (
  [x1, y1]: Point,
  [x2, y2]: Point,
  { colour, width, dashed = false }: { colour: string; width: number; dashed?: boolean },
) => ({
  type: "line" as const,
  shape: { x1, y1, x2, y2 },
  style: { stroke: colour, lineWidth: width, ...(dashed ? { lineDash: [10, 9] } : {}) },
});

export const polygon = (points: readonly Point[], fill: string) => ({
  type: "polygon" as const,
  shape: { points: points.map(([x, y]) => [x, y]) },
  style: { fill },
});

export const disc = ([cx, cy]: Point, r: number, fill: string) => ({
  type: "circle" as const,
  shape: { cx, cy, r },
  style: { fill },
});

/** A mark that needs no colour to be seen: two crossed strokes. */
export const cross = ([x, y]: Point, r: number, colour: string) =>
  [-1, 1].map((side) => stroke([x - r, y - side * r], [x + r, y + side * r], { colour, width: 8 }));

/** Slanted lines over a box: nothing is known here. */
export function hatch({ x, y, width, height }: Box) {
  const step = 16;
  return Array.from({ length: Math.ceil((width + height) / step) }, (_, index) => {
    const at = (index + 1) * step;
    const [from, to] = [Math.max(0, at - height), Math.min(width, at)];
    return stroke([x + from, y + at - from], [x + to, y + at - to], { colour: COLOURS.hatch, width: 3 });
  }).filter(({ shape }) => shape.x2 > shape.x1);
}

/** Title and subtitle at the top of every card. */
export function heading(title: string, subtitle: string) {
  const fitting = (text: string, fonts: readonly number[]): number =>
    fonts.find((font) => textWidth(text, font) <= SIZE.width - 2 * MARGIN) ?? FONT.least;
  const font = fitting(title, [FONT.title, FONT.longTitle]);
  const small = fitting(subtitle, [FONT.small]);
  return [
    label(fitWidth(title, font), { left: MARGIN, top: 26, font, colour: COLOURS.text, weight: 700 }),
    label(fitWidth(subtitle, small), { left: MARGIN, top: 86, font: small }),
  ];
}
