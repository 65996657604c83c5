import { describe, expect, test } from "vitest";
import { standsOut, type Trigger, type TriggerKind, triggersOf } from "#src/core/capture-triggers.ts";
import { keepSegments } from "#src/core/keep-segments.ts";
import { randomFrom } from "./simulate.ts";

const HOUR = 3_600;
const every = (seconds: number, count: number): [number, number][] =>
  Array.from({ length: Math.floor(HOUR / seconds) }, (_, n) => [n * seconds, count]);
const dice = randomFrom(3);
/** At random, `rate` a second on average. */
const trickle = (rate: number): [number, number][] =>
  Array.from({ length: HOUR }, (_, second): [number, number] => [
    second,
    Array.from({ length: rate * 10 }, () => dice() < 0.1).filter(Boolean).length,
  ]);
const withStorm = (counts: [number, number][], second: number, count: number): [number, number][] => [
  ...counts.filter(([at]) => at !== second),
  [second, count],
];

test.each<{ name: string; kind: TriggerKind; counts: [number, number][]; want: readonly number[] }>([
  { name: "nothing", kind: "resets", counts: [], want: [] },
  { name: "a reset a minute", kind: "resets", counts: every(60, 1), want: [] },
  { name: "one lost packet", kind: "lost", counts: [[1_800, 1]], want: [1_800] },
  { name: "a storm in silence", kind: "resets", counts: [[1_800, 40]], want: [1_800] },
  { name: "a storm in a trickle", kind: "resets", counts: withStorm(trickle(4), 1_800, 40), want: [1_800] },
  {
    name: "two storms",
    kind: "retransmissions",
    counts: [
      [10, 9],
      [1_800, 40],
    ],
    want: [10, 1_800],
  },
])("$name of $kind", ({ kind, counts, want }) => {
  expect(triggersOf([{ kind, tap: "a", counts }], HOUR).map(({ worstS }) => worstS)).toEqual(want);
});

test.each([
  { kind: "resets", count: 6, usual: 5, stands: false },
  { kind: "resets", count: 19, usual: 5, stands: true },
  { kind: "resets", count: 5, usual: 0, stands: true },
  { kind: "lost", count: 6, usual: 5, stands: true },
] as const)("$count $kind where $usual are usual: stands out $stands", ({ stands, ...of }) => {
  expect(standsOut({ ...of, tap: "a", fromS: 1, toS: 1, worstS: 1 })).toBe(stands);
});

test("of a steady trickle that is much, the worst second alone is told of", () => {
  const found = triggersOf([{ kind: "retransmissions", tap: "a", counts: trickle(8) }], HOUR);
  expect(found).toHaveLength(1);
  expect(found[0]?.usual).toBeGreaterThan(6);
});

test("seconds that follow each other are one trigger", () => {
  const counts: [number, number][] = [
    [7, 9],
    [8, 30],
    [9, 6],
    [12, 7],
  ];
  expect(triggersOf([{ kind: "resets", tap: "a", counts }], HOUR)).toEqual([
    { kind: "resets", tap: "a", fromS: 7, toS: 9, worstS: 8, count: 45, usual: expect.any(Number) },
    { kind: "resets", tap: "a", fromS: 12, toS: 12, worstS: 12, count: 7, usual: expect.any(Number) },
  ]);
});

describe("which files are kept", () => {
  /** Files of ten seconds and 100 bytes at two taps, over 200 seconds. */
  const segments = ["a", "b"].flatMap((tap) =>
    Array.from({ length: 20 }, (_, number) => ({
      ...{ tap, number, bytes: 100, fromMs: number * 10_000, toMs: number * 10_000 + 9_999 },
    })),
  );
  const trigger = (kind: TriggerKind, second: number): Trigger => ({
    ...{ kind, tap: "a", fromS: second, toS: second, worstS: second, count: 9, usual: 0 },
  });
  const numbers = (found: readonly { tap: string; number: number }[]) =>
    found.filter(({ tap }) => tap === "a").map(({ number }) => number);

  test("ten seconds around a trigger at all taps, then the newest", () => {
    const { keep, keptBytes, letGoBytes, keptTriggers } = keepSegments(segments, [trigger("lost", 55)], 1_000);
    expect(numbers(keep)).toEqual([4, 5, 6, 18, 19]);
    expect(keep.filter(({ tap }) => tap === "b").map(({ number }) => number)).toEqual([4, 5, 6, 18, 19]);
    expect({ keptBytes, letGoBytes, keptTriggers }).toEqual({ keptBytes: 1_000, letGoBytes: 3_000, keptTriggers: 1 });
  });

  test("of each kind the newest comes first, and what does not fit is said", () => {
    const triggers = [trigger("lost", 15), trigger("resets", 55), trigger("lost", 155), trigger("lost", 105)];
    const { keep, letGoTriggers, keptTriggers } = keepSegments(segments, triggers, 1_300);
    expect(numbers(keep)).toEqual([4, 5, 6, 14, 15, 16, 19]);
    expect(letGoTriggers.map(({ worstS }) => worstS)).toEqual([105, 15]);
    expect(keptTriggers).toBe(2);
  });

  test("with room for all, all are kept", () => {
    expect(keepSegments(segments, [], 4_000)).toMatchObject({ letGo: [], letGoBytes: 0, keptBytes: 4_000 });
  });
});
