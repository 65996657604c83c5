import { expect, test } from "vitest";
import { inWords, type Sentence } from "#src/core/sentence.ts";
import type { Trace } from "#src/core/trace-evidence.ts";
import { circleTraceText, finalOf, limitedText, lossText } from "#src/core/trace-text.ts";
import { play } from "./simulate.ts";

const { plan } = play({ seconds: 5 });
const at = (role: string) => plan.vantages.find((vantage) => vantage.role === role) ?? plan.vantages[0];

/** Lost of sent for each hop; the last is the target unless it is said that it never answered. */
function traced(hops: readonly (readonly [lost: number, sent: number])[], { reached = true, ips = "" } = {}) {
  const from = at("from");
  const to = at("to");
  if (!from || !to) throw new Error("no ends");
  const trace: Trace = {
    target: to.ip,
    ...(reached ? { distance: hops.length } : {}),
    hops: hops.map(([lost, sent], index) => {
      const ip = reached && index === hops.length - 1 ? to.ip : (ips[index] ?? `10.0.0.${index + 1}`);
      return { ttl: index + 1, sent, lost, addresses: lost === sent ? [] : [{ ip, count: sent - lost }] };
    }),
  };
  return { from, to, trace };
}
const words = (said: Sentence | undefined) => said && inWords(said);

test.each<{
  name: string;
  hops: [number, number][];
  reached?: boolean;
  want: RegExp | undefined;
}>([
  {
    name: "loss begins at the second hop and stays",
    hops: [
      [0, 10],
      [3, 10],
      [6, 20],
    ],
    want: /loses from hop 2 \(10\.0\.0\.2\) on: 3 of 10 there, 6 of 20 at the target, but 0 of 10 at hop 1 \(10\.0\.0\.1\)/,
  },
  {
    name: "loss begins at the target",
    hops: [
      [0, 10],
      [0, 10],
      [6, 20],
    ],
    want: /loses from hop 3 \(10\.42\.1\.5\) on: 6 of 20 there, 6 of 20 at the target, but 0 of 10 at hop 2/,
  },
  {
    name: "loss begins before the first hop",
    hops: [
      [4, 10],
      [3, 10],
      [6, 20],
    ],
    want: /from its first router on: 4 of 10 at hop 1 \(10\.0\.0\.1\), 6 of 20 at the target/,
  },
  {
    name: "nothing beyond the first hop answers",
    reached: false,
    hops: [
      [0, 8],
      [8, 8],
      [8, 8],
    ],
    want: /ends after hop 1 \(10\.0\.0\.1\): beyond it 16 of 16 get no answer/,
  },
  {
    name: "nobody answers at all",
    reached: false,
    hops: [
      [8, 8],
      [8, 8],
    ],
    want: /gets no answer from any router: 16 of 16/,
  },
  // What can fool it.
  {
    name: "only a middle hop seems to lose",
    hops: [
      [0, 10],
      [8, 10],
      [0, 20],
    ],
    want: undefined,
  },
  {
    name: "a middle hop never answers",
    hops: [
      [0, 10],
      [10, 10],
      [0, 20],
    ],
    want: undefined,
  },
  {
    name: "a hop in front of the loss limits its answers",
    hops: [
      [9, 10],
      [3, 10],
      [6, 20],
    ],
    want: undefined,
  },
  {
    name: "loss at one hop does not stay at the next",
    hops: [
      [0, 20],
      [8, 20],
      [0, 20],
      [10, 40],
    ],
    want: undefined,
  },
  {
    name: "two packets are lost",
    hops: [
      [0, 10],
      [1, 10],
      [2, 20],
    ],
    want: undefined,
  },
  {
    name: "too few were sent",
    hops: [
      [0, 2],
      [2, 2],
      [4, 4],
    ],
    want: undefined,
  },
])("loss of a trace, when $name", ({ hops, reached = true, want }) => {
  const said = words(lossText(traced(hops, { reached })));
  if (want) expect(said).toMatch(want);
  else expect(said).toBeUndefined();
});

test("a hop that answers less often than the target limits its answers", () => {
  const text = words(
    limitedText(
      traced([
        [0, 10],
        [7, 10],
        [0, 20],
      ]),
    ),
  );
  expect(text).toBe(
    "hop 2 (10.0.0.2) answers only 3 of 10, but the target behind it answers 20 of 20: that router limits its ICMP answers, it loses nothing",
  );
  const none: [number, number][][] = [
    [
      [0, 10],
      [1, 10],
      [0, 20],
    ],
    [
      [0, 10],
      [4, 10],
      [7, 20],
    ],
    [
      [0, 1],
      [1, 1],
      [0, 2],
    ],
  ];
  for (const hops of none) expect(limitedText(traced(hops))).toBeUndefined();
});

test("a circle is one when routers come again, not when one answers for the next", () => {
  const five: [number, number][] = [1, 2, 3, 4, 5].map(() => [0, 3]);
  const ring = traced(five, { reached: false, ips: "abaBa" });
  expect(words(circleTraceText(ring))).toContain("comes to the same routers again and again: a → b → a → B → a");
  expect(lossText(ring)).toBeUndefined();
  expect(circleTraceText(traced(five, { reached: false, ips: "abcde" }))).toBeUndefined();
  expect(circleTraceText(traced(five, { reached: false, ips: "aaaaa" }))).toBeUndefined();
});

test("the final hop is the target, or all that is beyond the last answer", () => {
  expect(
    finalOf(
      traced([
        [0, 5],
        [1, 9],
      ]).trace,
    ),
  ).toMatchObject({ sent: 9, lost: 1 });
  expect(
    finalOf(
      traced(
        [
          [0, 5],
          [5, 5],
          [5, 5],
        ],
        { reached: false },
      ).trace,
    ),
  ).toEqual({ sent: 10, lost: 10 });
});
