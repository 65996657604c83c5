import type { Cron } from "./cron.ts";
import type { Zone } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Zones reach from 12 h behind UTC to 14 h ahead of it. */
const AHEAD_MS = 14 * 3_600_000;
const BEHIND_MS = 12 * 3_600_000;
/** The longest wait for a 29th of February, around a century that is no leap year. */
const HORIZON_DAYS = 8 * 366 + 2;

/**
 * The first moment after `afterMs` at which the pattern fires in the zone, Unix milliseconds. A clock time that is missing
 * because the clocks go forward fires as late as they go forward (02:30 at 03:30). One that comes twice fires the first time.
 * A pattern for every hour follows elapsed time instead: nothing for the missing hour, both for the doubled one.
 */
export function nextRun(cron: Cron, zone: Zone, afterMs: number): number | undefined {
  const local = afterMs + zone.offsetMs(afterMs);
  // One day early: what the evening before has missed may be made up for after midnight.
  const firstDay = Math.floor(local / DAY_MS) - 1;
  for (let day = firstDay; day <= firstDay + HORIZON_DAYS; day++) {
    if (!firesOn(cron, day)) continue;
    const found = instants(cron, zone, day * DAY_MS, afterMs);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The next moments, at most `count`. */
export function nextRuns(cron: Cron, zone: Zone, afterMs: number, count: number): readonly number[] {
  const runs: number[] = [];
  let at: number | undefined = afterMs;
  while (runs.length < count) {
    at = nextRun(cron, zone, at);
    if (at === undefined) break;
    runs.push(at);
  }
  return runs;
}

/** The shortest time between two runs on clocks that are never put forward or back, milliseconds. */
export function shortestGapMs(cron: Cron): number {
  const times = clockTimes(cron);
  let shortest = Number.POSITIVE_INFINITY;
  for (let index = 1; index < times.length; index++)
    shortest = Math.min(shortest, (times[index] ?? 0) - (times[index - 1] ?? 0));
  // Two days in a row, if the pattern ever has them; 28 years hold every combination of date and weekday but those of 2100.
  const overNight = (times[0] ?? 0) + 24 * 60 - (times.at(-1) ?? 0);
  if (overNight < shortest && hasNeighbours(cron)) shortest = overNight;
  return shortest * MINUTE_MS;
}

function hasNeighbours(cron: Cron): boolean {
  let before = false;
  for (let day = 0; day < 28 * 366; day++) {
    const fires = firesOn(cron, day);
    if (fires && before) return true;
    before = fires;
  }
  return false;
}

/** Minutes after midnight at which it fires, ascending. */
const clockTimes = ({ hours, minutes }: Cron): readonly number[] =>
  hours.flatMap((hour) => minutes.map((minute) => 60 * hour + minute));

/** Whether the pattern has this date; `day` counts from 1970-01-01. */
function firesOn({ days, months, weekdays, eitherDay }: Cron, day: number): boolean {
  const date = new Date(day * DAY_MS);
  if (!months.includes(date.getUTCMonth() + 1)) return false;
  const byDate = days.includes(date.getUTCDate());
  const byWeekday = weekdays.includes(date.getUTCDay());
  return eitherDay ? byDate || byWeekday : byDate && byWeekday;
}

/** The first moment of one date after `afterMs`; `midnightMs` is its midnight as if the zone were UTC. */
function instants(cron: Cron, zone: Zone, midnightMs: number, afterMs: number): number | undefined {
  const before = zone.offsetMs(midnightMs - AHEAD_MS);
  const after = zone.offsetMs(midnightMs + DAY_MS + BEHIND_MS);
  const wallTimes = clockTimes(cron).map((minute) => midnightMs + minute * MINUTE_MS);
  if (before === after) return wallTimes.map((wall) => wall - before).find((at) => at > afterMs);
  const everyHour = cron.hours.length === 24;
  const all = wallTimes.flatMap((wall) => {
    const right = [wall - before, wall - after]
      .filter((at) => wall - zone.offsetMs(at) === at)
      .toSorted((a, b) => a - b);
    if (right.length === 0) return everyHour ? [] : [wall - before];
    return everyHour ? right : right.slice(0, 1);
  });
  return all.filter((at) => at > afterMs).toSorted((a, b) => a - b)[0];
}
