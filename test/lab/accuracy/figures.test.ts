import { expect, test } from "vitest";
import { figuresOf } from "#lab/accuracy/figures.ts";
import { accuracyPage, summaryOf } from "#lab/accuracy/page.ts";
import { kindOf, namedIn, type Played, playedSchema } from "#lab/accuracy/played.ts";
import { simulatedCheck } from "#test/support/simulated-check.ts";

type Named = Played["named"][number];
const named = (cause: string, more: Partial<Named> = {}): Named => ({
  ...{ cause, where: "n-1", confidence: "certain", right: true, placed: true },
  ...more,
});
const wrong = { right: false, placed: false } as const;
const play = (scenario: string, more: Partial<Played>): Played => ({
  ...{
    scenario,
    seed: 1,
    version: "7df83e5",
    kind: "one",
    expected: [{ cause: "path-loss", where: "n-1" }],
    named: [named("path-loss")],
  },
  ...{ pass: true, wrong: [], verdict: "Packets are lost.", reportS: 4 },
  ...more,
});
const quiet: Pick<Played, "expected" | "named"> = { expected: [], named: [] };

const plays: readonly Played[] = [
  play("right", { firstFindingS: 6 }),
  play("second", {
    named: [named("link-delay", wrong), named("path-loss", { confidence: "likely" })],
    pass: false,
    firstFindingS: 9,
  }),
  play("elsewhere", { named: [named("path-loss", { placed: false })], pass: false }),
  play("silent", { named: [], pass: false }),
  play("fourth", {
    named: [...["a", "b", "c"].map((one) => named(one, { ...wrong, confidence: "possible" })), named("path-loss")],
    pass: false,
  }),
  play("both", {
    kind: "several",
    expected: [{ cause: "path-loss" }, { cause: "port-closed" }],
    named: [named("path-loss"), named("port-closed")],
  }),
  play("one-of-both", {
    kind: "several",
    expected: [{ cause: "path-loss" }, { cause: "port-closed" }],
    pass: false,
  }),
  play("quiet", { kind: "healthy", ...quiet }),
  play("quiet", { kind: "busy", seed: 2, ...quiet }),
  play("alarm", {
    kind: "twin",
    expected: [],
    named: [named("link-delay", wrong)],
    pass: false,
    wrong: ["needless"],
    reportS: 10,
  }),
];
const figures = figuresOf(plays);
const counts = ({ hits, of }: { hits: number; of: number }) => [hits, of];

test("shares are of the plays that they are about", () => {
  expect({ plays: figures.plays, scenarios: figures.scenarios }).toEqual({ plays: 10, scenarios: 9 });
  expect(counts(figures.first)).toEqual([4, 7]);
  expect(counts(figures.firstThree)).toEqual([5, 7]);
  expect(counts(figures.placed)).toEqual([4, 7]);
  expect(counts(figures.all)).toEqual([1, 2]);
  expect(counts(figures.beside)).toEqual([2, 7]);
  expect(Object.values(figures.alarms).map(counts)).toEqual([
    [0, 1],
    [0, 1],
    [1, 1],
    [1, 3],
  ]);
  expect(Object.values(figures.words).map(counts)).toEqual([
    [5, 8],
    [1, 1],
    [0, 3],
  ]);
  expect(figures.firstFindingS).toEqual({ p50: 6, p90: 9 });
  expect(figures.reportS).toEqual({ p50: 4, p90: 4 });
});

test("a cause's row says what stood in its place", () => {
  expect(figures.causes).toEqual([
    {
      ...{ cause: "path-loss", plays: 7, first: 4, firstThree: 5, placed: 4 },
      instead: [
        ["link-delay", 1],
        ["no cause", 1],
        ["a", 1],
      ],
    },
    { ...{ cause: "port-closed", plays: 2, first: 0, firstThree: 1, placed: 1 }, instead: [] },
  ]);
});

test("false alarms stand first among the misses, and every miss is there", () => {
  expect(figures.misses.map(({ scenario }) => scenario)).toEqual([
    "alarm",
    "second",
    "elsewhere",
    "silent",
    "fourth",
    "one-of-both",
  ]);
});

const source = {
  day: "2026-11-26",
  versions: ["7df83e5"],
  seed: 1,
  runs: 1,
  wanted: 9,
  unplayed: [],
  judged: { plays: 0, versions: [] },
  machine: "2 CPUs",
};

test("the page says it all, what the words were worth before, and what came of new scenarios", async () => {
  const others = { before: figuresOf(plays.slice(0, 3)), first: plays.slice(0, 4) };
  await expect(accuracyPage(figures, source, others)).toMatchFileSnapshot("accuracy.md.golden");
});

test("a page of nothing, and one of a part, say so", () => {
  const nothing = accuracyPage(figuresOf([]), { ...source, unplayed: ["`right`, seed 4: no lab"] });
  expect(nothing).toContain("| false alarms in all | – | 0 |  |");
  expect(nothing).toContain("this is a part of it, and 1 could not be played");
  expect(nothing).toContain("* `right`, seed 4: no lab");
  expect(summaryOf(figures)).toBe(
    'right cause first 57.1 % of 7, right place 57.1 % of 7, all of several 50.0 % of 2, false alarms 33.3 % of 3, "certain" is right 62.5 % of 8',
  );
});

test("a page of plays that were judged again says by which rules", () => {
  const { machine: _, ...judged } = { ...source, judged: { plays: 3, versions: ["84b98c8"] } };
  const page = accuracyPage(figures, judged);
  expect(page).toContain("Judged on 2026-11-26: 10 plays of 9 scenarios, seed 1,\nversion 7df83e5.");
  expect(page).toContain("What was measured in 3 of them was judged again by the rules of version 84b98c8");
});

test.each([
  [0, false, 0, "healthy"],
  [0, true, 0, "busy"],
  [1, true, 0, "twin"],
  [1, false, 1, "one"],
  [3, false, 1, "one"],
  [2, true, 2, "several"],
] as const)("%d faults, others busy: %s, %d causes: %s", (faults, noisy, expected, kind) => {
  expect(kindOf(faults, noisy, expected)).toBe(kind);
});

test("named causes are held against what is expected, device and peer included", () => {
  const { report } = simulatedCheck("nc-aaaa");
  const [first] = report.causes;
  const held = (where?: string) => namedIn(report, [{ cause: first?.cause ?? "", ...(where && { where }) }])[0];
  expect(held("graz")).toMatchObject({ right: true, placed: true });
  expect(held()).toMatchObject({ right: true, placed: true });
  expect(held("ulm")).toMatchObject({ right: true, placed: false });
  expect(namedIn(report)[0]).toMatchObject({ right: false, placed: false });
  expect(playedSchema.shape.named.parse(namedIn(report))).toHaveLength(report.causes.length);
});
