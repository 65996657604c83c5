import { percentText } from "#src/core/units.ts";

/** A part of a whole in percent: what is lost is never rounded to nothing, what is not all is never rounded to all. */
export function partText(part: number, whole: number): string {
  if (whole === 0) return "–";
  const share = part / whole;
  return part < whole && share > 0.999 ? "> 99.9 %" : percentText(share);
}

/** A count with thousands separated: 60,000. */
export const thousands = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");

/** A length of time as a clock shows it: 6:12, 1:06:12. */
export function elapsedText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
