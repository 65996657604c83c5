type DateStyle = Intl.DateTimeFormatOptions;

const long: DateStyle = { weekday: "long", month: "long", day: "numeric", year: "numeric" };
const medium: DateStyle = { month: "long", day: "numeric", year: "numeric" };
const short: DateStyle = { month: "short", day: "numeric", year: "numeric" };
const clock: DateStyle = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export type Clock = {
  /** Unix milliseconds; decides about "today" and "5 minutes ago". */
  readonly nowMs: number;
  /** IANA name; the browser's own zone when absent. */
  readonly timeZone?: string;
};

/** Fills Slack's date template ("{date_short} at {time}") in the reader's zone. `timestamp` is Unix seconds. */
export function formatSlackDate(timestamp: number, template: string, { nowMs, timeZone }: Clock): string {
  const date = new Date(timestamp * 1000);
  if (Number.isNaN(date.getTime())) return template;
  const zone = timeZone === undefined ? {} : { timeZone };
  const show = (style: DateStyle, locale = "en-US") =>
    new Intl.DateTimeFormat(locale, { ...style, ...zone }).format(date);
  const numeric = () => show({ year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");
  const pretty = (style: DateStyle) => nearDay(numeric(), nowMs, timeZone) ?? show(style);
  const fill: Record<string, () => string> = {
    date_num: numeric,
    date: () => show(medium),
    date_short: () => show(short),
    date_long: () => show(long),
    date_pretty: () => pretty(medium),
    date_short_pretty: () => pretty(short),
    date_long_pretty: () => pretty(long),
    time: () => show(clock, "en-GB"),
    time_secs: () => show({ ...clock, second: "2-digit" }, "en-GB"),
    ago: () => ago(timestamp * 1000, nowMs),
  };
  return template.replace(/\{([a-z_]+)\}/g, (token, name: string) => fill[name]?.() ?? token);
}

/** "today", "yesterday" or "tomorrow" for a day written as 2026-11-21; undefined for any other. */
function nearDay(day: string, nowMs: number, timeZone?: string): string | undefined {
  const format = new Intl.DateTimeFormat("en-CA", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  const dayMs = 86_400_000;
  if (day === format.format(nowMs)) return "today";
  if (day === format.format(nowMs - dayMs)) return "yesterday";
  return day === format.format(nowMs + dayMs) ? "tomorrow" : undefined;
}

function ago(atMs: number, nowMs: number): string {
  const seconds = Math.round((atMs - nowMs) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (Math.abs(seconds) < 60) return words.format(seconds, "second");
  if (Math.abs(seconds) < 3_600) return words.format(Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 86_400) return words.format(Math.round(seconds / 3_600), "hour");
  return words.format(Math.round(seconds / 86_400), "day");
}
