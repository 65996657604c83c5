import { expect, test } from "vitest";
import type { Trigger, TriggerKind } from "#src/core/capture-triggers.ts";
import { keptTriggers, momentOf, worthFetching } from "#src/core/trigger-moments.ts";

const trigger = (worstS: number, count = 10, kind: TriggerKind = "lost", usual = 0): Trigger => ({
  ...{ kind, tap: "a", fromS: worstS - 3, toS: worstS + 30, worstS, count, usual },
});
/** Files of ten seconds and 100 bytes of two taps. */
const files = ["a", "b"].flatMap((tap) =>
  Array.from({ length: 30 }, (_, n) => ({
    ...{ tap, number: n + 1, bytes: 100, fromMs: n * 10_000, toMs: n * 10_000 + 9_900 },
  })),
);
const names = (chosen: Iterable<(typeof files)[number]>): string[] =>
  [...chosen].map(({ tap, number }) => `${tap}${number}`);

test("a moment is ten seconds around the worst second, however long the trigger lasts", () => {
  expect(momentOf(trigger(100))).toEqual({ fromMs: 90_000, toMs: 111_000 });
});

test.each<{ name: string; triggers: readonly Trigger[]; bytes: number; want: readonly string[] }>([
  { name: "no trigger: nothing", triggers: [], bytes: 1e6, want: [] },
  {
    name: "files of all taps around it",
    triggers: [trigger(105)],
    bytes: 1e6,
    want: ["a10", "a11", "a12", "b10", "b11", "b12"],
  },
  { name: "no room for all of it: none of it", triggers: [trigger(105)], bytes: 599, want: [] },
  {
    name: "the worst first, and of the next what is not here yet",
    triggers: [trigger(205, 10), trigger(105, 50), trigger(115, 20)],
    bytes: 800,
    want: ["a10", "a11", "a12", "b10", "b11", "b12", "a13", "b13"],
  },
  {
    name: "what does not fit is passed over for what does",
    triggers: [trigger(105, 50), trigger(205, 20), trigger(295, 10)],
    bytes: 1_000,
    want: ["a10", "a11", "a12", "b10", "b11", "b12", "a29", "a30", "b29", "b30"],
  },
  {
    name: "every kind has its turn",
    triggers: [trigger(105, 50), trigger(205, 40), trigger(5, 1, "kernel-event")],
    bytes: 1_000,
    want: ["a10", "a11", "a12", "b10", "b11", "b12", "a1", "a2", "b1", "b2"],
  },
  {
    name: "what is usual makes nothing bad",
    triggers: [trigger(105, 500, "lost", 490), trigger(205, 40)],
    bytes: 600,
    want: ["a20", "a21", "a22", "b20", "b21", "b22"],
  },
])("$name", ({ triggers, bytes, want }) => {
  expect(names(worthFetching(files, triggers, bytes))).toEqual(want);
  expect(names(worthFetching(files, triggers.toReversed(), bytes))).toEqual(want);
});

test("what is kept around each is told by time; of a moment without packets nothing is missing", () => {
  const kept = new Set(files.filter(({ number, tap }) => number <= 11 || (number === 12 && tap === "a")));
  const told = keptTriggers([trigger(400), trigger(255), trigger(105), trigger(50)], files, kept);
  expect(told.map(({ worstS, kept: how }) => [worstS, how])).toEqual([
    [50, "all"],
    [105, "part"],
    [255, "none"],
    [400, "all"],
  ]);
});
