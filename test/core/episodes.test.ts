import { expect, test } from "vitest";
import { episodesOf } from "#src/core/episodes.ts";

const seconds = (...list: readonly number[]) => list.map((second) => second * 1_000);

test.each([
  { name: "nothing bad", bad: [], want: [] },
  { name: "one stretch", bad: seconds(3, 3.2, 3.4, 4.4), want: [[3, 4.4]] },
  {
    name: "two stretches",
    bad: seconds(3, 3.2, 3.4, 20, 20.2, 20.4),
    want: [
      [3, 3.4],
      [20, 20.4],
    ],
  },
  { name: "a low but steady rate", bad: seconds(1, 6, 11, 16, 21, 26), want: [[1, 26]] },
  { name: "moments out of order", bad: seconds(4, 3, 3.5), want: [[3, 4]] },
])("$name gives $want", ({ bad, want }) => {
  expect(episodesOf(bad).map(({ startMs, endMs }) => [startMs / 1_000, endMs / 1_000])).toEqual(want);
});
