import { z } from "zod";
import { placeText } from "./place.ts";
import { type Report, reportSchema } from "./report.ts";

/** What stays of a report when many are compared: small enough to keep for every run of a schedule. */
export const summarySchema = z.object({
  check: z.string(),
  /** The asked path, as the report names it. */
  from: z.string(),
  to: z.string(),
  cluster: z.string(),
  status: reportSchema.shape.status,
  verdict: z.string(),
  window: reportSchema.shape.window,
  /** The asked path in both directions: packets, and the round trips of the slower direction in milliseconds. */
  sent: z.number(),
  lost: z.number(),
  p50Ms: z.number().optional(),
  p99Ms: z.number().optional(),
  causes: z.array(z.object({ cause: z.string(), title: z.string(), where: z.string() })),
  gaps: z.number(),
  /** Share of what was asked that was observed, 0 to 1. */
  coverage: z.number(),
});
export type Summary = z.infer<typeof summarySchema>;

const MAX_CAUSES = 8;

/** Pings of the asked path count; where it has none, whatever else was sent along it. */
export function summarise(report: Report): Summary {
  const { check, from, to, cluster, status, verdict, window } = report;
  const along = report.measurements.filter(
    ({ part, path, largestBytes }) => part === "end-to-end" && path === undefined && largestBytes === undefined,
  );
  const pings = along.filter(({ probe }) => probe === "ping");
  const counted = pings.length > 0 ? pings : along;
  const p50s = counted.flatMap(({ rttMs }) => rttMs?.p50 ?? []);
  const p99s = counted.flatMap(({ rttMs }) => rttMs?.p99 ?? []);
  return {
    ...{ check, from, to, cluster, status, verdict, window },
    sent: counted.reduce((sum, one) => sum + one.sent, 0),
    lost: counted.reduce((sum, one) => sum + one.lost, 0),
    ...(p50s.length > 0 && { p50Ms: Math.max(...p50s) }),
    ...(p99s.length > 0 && { p99Ms: Math.max(...p99s) }),
    causes: report.causes
      .slice(0, MAX_CAUSES)
      .map(({ cause, title, where }) => ({ cause, title, where: placeText(where) })),
    gaps: report.gaps.length,
    coverage: report.coverage.share,
  };
}
