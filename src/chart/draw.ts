import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { renderAsync } from "@resvg/resvg-js";
import type { Chart } from "../core/report.ts";
import { SIZE } from "./card.ts";
import { chartSpec } from "./spec.ts";
import type { ChartWords } from "./words.ts";

const require = createRequire(import.meta.url);
/** All of ECharts in one file: its parts as modules are some 400 files, which take five times as long to load (0.8 s of CPU). */
const { init }: typeof import("echarts") = require("echarts");
/** Fonts travel with netcheck: pictures look the same on every machine, and nothing is read from the system. */
const fontFiles = [
  require.resolve("@expo-google-fonts/inter/500Medium/Inter_500Medium.ttf"),
  require.resolve("@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf"),
  fileURLToPath(new URL("./fonts/noto-sans-sc-gb2312.ttf", import.meta.url)),
];

/** The chart as SVG text. */
export function drawSvg(chart: Chart, words: ChartWords): string {
  const { height, option } = chartSpec(chart, words);
  const drawing = init(null, null, { renderer: "svg", ssr: true, width: SIZE.width, height });
  try {
    drawing.setOption(option);
    return plainFonts(drawing.renderToSVGString());
  } finally {
    drawing.dispose();
  }
}

/** The chart as a PNG. */
export async function drawPng(chart: Chart, words: ChartWords): Promise<Buffer> {
  const image = await renderAsync(drawSvg(chart, words), {
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: "Inter" },
    logLevel: "off",
  });
  return image.asPng();
}

/** resvg ignores the CSS shorthand `font:` that ECharts writes into some labels; the long form it understands. */
function plainFonts(svg: string): string {
  return svg.replace(
    /font: ?(?:(\S+) )?(?:(\S+) )?([\d.]+px) ([^";]+)/g,
    (_, style: string | undefined, weight: string | undefined, size: string, family: string) =>
      `font-style:${style ?? "normal"};font-weight:${weight ?? "normal"};font-size:${size};font-family:${family}`,
  );
}
