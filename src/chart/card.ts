/** Size in pixels. Slack shows pictures about 360 px wide, so letters are large. */
export const SIZE = { width: 1_080, height: 660 } as const;
export const FONT_FAMILY = "Inter, 'Noto Sans SC'";
export const FONT = { title: 42, longTitle: 34, small: 31, axis: 32, least: 28 } as const;
export const MARGIN = 36;

/** The dark card that works on Slack's light and dark themes. */
export const COLOURS = {
  card: "#1F2328",
  text: "#E6EDF3",
  secondary: "#9DA7B1",
  grid: "#343B43",
  p50: "#58A6FF",
  group: "#2A3038",
  box: "#39424C",
  passed: "#58A6FF",
  hatch: "#525C66",
  kernel: "#C69BFF",
  kept: "#56D4C4",
  band: "rgba(88,166,255,0.38)",
  slow: "#D29922",
  lost: "#FF5C5C",
  /** On the field of an episode, where the other red is too dark to read. */
  lostText: "#FF8A84",
  episode: "rgba(255,92,92,0.16)",
} as const;

/** Widths of Inter's letters per pixel of font size, rounded up; there is nothing here that could measure text. */
const WIDTHS: readonly (readonly [letters: RegExp, width: number])[] = [
  [/[ Iijl!',.:;·|]/, 0.3],
  [/[()/[\]`tfr1{}_-]/, 0.45],
  [/[MmWw%@…↑↓→←]/, 0.98],
  [/[A-Z]/, 0.75],
  [/[\u2e80-\uffff]/, 1],
];
const LETTER = 0.64;

export const textWidth = (text: string, font: number): number =>
  [...text].reduce(
    (width, letter) => width + font * (WIDTHS.find(([letters]) => letters.test(letter))?.[1] ?? LETTER),
    0,
  );

/** Shortens a line to a width in pixels, that of the card unless told otherwise. */
export function fitWidth(text: string, font: number, width: number = SIZE.width - 2 * MARGIN): string {
  const letters = [...text];
  while (letters.length > 1 && textWidth(letters.join(""), font) > width) letters.splice(-2, 2, "…");
  return letters.join("");
}

/** Shortens a name in its middle: names of pods differ at their ends. */
export function fitName(text: string, font: number, width: number): string {
  const letters = [...text];
  if (textWidth(text, font) <= width) return text;
  let [head, tail] = [Math.ceil(letters.length / 2), Math.floor(letters.length / 2)];
  const shown = (): string => `${letters.slice(0, head).join("")}…${letters.slice(letters.length - tail).join("")}`;
  while (head > 1 && textWidth(shown(), font) > width) {
    if (head > tail) head--;
    else tail--;
  }
  return shown();
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
