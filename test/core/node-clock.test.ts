import { expect, test } from "vitest";
import { byOurClock, otherThan } from "#src/core/node-clock.ts";

test.each([
  { name: "within a second", thought: 0, estimate: [900, 50], want: undefined },
  { name: "uncertain because the exec took long", thought: 0, estimate: [2_500, 1_600], want: undefined },
  { name: "a minute ahead", thought: 0, estimate: [60_000.4, 200], want: 60_000 },
  { name: "a minute behind", thought: 0, estimate: [-60_000, 200], want: -60_000 },
  { name: "as far as was thought", thought: 60_000, estimate: [60_700, 200], want: undefined },
  { name: "set right meanwhile", thought: 60_000, estimate: [10, 200], want: 10 },
] as const)("a clock is $name: $want", ({ thought, estimate: [offsetEstimateMs, offsetErrorMs], want }) => {
  expect(otherThan(thought, { offsetEstimateMs, offsetErrorMs })).toBe(want);
});

test("times move, wherever they stand; durations, counters and texts stay", () => {
  const startMs = 1_790_000_180_000;
  const evidence = {
    kind: "ping",
    subject: "a>b",
    atMs: startMs + 500,
    data: {
      startMs,
      intervalMs: 100,
      times: [0, 3, null],
      buckets: { startMs, sent: [10] },
      steps: [{ fromMs: startMs, toMs: startMs + 1_000, gained: { bytes: 3e12 } }],
      text: "at 1790000180000",
    },
  };
  expect(byOurClock(evidence, 180_000)).toEqual({
    kind: "ping",
    subject: "a>b",
    atMs: startMs - 179_500,
    data: {
      startMs: startMs - 180_000,
      intervalMs: 100,
      times: [0, 3, null],
      buckets: { startMs: startMs - 180_000, sent: [10] },
      steps: [{ fromMs: startMs - 180_000, toMs: startMs - 179_000, gained: { bytes: 3e12 } }],
      text: "at 1790000180000",
    },
  });
  expect(byOurClock(evidence, 0)).toBe(evidence);
});
