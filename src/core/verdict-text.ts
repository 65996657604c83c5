import type { Comparison } from "./compare.ts";
import { placeText } from "./place.ts";
import type { Plan } from "./plan.ts";
import type { Report } from "./report.ts";
import { countText, durationText, msText } from "./units.ts";

/** The one sentence that says what is wrong, where and how sure; or that nothing is. */
export function verdictText(
  report: Report,
  {
    plan,
    comparison,
    cancelled,
  }: { readonly plan: Plan; readonly comparison: Comparison; readonly cancelled?: string | undefined },
): string {
  const [cause, ...others] = report.causes;
  const ended = cancelled === undefined ? "" : ` The check was cancelled ${cancelled}.`;
  if (cause) {
    const more = others.length === 0 ? "" : `; ${countText(others.length, "further cause")} found`;
    return `${cause.title} at ${placeText(cause.where)} (${cause.confidence}): ${cause.because[0] ?? ""}${more}.${ended}`;
  }
  const path = `${report.from} → ${report.to}`;
  switch (report.status) {
    case "failed":
      return `Nothing was measured between ${path}: ${report.gaps[0]?.reason ?? "no measurement could be started"}.${ended}`;
    case "partial":
      return `No fault seen between ${path} in what could be measured: ${report.coverage.text}${ended}`;
    case "broken":
    case "degraded": {
      const worst = [...comparison.loss, ...comparison.late].find(({ onPath }) => onPath);
      const where = worst ? ` at ${placeText(worst.place)}` : "";
      return `Loss or delay confirmed between ${path}${where}; the cause could not be determined.${ended}`;
    }
    case "healthy":
      return `No fault between ${path}: ${healthyNumbers(report, plan)}.${ended}`;
  }
}

function healthyNumbers({ measurements, window }: Report, plan: Plan): string {
  const asked = measurements.filter(({ part }) => part === "end-to-end");
  const pings = asked.filter(({ probe }) => probe === "ping");
  const rows = pings.length > 0 ? pings : asked;
  const sent = rows.reduce((sum, row) => sum + row.sent, 0);
  const lost = rows.reduce((sum, row) => sum + row.lost, 0);
  const rtt = rows[0]?.rttMs;
  const speed = rtt ? `, round trip p50 ${msText(rtt.p50)}, p99 ${msText(rtt.p99)}` : "";
  return `${lost} of ${countText(sent, "packet")} lost in ${durationText(window.endMs - window.startMs)} on ${countText(plan.legs.length, "leg")}${speed}`;
}
