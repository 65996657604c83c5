import { expect, test } from "vitest";
import { oneIn, patternOf } from "#src/core/regularity.ts";
import { wilson } from "#src/core/stats.ts";
import { randomFrom } from "./simulate.ts";

const random = randomFrom(5);
const ways = (length: number, bad: (n: number) => boolean) =>
  Array.from({ length }, (_, n) => ({ fromNode: "a", toNode: "b", atMs: n * 10, bad: bad(n) }));
let counter = 0;

test.each([
  { name: "every fourth", seen: ways(800, (n) => n % 4 === 3), n: 4, spread: "even" },
  { name: "every seventh", seen: ways(1_400, (n) => n % 7 === 0), n: 7, spread: "even" },
  {
    name: "every fourth of a NIC that carries as much of others",
    seen: ways(3_000, () => {
      counter += 1 + Math.floor(random() * 3);
      return counter % 4 === 0;
    }),
    n: 4,
    spread: "even",
  },
  { name: "one in four by dice", seen: ways(1_200, () => random() < 0.25), n: 4, spread: "random" },
  { name: "bursts", seen: ways(1_200, (n) => Math.floor(n / 60) % 4 === 0), n: 4, spread: "bursts" },
  { name: "too few packets", seen: ways(20, (n) => n % 4 === 0), n: 4, spread: "unknown" },
])("$name is 1 in $n and $spread", ({ seen, n, spread }) => {
  expect(patternOf(seen)).toMatchObject({ oneIn: { n }, spread });
});

test("the beat tells 1 in 4 where the share alone would say 1 in 5", () => {
  const all = ways(800, (n) => n % 4 === 3);
  const seen = all.filter(({ bad }) => !bad || random() < 0.8);
  const share = wilson(seen.filter(({ bad }) => bad).length, seen.length);
  expect(share.share).toBeLessThan(0.225);
  expect(patternOf(seen).oneIn).toEqual({ n: 4, only: true });
});

test("dice have no beat, so several n stay possible", () => {
  for (let game = 0; game < 200; game++) {
    const seen = ways(150, () => random() < 0.25);
    expect(patternOf(seen).oneIn?.only ?? false).toBe(false);
  }
});

test.each([
  { bad: 250, of: 1_000, want: { n: 4, only: true } },
  { bad: 5, of: 20, want: { n: 4, only: false } },
  { bad: 420, of: 1_000, want: undefined },
])("$bad of $of is 1 in $want.n", ({ bad, of, want }) => {
  expect(oneIn(wilson(bad, of))).toEqual(want);
});
