import { describe, expect, test } from "vitest";
import { parseCron } from "#src/core/cron.ts";
import { nextRun, nextRuns, shortestGapMs } from "#src/core/cron-times.ts";
import { inWords } from "#src/core/sentence.ts";
import { nearestZones, openZone, zoneTime } from "#src/core/zone.ts";

function cronOf(text: string) {
  const read = parseCron(text);
  if ("cron" in read) return read.cron;
  throw new Error(`${text}: ${inWords(read.problem)}`);
}
function zoneOf(name: string) {
  const zone = openZone(name);
  if (zone === undefined) throw new Error(`no zone ${name}`);
  return zone;
}
const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => from + n * step);

describe("fields", () => {
  test.each([
    ["0 1 * * *", { minutes: [0], hours: [1], days: range(1, 31), months: range(1, 12), weekdays: range(0, 6) }],
    ["*/15 8-18/2 1,15 jan-mar mon-fri", { minutes: [0, 15, 30, 45], hours: [8, 10, 12, 14, 16, 18], days: [1, 15] }],
    ["5,1,5 0 * january sunday", { minutes: [1, 5], months: [1], weekdays: [0] }],
    ["0 0 * * 7", { weekdays: [0] }],
    ["0 0 * * 5-7", { weekdays: [0, 5, 6] }],
    ["0 0 * * fri-sun", { weekdays: [0, 5, 6] }],
    ["0 0 * * sun-tue", { weekdays: [0, 1, 2] }],
    ["*/40 * * * *", { minutes: [0, 40] }],
    ["  0   1 * *  * ", { text: "0 1 * * *" }],
    ["0 0 1 * 1", { eitherDay: true }],
    ["0 0 */2 * 1", { eitherDay: false }],
    ["0 0 31 1,2 *", { days: [31], months: [1, 2] }],
    ["0 0 31 2 1", { eitherDay: true }],
  ])("%s", (text, expected) => expect(cronOf(text)).toMatchObject(expected));

  test.each([
    ["60 1 * * *", 0, "60 cannot be the minute: that is a number from 0 to 59.", undefined],
    ["0 24 * * *", 1, "24 cannot be the hour: that is a number from 0 to 23.", undefined],
    ["0 0 0 * *", 2, "0 cannot be the day of the month: that is a number from 1 to 31.", undefined],
    ["0 0 * 13 *", 3, "13 cannot be the month: that is a number from 1 to 12.", undefined],
    ["0 0 * * 8", 4, "8 cannot be the day of the week: that is a number from 0 to 7.", undefined],
    ["0 0 * foo *", 3, "foo cannot be the month", undefined],
    ["0 0 * janitor *", 3, "janitor cannot be the month", undefined],
    ["0 0 ? * mon", 2, "? cannot be the day of the month", "0 0 * * mon"],
    ["0 0 l * *", 2, "l cannot be the day of the month", undefined],
    ["0 0 * * 5#3", 4, "5#3 cannot be the day of the week", undefined],
    ["1,,2 0 * * *", 0, "1,,2 cannot be the minute", undefined],
    ["1- 0 * * *", 0, "1- cannot be the minute", undefined],
    ["1-2-3 0 * * *", 0, "1-2-3 cannot be the minute", undefined],
    ["*/5/5 0 * * *", 0, "*/5/5 cannot be the minute", undefined],
    ["-5 0 * * *", 0, "-5 cannot be the minute", undefined],
    ["1.5 0 * * *", 0, "1.5 cannot be the minute", undefined],
    ["0/15 * * * *", 0, "A step follows “*” or a range, not one number: 0/15.", "*/15 * * * *"],
    ["5/15 * * * *", 0, "A step follows", "5-59/15 * * * *"],
    ["*/0 * * * *", 0, "*/0 has no step that works: for the minute it is a number from 1 to 59.", undefined],
    ["*/60 * * * *", 0, "*/60 has no step that works", undefined],
    ["0 22-6 * * *", 1, "The range 22-6 runs backwards.", "0 22-23,0-6 * * *"],
    ["0 0 * * sat-mon", 4, "The range sat-mon runs backwards.", "0 0 * * sat-sat,sun-mon"],
    ["0 0 31 2 *", 2, "This pattern never fires: none of its months has a day 31.", "0 0 29 2 *"],
    ["0 0 31 4,6,9,11 *", 2, "never fires: none of its months has a day 31", "0 0 30 4,6,9,11 *"],
    ["0 1 * *", undefined, "This one has 4.", undefined],
    ["", undefined, "This one has 0.", undefined],
    ["0 0 1 * * *", undefined, "This one has 6.", "0 1 * * *"],
    ["@daily", undefined, "@daily is a nickname", "0 0 * * *"],
    ["@reboot", undefined, "This one has 1.", undefined],
  ])("%s is refused", (text, field, says, instead) => {
    const read = parseCron(text);
    if ("cron" in read) throw new Error("accepted");
    expect({ field: read.field, instead: read.instead }).toEqual({ field, instead });
    expect(inWords(read.problem)).toContain(says);
    expect(inWords(read.problem, "zh")).toMatch(/[\u4e00-\u9fff]/);
    if (instead !== undefined) expect(parseCron(instead)).toHaveProperty("cron");
  });
});

