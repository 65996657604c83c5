import { describe, expect, test } from "vitest";
import { makeDigest } from "#src/core/digest.ts";
import { type Summary, summarise } from "#src/core/report-summary.ts";
import type { RunSeen } from "#src/core/schedule.ts";
import { reports } from "#test/support/sample-reports.ts";

const DAY_MS = 86_400_000;
const night = (n: number): number => Date.UTC(2026, 10, 1 + n, 1);

const summary = (more: Partial<Summary> = {}): Summary => ({
  ...summarise(reports.healthy),
  sent: 100_000,
  lost: 10,
  p50Ms: 0.5,
  p99Ms: 0.8,
  ...more,
});
const ran = (n: number, more: Partial<Summary> = {}): RunSeen => ({
  is: "started",
  dueMs: night(n),
  atMs: night(n),
  check: `nc-run${n}`,
  end: { is: "reported", summary: summary({ check: `nc-run${n}`, ...more }) },
});
const week = Array.from({ length: 7 }, (_, n) => ran(n));
const cause = (where: string) => ({ cause: "path-loss", title: "Loss on the way", where });

test("a summary holds the asked path in both directions and the place of every cause", () => {
  expect(summarise(reports.loss)).toMatchObject({
    sent: 600,
    lost: 24,
    p99Ms: 0.64,
    status: "degraded",
    gaps: 1,
    coverage: 0.97,
    causes: [
      { cause: "path-loss", where: "node-1>node-2" },
      { cause: "nic-periodic-delay", where: "node-2" },
    ],
  });
});

test("nothing to say about a night like the seven before", () => {
  const digest = makeDigest([...week, ran(7)], [night(7)]);
  expect(digest).toMatchObject({ clean: true, baseline: { runs: 7, sent: 700_000, lost: 70, p99Ms: 0.8 } });
  expect(digest.runs).toMatchObject([{ clean: true, loss: undefined, p99: undefined }]);
});

test("the first night of a schedule has nothing to be compared with", () => {
  expect(makeDigest([ran(0)], [night(0)])).toMatchObject({ clean: true, baseline: undefined });
  expect(makeDigest([ran(0, { status: "degraded" })], [night(0)]).clean).toBe(false);
});

test("only the seven days before count, and only runs that measured something", () => {
  const old = ran(-1, { lost: 90_000 });
  const failed = ran(6, { status: "failed", sent: 0, lost: 0 });
  const { baseline } = makeDigest([old, ...week.slice(0, 6), failed, ran(7)], [night(7)]);
  expect(baseline).toMatchObject({ runs: 6, lost: 60 });
  // What is told at the same time is no baseline for each other.
  expect(makeDigest([...week, ran(7), ran(8, { lost: 9_000 })], [night(7), night(8)]).baseline?.lost).toBe(70);
});

describe("a healthy run that is worse than usual", () => {
  test.each([
    ["loss", { lost: 900 }, { loss: "worse", p99: undefined, clean: false }],
    ["p99", { p99Ms: 9 }, { loss: undefined, p99: "worse", clean: false }],
    ["neither", { p99Ms: 0.2, lost: 0 }, { loss: undefined, p99: undefined, clean: true }],
  ] as const)("%s", (_, more, expected) =>
    expect(makeDigest([...week, ran(7, more)], [night(7)]).runs[0]).toMatchObject(expected),
  );
});

test("losses that come every few nights are usual, one bad night among seven is not", () => {
  const bursts = week.map((_, n) => ran(n, { lost: n % 3 === 0 ? 300 : 0 }));
  expect(makeDigest([...bursts, ran(7, { lost: 290 })], [night(7)]).runs[0]).toMatchObject({
    loss: undefined,
    clean: true,
  });
  expect(makeDigest([...bursts, ran(7, { lost: 400 })], [night(7)]).runs[0]).toMatchObject({ loss: "worse" });
  const once = week.map((_, n) => ran(n, { lost: n === 3 ? 500 : 0 }));
  expect(makeDigest([...once, ran(7, { lost: 400 })], [night(7)]).runs[0]).toMatchObject({ loss: "worse" });
});

test("one slow night among the seven moves the usual p99 of none of the others", () => {
  const digest = makeDigest([...week.slice(0, 6), ran(6, { p99Ms: 500 }), ran(7, { p99Ms: 9 })], [night(7)]);
  expect(digest.runs[0]?.p99).toBe("worse");
});

test("causes are new, or were there on so many of the nights before, by place", () => {
  const before = [ran(0, { causes: [cause("node-2")] }), ran(1, { causes: [cause("node-2")] }), ran(2)];
  const tonight = ran(3, { status: "degraded", causes: [cause("node-2"), cause("node-9")] });
  expect(makeDigest([...before, tonight], [night(3)]).runs[0]?.causes).toEqual([
    { ...cause("node-2"), before: 2 },
    { ...cause("node-9"), before: 0 },
  ]);
});

test("worst first: broken, degraded by loss, lost, failed to be healthy, left out, clean", () => {
  const all: RunSeen[] = [
    ran(7),
    { is: "overlapped", dueMs: night(8), atMs: 0, byDueMs: night(7), byCheck: "nc-aaaa", end: { is: "not-run" } },
    ran(9, { p99Ms: 50 }),
    { is: "started", dueMs: night(10), atMs: 0, check: "nc-lost", end: { is: "lost" } },
    ran(11, { status: "degraded", lost: 1_000 }),
    ran(12, { status: "degraded", lost: 5_000 }),
    ran(13, { status: "broken", lost: 100_000 }),
    { is: "missed", dueMs: night(14), atMs: 0, untilMs: night(16), count: 3, end: { is: "not-run" } },
    ran(15, { status: "partial" }),
  ];
  const digest = makeDigest(
    [...week, ...all],
    all.map(({ dueMs }) => dueMs),
  );
  expect(digest.clean).toBe(false);
  expect(digest.runs.map(({ run }) => Math.round((run.dueMs - night(0)) / DAY_MS))).toEqual([
    13, 12, 11, 10, 15, 9, 14, 8, 7,
  ]);
});
