import { expect, test } from "vitest";
import type { HopCounts } from "#src/core/capture.ts";
import { lossyHops } from "#src/core/hop-loss.ts";
import { wilson } from "#src/core/stats.ts";

const POINTS = ["pod", "nic", "far-nic", "far-pod"];

/** All hops of a path of four points; `changes` by `from>to`. */
function path(changes: Readonly<Record<string, Partial<HopCounts> & { readonly missedOf?: number }>>): {
  readonly hops: readonly HopCounts[];
} {
  const ways = [POINTS, POINTS.toReversed()];
  const hops = ways.flatMap((points, way) =>
    points.slice(1).map((to, index): HopCounts => {
      const from = points[index] ?? "";
      const { missedOf = 10_000, ...change } = changes[`${from}>${to}`] ?? {};
      const { sent = 10_000, lost = 0, missed = 0 } = change;
      return {
        ...{ from, to, direction: way === 0 ? "forward" : "backward", sent, lost, missed, seen: sent - lost - missed },
        ...{ missShare: wilson(missed, missedOf), lossShare: wilson(lost, sent), dropped: 0 },
        ...{ smallestLost: 0, largestSeen: 1_500, lostAt: [[1_000, lost]] },
        ...change,
      };
    }),
  );
  return { hops };
}

const named = (of: Parameters<typeof path>[0]): readonly string[] =>
  lossyHops(path(of)).map(({ from, to, sure, doubt }) => `${from}>${to} ${sure ? "sure" : doubt}`);

test.each<{ readonly name: string; readonly of: Parameters<typeof path>[0]; readonly want: readonly string[] }>([
  { name: "nothing lost", of: {}, want: [] },
  { name: "half a per cent lost", of: { "nic>far-nic": { lost: 50 } }, want: ["nic>far-nic sure"] },
  { name: "three packets lost", of: { "nic>far-nic": { lost: 3, sent: 1_000 } }, want: ["nic>far-nic few"] },
  {
    name: "a few of millions, one by one",
    of: {
      "nic>far-nic": {
        lost: 10,
        sent: 10_000_000,
        lostAt: Array.from({ length: 10 }, (_, second) => [second * 60, 1]),
      },
    },
    want: [],
  },
  {
    name: "a burst among millions",
    of: { "nic>far-nic": { lost: 200, sent: 10_000_000, lostAt: [[1_000, 200]] } },
    want: ["nic>far-nic sure"],
  },
  {
    name: "the last recorder says that it lost as many",
    of: { "far-nic>far-pod": { lost: 100, dropped: 110 } },
    want: ["far-nic>far-pod recorder"],
  },
  {
    name: "the last recorder says that it lost some, but not as many",
    of: { "far-nic>far-pod": { lost: 300, dropped: 110 } },
    want: ["far-nic>far-pod sure"],
  },
  {
    name: "the last recorder misses as many of what it sends itself",
    of: { "far-nic>far-pod": { lost: 100, missShare: wilson(105, 10_000) } },
    want: ["far-nic>far-pod recorder"],
  },
  {
    name: "one of two recorders behind has lost packets, the other has not",
    of: { "nic>far-nic": { lost: 100, dropped: 500, missed: 200 } },
    want: ["nic>far-nic sure"],
  },
  {
    name: "all recorders behind have lost packets",
    of: { "nic>far-nic": { lost: 100, dropped: 500 }, "far-nic>far-pod": { dropped: 300 } },
    want: ["nic>far-nic recorder"],
  },
  {
    name: "a recorder misses a third in front of a hop that loses a third",
    of: {
      "nic>far-nic": { lost: 1_000, missed: 2_300, missedOf: 7_000, dropped: 3_300 },
      "far-nic>far-pod": { lost: 2_000, sent: 6_700 },
    },
    want: ["far-nic>far-pod sure", "nic>far-nic recorder"],
  },
  {
    name: "as many have appeared behind it",
    of: { "nic>far-nic": { lost: 4_000, appeared: 3_990 } },
    want: ["nic>far-nic changed"],
  },
  {
    name: "those that have appeared were lost by the recorder before",
    of: { "pod>nic": { lost: 300, appeared: 1_000 }, "nic>pod": { dropped: 1_200 } },
    want: ["pod>nic sure"],
  },
  {
    name: "loss both ways",
    of: { "nic>far-nic": { lost: 100 }, "far-nic>nic": { lost: 2_000 } },
    want: ["far-nic>nic sure", "nic>far-nic sure"],
  },
  {
    name: "much lost here, and a little elsewhere of what was sent again for it",
    of: { "nic>far-nic": { lost: 600 }, "far-nic>far-pod": { lost: 8 } },
    want: ["nic>far-nic sure", "far-nic>far-pod few"],
  },
  {
    name: "much lost here, and more elsewhere than comes of that",
    of: { "nic>far-nic": { lost: 600 }, "far-nic>far-pod": { lost: 60 } },
    want: ["nic>far-nic sure", "far-nic>far-pod sure"],
  },
  { name: "nothing gets through", of: { "nic>far-nic": { lost: 10_000 } }, want: ["nic>far-nic sure"] },
])("$name: $want", ({ of, want }) => {
  expect(named(of)).toEqual(want);
});
