import type { Comparison } from "./compare.ts";
import { placeText } from "./place.ts";
import type { Plan } from "./plan.ts";
import type { Cause, Report } from "./report.ts";
import { counted, type Sentence, say, type Text } from "./sentence.ts";
import { durationText, msText } from "./units.ts";

type Seen = { readonly plan: Plan; readonly comparison: Comparison; readonly cancelled?: Text | undefined };

/**
 * The one sentence that says what is wrong, where and how sure; or that nothing is. The report's own texts are in its
 * language already.
 */
export function verdictText(report: Report, { plan, comparison, cancelled }: Seen): Sentence {
  const verdict = uncancelled(report, plan, comparison);
  return cancelled === undefined
    ? verdict
    : say("{verdict} The check was cancelled {how}.", { verdict, how: cancelled });
}

function uncancelled(report: Report, plan: Plan, comparison: Comparison): Sentence {
  const { causes, from, to } = report;
  const found = causesText(causes);
  if (found) return found;
  switch (report.status) {
    case "failed": {
      const why = report.gaps[0]?.reason ?? say("no measurement could be started");
      return say("Nothing was measured between {from} → {to}: {why}.", { from, to, why });
    }
    case "partial":
      return say("No fault seen between {from} → {to} in what could be measured: {coverage}", {
        from,
        to,
        coverage: report.coverage.text,
      });
    case "broken":
    case "degraded": {
      const worst = [...comparison.loss, ...comparison.late].find(({ onPath }) => onPath);
      return worst
        ? say("Loss or delay confirmed between {from} → {to} at {place}; the cause could not be determined.", {
            from,
            to,
            place: placeText(worst.place),
          })
        : say("Loss or delay confirmed between {from} → {to}; the cause could not be determined.", { from, to });
    }
    case "healthy":
      return say("No fault between {from} → {to}: {numbers}.", { from, to, numbers: healthyNumbers(report, plan) });
  }
}

/** The verdict on what was found, the first of it in full; undefined where nothing was. */
export function causesText([cause, ...others]: readonly Cause[]): Sentence | undefined {
  if (!cause) return undefined;
  const said = {
    title: cause.title,
    place: placeText(cause.where),
    confidence: say(cause.confidence),
    because: cause.because[0] ?? "",
  };
  return others.length === 0
    ? say("{title} at {place} ({confidence}): {because}.", said)
    : say("{title} at {place} ({confidence}): {because}; {others} found.", {
        ...said,
        others: counted(others.length, "further cause"),
      });
}

/** The verdict of a check that ended before anything was measured. */
export function nothingText(why: Text | undefined, cancelled: Text | undefined): Sentence {
  if (cancelled !== undefined) return say("Nothing was measured: cancelled {how}.", { how: cancelled });
  return why === undefined ? say("Nothing was measured.") : say("Nothing was measured: {why}.", { why });
}

/** Loss, time and latency of the asked path, and how much was measured. */
export function healthyNumbers({ measurements, window }: Report, plan: Plan): Sentence {
  const asked = measurements.filter(({ part }) => part === "end-to-end");
  const pings = asked.filter(({ probe }) => probe === "ping");
  const rows = pings.length > 0 ? pings : asked;
  const rtt = rows[0]?.rttMs;
  const numbers = {
    lost: rows.reduce((sum, row) => sum + row.lost, 0),
    sent: counted(
      rows.reduce((sum, row) => sum + row.sent, 0),
      "packet",
    ),
    span: durationText(window.endMs - window.startMs),
    legs: counted(plan.legs.length, "leg"),
  };
  return rtt
    ? say("{lost} of {sent} lost in {span} on {legs}, round trip p50 {p50}, p99 {p99}", {
        ...numbers,
        p50: msText(rtt.p50),
        p99: msText(rtt.p99),
      })
    : say("{lost} of {sent} lost in {span} on {legs}", numbers);
}