describe("clocks that are put forward and back", () => {
  /** Times of the zone's clocks with the distance from UTC, so that a doubled hour shows. */
  test.each([
    // Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
    [
      "an hour that is missing is made up for when it would be over",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T00:00Z",
      ["03-28T01:30Z", "03-29T01:30Z", "03-30T00:30Z"],
    ],
    [
      "an hour that comes twice counts the first time",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T00:00Z",
      ["10-24T00:30Z", "10-25T00:30Z", "10-26T01:30Z"],
    ],
    [
      "every hour passes over the missing one",
      "0 * * * *",
      "Europe/Berlin",
      "2026-03-29T00:00Z",
      ["03-29T01:00Z", "03-29T02:00Z", "03-29T03:00Z"],
    ],
    [
      "every half hour runs through both of the doubled one",
      "*/30 * * * *",
      "Europe/Berlin",
      "2026-10-24T23:45Z",
      ["10-25T00:00Z", "10-25T00:30Z", "10-25T01:00Z", "10-25T01:30Z", "10-25T02:00Z"],
    ],
    [
      "hours by name run once each",
      "0 1-4 * * *",
      "Europe/Berlin",
      "2026-10-24T22:00Z",
      ["10-24T23:00Z", "10-25T00:00Z", "10-25T02:00Z", "10-25T03:00Z"],
    ],
    [
      "what falls together on the missing hour is one run",
      "0 2,3 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00Z",
      ["03-29T01:00Z", "03-30T00:00Z"],
    ],
    // New York: 2026-03-08, 2026-11-01, 02:00 local both.
    ["New York in spring", "15 2 * * *", "America/New_York", "2026-03-08T00:00Z", ["03-08T07:15Z", "03-09T06:15Z"]],
    ["New York in autumn", "30 1 * * *", "America/New_York", "2026-11-01T00:00Z", ["11-01T05:30Z", "11-02T06:30Z"]],
    // Lord Howe: half an hour, 2026-10-04 02:00 → 02:30.
    [
      "a zone that moves by half an hour",
      "15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-03T00:00Z",
      ["10-03T15:45Z", "10-04T15:15Z"],
    ],
    // Cairo: midnight is missing on 2026-04-24.
    ["a midnight that is missing", "0 0 * * *", "Africa/Cairo", "2026-04-23T12:00Z", ["04-23T22:00Z", "04-24T21:00Z"]],
    ["a zone without summer time", "30 2 * * *", "Asia/Kolkata", "2026-03-28T00:00Z", ["03-28T21:00Z", "03-29T21:00Z"]],
    ["UTC", "30 2 * * *", "UTC", "2026-03-29T00:00Z", ["03-29T02:30Z", "03-30T02:30Z"]],
  ])("%s", (_, text, zone, after, expected) => {
    const runs = nextRuns(cronOf(text), zoneOf(zone), Date.parse(after), expected.length);
    expect(runs.map((at) => `${new Date(at).toISOString().slice(5, 16)}Z`)).toEqual(expected);
  });

  test("each moment is named once and in order, every ten minutes through both changes of a year", () => {
    const zone = zoneOf("Europe/Berlin");
    const cron = cronOf("*/10 * * * *");
    for (const change of [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)]) {
      const from = change - 2 * 86_400_000;
      const runs = nextRuns(cron, zone, from, 4 * 144);
      expect(runs).toEqual(runs.map((_, index) => from + (index + 1) * 600_000));
    }
  });

  test("a leap day is waited for, eight years if need be", () => {
    const next = nextRun(cronOf("0 0 29 2 *"), zoneOf("UTC"), Date.UTC(2096, 1, 29));
    expect(new Date(next ?? 0).toISOString()).toBe("2104-02-29T00:00:00.000Z");
  });
});

test.each([
  ["* * * * *", 1],
  ["*/5 * * * *", 5],
  ["0,58 * * * *", 2],
  ["0 1 * * *", 1_440],
  ["30 0,23 * * *", 60],
  // Monday night and Monday morning are not neighbours.
  ["30 0,23 * * 1", 1_380],
  ["30 0,23 * * mon,tue", 60],
  // The first of a month is next to no other first.
  ["0 0 1 * *", Number.POSITIVE_INFINITY],
  ["0 0 1 1 1", 1_440],
  ["0 0 29 2 *", Number.POSITIVE_INFINITY],
])("the shortest time between two runs of %s", (text, minutes) => {
  expect(shortestGapMs(cronOf(text)) / 60_000).toBe(minutes);
});

describe("zones", () => {
  test("their names are known in any case of letters", () => {
    expect(openZone("europe/berlin")?.name).toBe("Europe/Berlin");
    expect(openZone("utc")?.name).toBe("UTC");
    expect(openZone("america/argentina/buenos_aires")?.offsetMs(0)).toBe(-3 * 3_600_000);
  });
  test.each([["cet"], ["est"], ["+02:00"], ["berlin"], ["europe"], ["europe/"], ["mars/olympus"], [""]])(
    "%s is none",
    (typed) => expect(openZone(typed)).toBeUndefined(),
  );
  test.each([
    ["berlin", "Europe/Berlin"],
    ["europe/berln", "Europe/Berlin"],
    ["europe/berlin ", "Europe/Berlin"],
    ["germany/berlin", "Europe/Berlin"],
    ["asia/shangai", "Asia/Shanghai"],
    ["america/newyork", "America/New_York"],
    ["ut", "UTC"],
  ])("%s was probably %s", (typed, name) => expect(nearestZones(typed.trim())[0]).toBe(name));
  test("its clocks", () => {
    expect(zoneTime(Date.UTC(2026, 6, 1, 22, 30), zoneOf("Europe/Berlin"))).toBe("2026-07-02 00:30");
  });
});
