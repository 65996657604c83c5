/** A time span as people read it: three digits at most, always with its unit. */
export function msText(ms: number): string {
  if (ms >= 60_000) return `${trim(ms / 60_000, 1)} min`;
  if (ms >= 1_000) return `${trim(ms / 1_000, ms >= 10_000 ? 1 : 2)} s`;
  return `${trim(ms, ms >= 100 ? 0 : ms >= 10 ? 1 : 2)} ms`;
}

/** A share in percent; what is lost is never rounded to 0 %, what is not all is never rounded to 100 %. */
export function percentText(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (100 * part) / whole;
  if (part > 0 && percent < 0.1) return "< 0.1 %";
  if (part < whole && percent > 99.9) return "> 99.9 %";
  return `${trim(percent, percent >= 10 ? 0 : 1)} %`;
}

/** A count with thousands separated: 60,000. */
export const countText = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");

/** A length of time as a clock shows it: 6:12, 1:06:12. */
export function elapsedText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A length of time in words: "10 min 4 s", "45 s". */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 3_600), "h"],
    [Math.floor((seconds % 3_600) / 60), "min"],
    [seconds % 60, "s"],
  ] as const;
  return (
    parts
      .filter(([amount]) => amount > 0)
      .map(([amount, unit]) => `${amount} ${unit}`)
      .join(" ") || "0 s"
  );
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
