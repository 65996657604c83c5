import { expect, test } from "vitest";
import { clockText, durationText, msRangeText, msText, percentText, roundly } from "#src/core/units.ts";

test.each([
  [msText(0.184), "0.18 ms"],
  [msText(12.44), "12.4 ms"],
  [msText(312.4), "312 ms"],
  [msText(2_412), "2.4 s"],
  [msRangeText(200, 400), "200–400 ms"],
  [msRangeText(40, 40), "40 ms"],
  [msRangeText(800, 1_500), "800 ms–1.5 s"],
  [percentText(0.2512), "25.1 %"],
  [percentText(0.0004), "0.04 %"],
  [percentText(0), "0 %"],
  [clockText(1_800_000_000_000), "08:00:00 UTC"],
  [durationText(45_000), "45 s"],
  [durationText(600_000), "10 min"],
  [durationText(9_000_000), "2 h 30 min"],
])("%s reads %s", (text, want) => {
  expect(text).toBe(want);
});

test.each([
  [206, 200],
  [395, 400],
  [21, 21],
  [53, 53],
  [49, 50],
  [3.46, 3.5],
])("%d is roughly %d", (value, want) => {
  expect(roundly(value)).toBe(want);
});
