import { expect, test } from "vitest";
import { ascending, dispersion, logLikelihood, quantile, wilson } from "#src/core/stats.ts";
import { randomFrom } from "./simulate.ts";

test.each([
  // Newcombe (1998), Statistics in Medicine 17, 857–872, table I.
  { hits: 81, of: 263, low: 0.2553, high: 0.3662 },
  { hits: 15, of: 148, low: 0.0624, high: 0.1605 },
  { hits: 0, of: 20, low: 0, high: 0.1611 },
  { hits: 1, of: 29, low: 0.0061, high: 0.1718 },
])("the Wilson interval of $hits of $of is the published one", ({ hits, of, low, high }) => {
  const share = wilson(hits, of);
  expect(share.low).toBeCloseTo(low, 4);
  expect(share.high).toBeCloseTo(high, 4);
});

test("nothing tried says nothing", () => {
  expect(wilson(0, 0)).toEqual({ share: 0, low: 0, high: 1 });
});

test.each([
  { q: 0, want: 1 },
  { q: 0.5, want: 3 },
  { q: 0.99, want: 5 },
  { q: 1, want: 5 },
])("the $q quantile of five values is the nearest one", ({ q, want }) => {
  expect(quantile(ascending([5, 1, 4, 2, 3]), q)).toBe(want);
});

test("likelihood is highest at the share itself and finite at the edges", () => {
  expect(logLikelihood(25, 100, 0.25)).toBeGreaterThan(logLikelihood(25, 100, 0.2));
  expect(logLikelihood(0, 100, 0)).toBeGreaterThan(-0.02);
  expect(Number.isFinite(logLikelihood(5, 100, 0))).toBe(true);
});

const random = randomFrom(11);
test.each([
  { name: "every fourth", marks: Array.from({ length: 400 }, (_, n) => n % 4 === 0), low: 0, high: 0.05 },
  { name: "dice", marks: Array.from({ length: 4_000 }, () => random() < 0.25), low: 0.8, high: 1.25 },
  {
    name: "bursts of ten",
    marks: Array.from({ length: 4_000 }, (_, n) => Math.floor(n / 10) % 4 === 0),
    low: 3,
    high: 99,
  },
])("the dispersion of $name lies between $low and $high", ({ marks, low, high }) => {
  const ratio = dispersion(marks, 8)?.ratio ?? Number.NaN;
  expect(ratio).toBeGreaterThanOrEqual(low);
  expect(ratio).toBeLessThanOrEqual(high);
});

test("too few blocks, or nothing marked, has no dispersion", () => {
  expect(dispersion([true, false, true, false], 2)).toBeUndefined();
  expect(dispersion(new Array<boolean>(100).fill(false), 4)).toBeUndefined();
});
