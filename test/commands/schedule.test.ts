import { describe, expect, test } from "vitest";
import { pointerOf } from "#src/commands/grammar/bad-command.ts";
import type { Asked } from "#src/commands/grammar/command.ts";
import { answerLine } from "#src/commands/index.ts";
import { limits } from "#src/core/check.ts";
import { fullText, NetcheckError } from "#src/core/errors.ts";
import type { Schedule } from "#src/core/schedule.ts";
import { inWords } from "#src/core/sentence.ts";
import { wordings } from "#src/report/words.ts";
import { memoryChecks } from "#test/support/memory-checks.ts";
import { memoryPast, memorySchedules } from "#test/support/memory-schedules.ts";
import { reports } from "#test/support/sample-reports.ts";

/** 2026-11-26 12:00:00 UTC. */
const NOW_MS = Date.UTC(2026, 10, 26, 12);

function desk({ language = "en" as "en" | "zh" } = {}) {
  const [checks, schedules] = [memoryChecks(), memorySchedules()];
  const good = { ...reports.healthy, check: "nc-good", window: { startMs: 1, endMs: 2 } };
  let ids = 0;
  const asked = (more: Partial<Asked> = {}): Asked => ({
    checks,
    schedules,
    past: memoryPast([reports.periodic, good]),
    slack: { team: "T0HOME", channel: "C0OPS", user: "U0ALICE", threadTs: "12.3" },
    once: `trigger-${ids}`,
    newId: () => `nc-test${++ids}`,
    nowMs: NOW_MS,
    cluster: "prod",
    usualCluster: async () => "prod",
    maxDurationMs: limits.maxDurationMs,
    command: "/netcheck",
    language,
    wording: wordings[language],
    ...more,
  });
  const say = async (line: string, more: Partial<Asked> = {}) => (await answerLine(line, asked(more))).message.text;
  return { checks, schedules, say };
}

async function scheduled(line: string): Promise<Schedule> {
  const { schedules, say } = desk();
  await say(line);
  const [seen] = schedules.all.values();
  if (seen === undefined) throw new Error(`nothing came of ${line}`);
  return seen.schedule;
}

async function refusal(line: string): Promise<NetcheckError> {
  const { schedules, checks, say } = desk();
  const error = await say(line).catch((caught: unknown) => caught);
  expect(schedules.all.size + checks.all.size).toBe(0);
  if (error instanceof NetcheckError) return error;
  throw new Error(`accepted: ${line}`);
}

