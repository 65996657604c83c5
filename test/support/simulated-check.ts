import type { Report } from "#src/core/report.ts";
import { reportOf, type SeenByCheck } from "#src/store/stored-check.ts";
import { everyNth, play, requestFor } from "../core/simulate.ts";

/** A check with a finding: what it saw, and its report as it reads when it is kept. */
export function simulatedCheck(id: string): { readonly seen: SeenByCheck; readonly report: Report } {
  const { plan, evidence } = play({ faults: [everyNth("graz", 4, [200, 400])] });
  const { slack: _, schedule: __, ...request } = requestFor(20);
  const seen: SeenByCheck = JSON.parse(
    JSON.stringify({ request: { ...request, id }, plan, gaps: plan.gaps, evidence: evidence.toArray() }),
  );
  return { seen, report: JSON.parse(JSON.stringify(reportOf(seen))) };
}
