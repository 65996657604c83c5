import { describe, expect, test } from "vitest";
import { blockProblems, tooLongTogether } from "#lab/slack/server/blocks/validate.ts";
import { compareReports } from "#src/core/compare-reports.ts";
import { makeDigest } from "#src/core/digest.ts";
import type { RunSeen, Schedule } from "#src/core/schedule.ts";
import type { Language } from "#src/core/sentence.ts";
import { openZone } from "#src/core/zone.ts";
import type { Message } from "#src/report/blocks.ts";
import { drawComparison, noneGood, noReport } from "#src/report/comparison.ts";
import { drawDigest } from "#src/report/digest.ts";
import { HEADLINE, LIMITS, REPLY } from "#src/report/limits.ts";
import { drawNotRun, drawScheduled, drawSchedules } from "#src/report/schedules.ts";
import { wordings } from "#src/report/words.ts";
import { reports, sampleRequest } from "#test/support/sample-reports.ts";
import { endedAs } from "#test/support/scheduling.ts";

const DAY_MS = 86_400_000;
/** 01:00 in Berlin. */
const NIGHT = Date.UTC(2026, 10, 20);

const { id: _, requestedAtMs, ...asksFor } = sampleRequest;
const schedule: Schedule = {
  id: "sc-4f2a",
  cron: "0 1 * * *",
  zone: "Europe/Berlin",
  digestAt: 480,
  quiet: true,
  missed: "skip",
  request: { ...asksFor, slack: { team: "T0HOME", channel: "C0OPS", user: "U0ALICE" } },
  createdAtMs: NIGHT,
};
const ran = (night: number, report: keyof typeof reports): RunSeen => ({
  is: "started",
  dueMs: NIGHT + night * DAY_MS,
  atMs: NIGHT,
  check: `nc-run${night}`,
  end: endedAs(report, `nc-run${night}`),
});
const overlapped: RunSeen = {
  is: "overlapped",
  dueMs: NIGHT + 8.5 * DAY_MS,
  atMs: 0,
  byDueMs: NIGHT,
  byCheck: "nc-run8",
};
const missed = (count: number): RunSeen => ({
  is: "missed",
  dueMs: NIGHT,
  atMs: 0,
  untilMs: NIGHT + (count - 1) * DAY_MS,
  count,
});
const week = [0, 1, 2, 3, 4, 5, 6].map((night) => ran(night, night === 2 ? "periodic" : "healthy"));

function everyMessage(language: Language): Record<string, Message> {
  const wording = wordings[language];
  const zone = openZone(schedule.zone);
  if (zone === undefined) throw new Error("no zone");
  const digest = (runs: readonly RunSeen[], tell: readonly RunSeen[]) =>
    drawDigest(
      schedule,
      makeDigest(
        [...runs, ...tell],
        tell.map(({ dueMs }) => dueMs),
      ),
      wording,
    );
  const scheduled = {
    schedule,
    zone,
    next: [NIGHT, NIGHT + DAY_MS],
    duplicate: undefined,
    namesChecked: true,
    wording,
  };
  const seen = { schedule, state: "active", nextMs: NIGHT, latest: ran(0, "loss") } as const;
  const elsewhere = {
    ...schedule,
    request: { ...schedule.request, slack: { ...schedule.request.slack, channel: "C0OTHER" } },
  };
  return {
    "digest-clean": digest(week, [ran(7, "healthy")]),
    "digest-first": digest([], [ran(0, "healthy")]),
    "digest-findings": digest(week, [ran(7, "healthy"), ran(8, "loss"), overlapped]),
    "digest-crowded": digest(week, [
      ...[ran(7, "crowded"), ran(8, "loss"), ran(9, "dead"), ran(10, "periodic"), ran(11, "crowded"), overlapped],
      ...[ran(12, "loss"), ran(13, "loss")],
    ]),
    "digest-missed": digest([], [missed(3)]),
    "comparison-worse": drawComparison(compareReports(reports.healthy, reports.loss), wording),
    "comparison-better": drawComparison(compareReports(reports.loss, reports.healthy), wording),
    "comparison-mixed": drawComparison(compareReports(reports.periodic, { ...reports.loss, causes: [] }), wording),
    "comparison-crowded": drawComparison(compareReports(reports.healthy, reports.crowded), wording),
    "comparison-same": drawComparison(compareReports(reports.healthy, reports.healthy), wording),
    scheduled: drawScheduled(scheduled),
    "scheduled-loud": drawScheduled({
      ...scheduled,
      schedule: { ...schedule, quiet: false, missed: "run" },
      namesChecked: false,
    }),
    "scheduled-twice": drawScheduled({ ...scheduled, duplicate: "sc-9999" }),
    schedules: drawSchedules(
      [
        seen,
        { schedule: elsewhere, state: "paused", by: "U0BOB", latest: { ...ran(0, "loss"), end: { is: "lost" } } },
        { ...seen, latest: { is: "started", dueMs: 1, atMs: 1, check: "nc-run9" } },
      ],
      { wording, channel: "C0OPS" },
    ),
    "schedules-many": drawSchedules(
      Array.from({ length: 100 }, () => seen),
      { wording, channel: "C0OPS" },
    ),
    "not-run": drawNotRun(schedule, missed(1), wording),
    "no-report": { text: noReport("nc-4f2a", wording), blocks: [] },
    "none-good": { text: noneGood(reports.loss, wording), blocks: [] },
  };
}