describe("schedule", () => {
  test.each([
    ['schedule "0 1 * * *" tz=Europe/Berlin check web-0 db-0 6h', {}],
    ["schedule “0 1 * * *” tz=europe/berlin check web-0 db-0 6h", {}],
    ["schedule «0 1 * * *» TZ=EUROPE/BERLIN check web-0 db-0 6h", {}],
    ["schedule '0 1 * * *' --tz=Europe/Berlin check web-0 db-0 6h", {}],
    ["schedule `0 1 * * *` --tz Europe/Berlin check web-0 db-0 6h", {}],
    ["schedule 0 1 * * * tz=Europe/Berlin check web-0 db-0 6h", {}],
    ['schedule " 0 1  * * * " tz=Europe/Berlin check web-0 db-0 6h', {}],
    ['schedule "0 1 * * *" check web-0 db-0 6h tz=Europe/Berlin', {}],
    ['cron "0 1 * * *" check web-0 tz=Europe/Berlin db-0 6h', {}],
    ['schedule "0 1 * * *" tz=Europe/Berlin quiet=yes missed=skip digest=08:00 check web-0 db-0 6h', {}],
    ['schedule "0 1 * * *" tz=Europe/Berlin digest=6:30 check web-0 db-0 6h', { digestAt: 390 }],
    ['schedule "0 1 * * *" tz=Europe/Berlin quiet=no check web-0 db-0 6h', { quiet: false, digestAt: undefined }],
    [
      'schedule "0 1 * * *" tz=Europe/Berlin quiet=no digest=09:05 check web-0 db-0 6h',
      { quiet: false, digestAt: 545 },
    ],
    ['schedule "0 1 * * *" tz=Europe/Berlin missed=run check web-0 db-0 6h', { missed: "run" }],
  ])("%s", async (line, differs) => {
    const { id, createdAtMs, request, ...schedule } = await scheduled(line);
    const usual = { cron: "0 1 * * *", zone: "Europe/Berlin", digestAt: 480, quiet: true, missed: "skip" };
    const expected: Record<string, unknown> = { ...usual, ...differs };
    if (expected["digestAt"] === undefined) delete expected["digestAt"];
    expect(schedule).toEqual(expected);
    expect([id, createdAtMs]).toEqual(["sc-test1", NOW_MS]);
    expect(request).toEqual({
      command: "check web-0 db-0 6h",
      cluster: "prod",
      from: { kind: "pod", namespace: "shop", name: "web-0" },
      to: { kind: "pod", namespace: "shop", name: "db-0" },
      durationMs: 6 * 3_600_000,
      language: "en",
      // Runs and digests stand in the channel, wherever it was asked for.
      slack: { team: "T0HOME", channel: "C0OPS", user: "U0ALICE" },
    });
  });

  test("the word check may be left out, and the language of the line is that of every run", async () => {
    const { request, zone } = await scheduled('schedule "0 1 * * *" web-0 db-0:5432 lang=zh');
    expect(request).toMatchObject({ command: "web-0 db-0:5432 lang=zh", language: "zh", to: { port: 5432 } });
    expect(zone).toBe("UTC");
  });

  test("the answer says when the next three runs are, on the clocks of the zone", async () => {
    const { say } = desk();
    const text = await say('schedule "0 1 * * *" tz=Europe/Berlin web-0 db-0 6h');
    expect(text).toContain("Scheduled as sc-test1: web-0 db-0 6h, 6 h.");
    expect(text).toContain("Next runs in Europe/Berlin: 2026-11-27 01:00 · 2026-11-28 01:00 · 2026-11-29 01:00.");
    expect(text).toContain("The digest comes at 08:00.");
  });

  test("the same command delivered again makes one schedule", async () => {
    const { schedules, say } = desk();
    await say('schedule "0 1 * * *" web-0 db-0', { once: "t" });
    const again = await say('schedule "0 1 * * *" web-0 db-0', { once: "t" });
    expect(again).toContain("sc-test1 was already made by this command");
    expect(schedules.all.size).toBe(1);
  });

  test.each([
    ['schedule "0 25 * * *" web-0 db-0', "25", "25 cannot be the hour", undefined],
    ['schedule "0 22-6 * * *" web-0 db-0', "22-6", "runs backwards", 'schedule "0 22-23,0-6 * * *" web-0 db-0'],
    ['schedule "0 1 31 2 *" web-0 db-0', "31", "never fires", 'schedule "0 1 29 2 *" web-0 db-0'],
    ['schedule "0 1 * *" web-0 db-0', '"0 1 * *"', "five fields", undefined],
    ['schedule "@daily" web-0 db-0', "@daily", "nickname", 'schedule "0 0 * * *" web-0 db-0'],
    ['schedule "0 0 1 * * *" web-0 db-0', '"0 0 1 * * *"', "five fields", 'schedule "0 1 * * *" web-0 db-0'],
    ['schedule "0 1 * * * web-0 db-0', '"0', "no closing quotation mark", undefined],
    ["schedule web-0 db-0 6h", "web-0", "The pattern is missing", 'schedule "0 1 * * *" web-0 db-0 6h'],
    ["schedule", "", "The pattern is missing", 'schedule "0 1 * * *" web-0 db-0 10m'],
    ['schedule "0 1 * * *"', "", "What is to run?", 'schedule "0 1 * * *" web-0 db-0 10m'],
    [
      'schedule "0 1 * * *" tz=Europe/Berln web-0 db-0',
      "tz=europe/berln",
      "no time zone europe/berln",
      'schedule "0 1 * * *" tz=Europe/Berlin web-0 db-0',
    ],
    [
      'schedule "0 1 * * *" --tz berlin web-0 db-0',
      "berlin",
      "no time zone berlin",
      'schedule "0 1 * * *" --tz Europe/Berlin web-0 db-0',
    ],
    ['schedule "0 1 * * *" tz=cet web-0 db-0', "tz=cet", "no time zone cet", undefined],
    ['schedule "0 1 * * *" tz= web-0 db-0', "tz=", "has no value", undefined],
    ['schedule "0 1 * * *" tz=utc tz=utc web-0 db-0', "tz=utc", "twice", undefined],
    [
      'schedule "0 1 * * *" digest=8 web-0 db-0',
      "digest=8",
      "8 is not a time of day",
      'schedule "0 1 * * *" digest=08:00 web-0 db-0',
    ],
    ['schedule "0 1 * * *" digest=24:00 web-0 db-0', "digest=24:00", "24:00 is not a time of day", undefined],
    [
      'schedule "0 1 * * *" quiet=maybe web-0 db-0',
      "quiet=maybe",
      "quiet is yes or no, not maybe",
      'schedule "0 1 * * *" quiet=yes web-0 db-0',
    ],
    ['schedule "0 1 * * *" missed=later web-0 db-0', "missed=later", "missed is skip or run, not later", undefined],
    ['schedule "* * * * *" web-0 db-0', '"* * * * *"', "fires every 60 s; a schedule may run every 5 min", undefined],
    [
      'schedule "0,2 * * * *" web-0 db-0',
      '"0,2 * * * *"',
      "fires every 2 min; a schedule may run every 5 min",
      undefined,
    ],
    ['schedule "*/30 * * * *" web-0 db-0 30m', '"*/30 * * * *"', "every 30 min, but its check lasts 30 min", undefined],
    ['schedule "0 */6 * * *" web-0 db-0 6h', '"0 */6 * * *"', "every 6 h, but its check lasts 6 h", undefined],
    ['schedule "0 1 * * *" status', "status", "status cannot be scheduled", 'schedule "0 1 * * *" check'],
    ['schedule "0 1 * * *" schedule "0 1 * * *" web-0 db-0', "schedule", "schedule cannot be scheduled", undefined],
    ['schedule "0 1 * * *" web-0 dbb-0', "dbb-0", "There is no pod dbb-0", undefined],
    ['schedule "0 1 * * *" web-0', "", "The second end is missing", undefined],
    ['schedule "0 1 * * *" web-0 db-0 9h', "9h", "8 h", undefined],
    ['schedule "0 1 * * *" web-0 db-0 speed=1', "speed=1", "no option speed", undefined],
  ])("%s is refused", async (line, at, says, nearest) => {
    const error = await refusal(line);
    const pointer = pointerOf(error);
    expect(inWords(fullText(error))).toContain(says);
    expect(inWords(error.text, "zh")).toMatch(/[\u4e00-\u9fff]/);
    expect(pointer?.line.slice(pointer.start, pointer.end)).toBe(at);
    if (nearest !== undefined) expect(pointer?.nearest).toContain(nearest);
  });
});

