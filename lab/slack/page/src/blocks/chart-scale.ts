export type Point = { readonly x: number; readonly y: number };

/** Round values that cover lowest to highest and always include 0, at most about `count` steps apart. */
export function niceTicks(lowest: number, highest: number, count = 4): number[] {
  const low = Math.min(0, lowest);
  const high = Math.max(0, highest);
  const span = high - low || 1;
  const rough = span / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Every how-many-th label can be drawn when each needs `labelPx` of `widthPx`. */
export const labelStep = (labels: number, labelPx: number, widthPx: number): number =>
  Math.max(1, Math.ceil((labels * labelPx) / Math.max(widthPx, 1)));

const number = (value: number) => Number(value.toFixed(2));

/** A smooth SVG path through the points that never rises above or falls below neighbouring points (monotone cubic). */
export function smoothPath(points: readonly Point[]): string {
  const [first] = points;
  if (!first) return "";
  const slopes = slopesOf(points);
  const parts = [`M${number(first.x)},${number(first.y)}`];
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1], points[index]];
    if (!from || !to) break;
    const third = (to.x - from.x) / 3;
    const [fromY, toY] = [from.y + (slopes[index - 1] ?? 0) * third, to.y - (slopes[index] ?? 0) * third];
    parts.push(
      `C${number(from.x + third)},${number(fromY)} ${number(to.x - third)},${number(toY)} ${number(to.x)},${number(to.y)}`,
    );
  }
  return parts.join(" ");
}

/** Tangents after Fritsch and Carlson: flat at peaks, otherwise a harmonic mean of the slopes on both sides. */
function slopesOf(points: readonly Point[]): number[] {
  const secants = points.slice(1).map((point, index) => {
    const before = points[index];
    return before ? (point.y - before.y) / (point.x - before.x || 1) : 0;
  });
  return points.map((_, index) => {
    const [left, right] = [secants[index - 1], secants[index]];
    if (left === undefined || right === undefined) return left ?? right ?? 0;
    return left * right <= 0 ? 0 : (2 * left * right) / (left + right);
  });
}

/** Short, readable numbers for axes and tips: 0.5, 12, 1.2k. */
export function shortNumber(value: number): string {
  if (Math.abs(value) >= 10_000)
    return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 4 }).format(value);
}