const all = (["en", "zh"] as const).flatMap((language) =>
  Object.entries(everyMessage(language)).map(([name, message]) => ({ language, name, message })),
);

test.each(all)("$language $name is within Slack's limits", ({ name, message }) => {
  expect(blockProblems(message.blocks, { surface: "message", imageReady: () => true })).toEqual([]);
  expect(tooLongTogether([...message.blocks])).toBe(false);
  const { maxBlocks, maxJson } = name.startsWith("digest") ? HEADLINE : REPLY;
  expect(message.blocks.length).toBeLessThanOrEqual(maxBlocks);
  expect(JSON.stringify(message.blocks).length).toBeLessThanOrEqual(maxJson);
  expect(message.text.length).toBeGreaterThan(0);
  expect(message.text.length).toBeLessThanOrEqual(LIMITS.text);
});

test.each(all)(
  "$language $name mentions nobody but who made or paused the schedule, and no channel but its own",
  ({ message }) => {
    const markup = JSON.stringify(message).match(/<[^>]{0,60}/g) ?? [];
    expect(markup.filter((one) => !/^<(@U0(ALICE|BOB)|#C0OTHER|!date\^)/.test(one))).toEqual([]);
  },
);

/** Words of the reports themselves are English in these samples; what stands around them is not. */
const OURS =
  /\b(is clean|need a look|worse than usual|left out|Scheduled|Next runs|Causes that|Nothing changed|got worse|got better|Unchanged|paused|last run)\b/;
test.each(all)("$language $name is in its language", ({ language, message }) => {
  const said = JSON.stringify(message);
  if (language === "zh") expect(said).not.toMatch(OURS);
  expect(/[\u4e00-\u9fff]/.test(said)).toBe(language === "zh");
});

describe("what people read", () => {
  test.each(["digest-clean", "digest-findings", "comparison-worse", "scheduled", "schedules"])(
    "%s stays as it was looked at",
    async (name) => {
      const drawn = everyMessage("en")[name];
      await expect(`${JSON.stringify(drawn, null, 2)}\n`).toMatchFileSnapshot(`golden/${name}.json.golden`);
    },
  );

  test("runs that the digest has no room for are counted", () => {
    const said = JSON.stringify(everyMessage("en")["digest-crowded"]);
    expect(said).toContain("6 of 8 runs need a look");
    expect(said).toContain("and 2 more. 2 runs clean.");
  });
});

test("a path that was healthy and is degraded got worse, although one leg answers sooner", () => {
  const slowOnce = reports.healthy.measurements.map((one) => ({
    ...one,
    rttMs: { min: 5, p50: 30, p99: 300, max: 400 },
  }));
  const comparison = compareReports({ ...reports.healthy, measurements: slowOnce }, reports.loss);
  expect(comparison.better.length).toBeGreaterThan(0);
  expect(drawComparison(comparison, wordings.en).text).toBe("It got worse.");
});
