/** Milliseconds as people read them: `0.18 ms`, `12.4 ms`, `312 ms`, `2.4 s`. */
export function msText(ms: number): string {
  if (ms >= 1_000) return `${trimmed(ms / 1_000, 1)} s`;
  if (ms >= 100) return `${Math.round(ms)} ms`;
  if (ms >= 1) return `${trimmed(ms, 1)} ms`;
  return `${trimmed(ms, 2)} ms`;
}

/** A range of milliseconds: `200–400 ms`. */
export function msRangeText(low: number, high: number): string {
  const [a, b] = [msText(low), msText(high)];
  if (a === b) return a;
  const unit = a.split(" ")[1];
  return b.endsWith(` ${unit}`) ? `${a.slice(0, -1 - (unit?.length ?? 0))}–${b}` : `${a}–${b}`;
}

/** What a range of measured values was probably made of: two digits, or one where that is within 4 %. */
export function roundly(value: number): number {
  const one = Number(value.toPrecision(1));
  return Math.abs(one - value) <= 0.04 * value ? one : Number(value.toPrecision(2));
}

/** A share as per cent with one decimal: 0.2512 → `25.1 %`; tiny shares keep what makes them visible. */
export function percentText(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return `${percent.toPrecision(1)} %`;
  return `${trimmed(percent, 1)} %`;
}

/** Time of day in UTC with seconds: `02:03:32 UTC`. `ms` is Unix milliseconds. */
export function clockText(ms: number): string {
  const second = Math.floor(ms / 1_000) % 86_400;
  const two = (value: number): string => `${value}`.padStart(2, "0");
  return `${two(Math.floor(second / 3_600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)} UTC`;
}

/** A duration as people say it: `45 s`, `10 min`, `2 h 30 min`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function trimmed(value: number, decimals: number): string {
  return `${Number(value.toFixed(decimals))}`;
}
