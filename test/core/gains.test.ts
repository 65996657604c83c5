import { expect, test } from "vitest";
import { gainedDuring, gainsOf } from "#src/core/gains.ts";
import type { Sample } from "#src/core/probe.ts";

const sample = (atMs: number, text: string, exitCode = 0): Sample => ({ atMs, exitCode, stdout: text });
const parse = (text: string): Record<string, number> | undefined =>
  text === "" ? undefined : Object.fromEntries(text.split(" ").map((one) => [one[0] ?? "", Number(one.slice(1))]));

test("gains are differences between readings, and totals of them", () => {
  expect(gainsOf([sample(0, "a5 b1"), sample(5_000, "a7 b1"), sample(10_000, "a17 b1 c2")], parse)).toEqual({
    fromMs: 0,
    toMs: 10_000,
    gained: { a: 12, c: 2 },
    steps: [
      { fromMs: 0, toMs: 5_000, gained: { a: 2 } },
      { fromMs: 5_000, toMs: 10_000, gained: { a: 10, c: 2 } },
    ],
  });
});

test.each([
  { name: "no sample", samples: [], want: undefined },
  { name: "only failed ones", samples: [sample(0, "a1", 1)], want: undefined },
  { name: "only garbage", samples: [sample(0, "")], want: undefined },
  { name: "the first alone", samples: [sample(0, "a9")], want: {} },
  { name: "a failed one in between", samples: [sample(0, "a1"), sample(5, "a9", 1), sample(9, "a3")], want: { a: 2 } },
  { name: "a counter that was reset", samples: [sample(0, "a100"), sample(5, "a4")], want: { a: 4 } },
])("with $name, what was gained is $want", ({ samples, want }) => {
  expect(gainsOf(samples, parse)?.gained).toEqual(want);
});

test("gains fall inside or outside the bad seconds, to within two seconds", () => {
  const gains = gainsOf(
    [sample(100_000, "a0"), sample(105_000, "a3"), sample(110_000, "a7"), sample(120_000, "a8")],
    parse,
  );
  if (!gains) throw new Error("no gains");
  expect(gainedDuring(gains, "a", new Set([112]))).toEqual({ inside: 5, outside: 3 });
  expect(gainedDuring(gains, "a", new Set())).toEqual({ inside: 0, outside: 8 });
  expect(gainedDuring(gains, "b", new Set([112]))).toEqual({ inside: 0, outside: 0 });
});
