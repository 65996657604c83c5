const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A duration in milliseconds as kubectl prints ages: `90s`, `5m3s`, `42m`, `7h5m`, `30h`, `3d4h`, `200d`, `3y`. */
export function humanDuration(ms: number): string {
  if (ms < 0) return "0s";
  if (ms < 2 * MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < 10 * MINUTE) return two(ms, { unit: MINUTE, name: "m", rest: SECOND, restName: "s" });
  if (ms < 3 * HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 8 * HOUR) return two(ms, { unit: HOUR, name: "h", rest: MINUTE, restName: "m" });
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)}h`;
  if (ms < 8 * DAY) return two(ms, { unit: DAY, name: "d", rest: HOUR, restName: "h" });
  if (ms < 2 * YEAR) return `${Math.floor(ms / DAY)}d`;
  if (ms < 8 * YEAR) return two(ms, { unit: YEAR, name: "y", rest: DAY, restName: "d" });
  return `${Math.floor(ms / YEAR)}y`;
}

type Units = { readonly unit: number; readonly name: string; readonly rest: number; readonly restName: string };

function two(ms: number, { unit, name, rest, restName }: Units): string {
  const remainder = Math.floor((ms % unit) / rest);
  return `${Math.floor(ms / unit)}${name}${remainder > 0 ? `${remainder}${restName}` : ""}`;
}

/** Age of an RFC 3339 time. */
export const ageOf = (time: string, nowMs: number): string => humanDuration(nowMs - Date.parse(time));