test("every line that a refusal proposes is accepted", async () => {
  for (const line of [
    'schedule "0 22-6 * * *" web-0 db-0 5m',
    'schedule "5/15 * * * *" web-0 db-0 1m',
    "schedule web-0 db-0 1m",
    'schedule "0 1 * * *" tz=new_york web-0 db-0 1m',
  ]) {
    const nearest = pointerOf(await refusal(line))?.nearest ?? [];
    expect(nearest.length).toBeGreaterThan(0);
    for (const proposed of nearest) expect((await scheduled(proposed)).request.durationMs).toBeLessThan(600_000);
  }
});

describe("the life of a schedule", () => {
  test.each([
    [
      "en",
      [
        "Nothing is scheduled.",
        "sc-test1 rests. /netcheck resume sc-test1 lets it run again.",
        "sc-test1 is paused already.",
        "sc-test1 runs again, next at 2026-11-26 12:00 (UTC).",
        "sc-test1 is not paused.",
        "sc-test1 has ended and does not run again.",
        "There is no schedule sc-test1.",
      ],
    ],
    [
      "zh",
      [
        "没有安排任何定时检查。",
        "sc-test1 已暂停。用 /netcheck resume sc-test1 恢复。",
        "sc-test1 已经是暂停状态。",
        "sc-test1 已恢复，下次运行 2026-11-26 12:00 (UTC)。",
        "sc-test1 没有暂停。",
        "sc-test1 已结束，不再运行。",
        "没有定时检查 sc-test1。",
      ],
    ],
  ] as const)("pause, resume, unschedule, schedules: %s", async (language, says) => {
    const { say } = desk({ language });
    const texts = [await say("schedules")];
    await say('schedule "0 1 * * *" web-0 db-0');
    for (const line of ["pause sc-test1", "pause test1", "resume sc-test1", "resume sc-test1", "unschedule sc-test1"])
      texts.push(await say(line));
    for (const line of ["unschedule sc-test1", "pause sc-test1", "resume sc-test1"])
      expect(await say(line)).toBe(says.at(-1));
    expect([...texts, says.at(-1)]).toEqual(says);
  });

  test.each([
    ["pause", "Which schedule? An id is missing.", ["pause sc-test1"]],
    ["resume one two", "One schedule at a time.", ["resume one"]],
    ["unschedule sc-!", "sc-! is not the id of a schedule.", []],
    ["schedules all", "Nothing follows this word; it lists all schedules.", ["schedules"]],
  ])("%s is refused", async (line, says, nearest) => {
    const { say } = desk();
    await say('schedule "0 1 * * *" web-0 db-0');
    const error = await say(line).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NetcheckError);
    expect((error as NetcheckError).message).toContain(says);
    expect(pointerOf(error)?.nearest).toEqual(nearest);
  });
});

describe("compare", () => {
  test.each([
    ["compare nc-4f2a last-good", "It got worse."],
    ["compare last-good 4f2a", "It got worse."],
    ["diff nc-4f2a nc-good", "It got worse."],
    ["compare nc-good nc-4f2a", "It got worse."],
    ["compare nc-4f2a nc-4f2a", "Nothing changed beyond chance."],
    ["compare nc-gone last-good", "There is no report of nc-gone"],
    ["compare nc-4f2a nc-gone", "There is no report of nc-gone"],
    ["compare nc-good last-good", "No earlier check of shop/web-0 → shop/db-0 that is kept was healthy."],
  ])("%s", async (line, says) => expect(await desk().say(line)).toContain(says));

  test.each([
    ["compare", "Two checks are needed.", "compare nc-4f2a last-good"],
    ["compare nc-4f2a", "Two checks are needed.", "compare nc-4f2a last-good"],
    ["compare nc-4f2a nc-good nc-x", "Two checks at a time.", "compare nc-4f2a nc-good"],
    ["compare nc-4f2a lastgood!", "lastgood! is not the id of a check.", "compare nc-4f2a last-good"],
  ])("%s is refused", async (line, says, nearest) => {
    const error = await refusal(line);
    expect(error.message).toContain(says);
    expect(pointerOf(error)?.nearest).toContain(nearest);
  });
});
