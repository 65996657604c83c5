/** Size in pixels. Slack shows pictures about 360 px wide, so letters are large. */
export const SIZE = { width: 1_080, height: 660 } as const;
export const FONT_FAMILY = "Inter, 'Noto Sans SC'";
export const FONT = { title: 42, longTitle: 34, small: 31, axis: 32 } as const;
export const MARGIN = 36;

/** The dark card that works on Slack's light and dark themes. */
export const COLOURS = {
  card: "#1F2328",
  text: "#E6EDF3",
  secondary: "#9DA7B1",
  grid: "#343B43",
  p50: "#58A6FF",
  band: "rgba(88,166,255,0.38)",
  slow: "#D29922",
  lost: "#FF5C5C",
  episode: "rgba(255,92,92,0.16)",
} as const;

/** Pixels that an average letter takes, per pixel of font size; there is nothing here that could measure text. */
const LETTER = 0.56;

export const textWidth = (text: string, font: number): number =>
  [...text].reduce((width, letter) => width + font * (letter > "\u2e80" ? 1 : LETTER), 0);

/** Shortens a line to the card's width. */
export function fitWidth(text: string, font: number): string {
  let shown = text;
  while (shown.length > 1 && textWidth(shown, font) > SIZE.width - 2 * MARGIN) shown = `${shown.slice(0, -2)}…`;
  return shown;
}

/** One line of text at a place on the card. */
export const label = (
  text: string,
  {
    left,
    top,
    font = FONT.small,
    colour = COLOURS.secondary,
    weight = 500,
  }: Place & { font?: number; colour?: string; weight?: number },
) => ({
  type: "text" as const,
  left,
  top,
  style: { text, fill: colour, fontSize: font, fontWeight: weight, fontFamily: FONT_FAMILY },
});

export const swatch = (colour: string, { left, top }: Place) => ({
  type: "rect" as const,
  left,
  top,
  shape: { width: 22, height: 22 },
  style: { fill: colour },
});

type Place = { readonly left: number; readonly top: number };
