import { expect, test } from "vitest";
import { labelStep, niceTicks, shortNumber, smoothPath } from "#lab/slack/page/src/blocks/chart-scale.ts";

test.each([
  { low: 0.5, high: 395, want: [0, 100, 200, 300, 400] },
  { low: 0, high: 7.9, want: [0, 2, 4, 6, 8] },
  { low: 0, high: 0.6, want: [0, 0.2, 0.4, 0.6] },
  { low: -3, high: 5, want: [-4, -2, 0, 2, 4, 6] },
  { low: 0, high: 0, want: [0, 0.25, 0.5, 0.75, 1] },
])("an axis from $low to $high has ticks $want", ({ low, high, want }) => {
  const ticks = niceTicks(low, high);
  expect(ticks[0]).toBeLessThanOrEqual(low);
  expect(ticks.at(-1)).toBeGreaterThanOrEqual(high);
  if (low !== high) expect(ticks).toEqual(want);
});

test("a smoothed line never leaves the range of its points", () => {
  const ys = [0.6, 0.5, 380, 392, 388, 0.7, 0.6, 100];
  const path = smoothPath(ys.map((y, x) => ({ x: x * 10, y })));
  const heights = [...path.matchAll(/,(-?[\d.]+)/g)].map(([, y]) => Number(y));
  expect(heights.length).toBe(1 + 3 * (ys.length - 1));
  expect(Math.min(...heights)).toBeGreaterThanOrEqual(Math.min(...ys));
  expect(Math.max(...heights)).toBeLessThanOrEqual(Math.max(...ys));
});

test("labels are left out when they would touch", () => {
  expect(labelStep(10, 40, 400)).toBe(1);
  expect(labelStep(20, 40, 270)).toBe(3);
});

test.each([
  [0.1234567, "0.1235"],
  [395, "395"],
  [12_000, "12K"],
])("%d is written %s", (value, want) => {
  expect(shortNumber(value)).toBe(want);
});
