/** Unix milliseconds of a Slack timestamp. */
export const atMs = (ts: string): number => Number.parseFloat(ts) * 1000;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
const weekday = new Intl.DateTimeFormat("en-US", { weekday: "long", month: "long", day: "numeric" });
const isoDay = new Intl.DateTimeFormat("en-CA");

export const clockTime = (ts: string): string => clock.format(atMs(ts));
export const fullTime = (ts: string): string => full.format(atMs(ts));

/** The local calendar day, as 2026-11-21. */
export const dayOf = (ts: string): string => isoDay.format(atMs(ts));

/** "Today", "Yesterday" or "Friday, November 20". */
export function dayName(ts: string, nowMs: number): string {
  if (dayOf(ts) === isoDay.format(nowMs)) return "Today";
  if (dayOf(ts) === isoDay.format(nowMs - 86_400_000)) return "Yesterday";
  return weekday.format(atMs(ts));
}
