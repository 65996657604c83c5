import { z } from "zod";
import { endsOf } from "./elements.ts";
import { defineEvidence, type EvidenceSet } from "./evidence.ts";
import type { Leg, Plan } from "./plan.ts";

/** A stretch of time, Unix milliseconds; without `fromMs` it began before the first reading, without `toMs` it lasted to the end. */
const outageSchema = z.object({ fromMs: z.number().optional(), toMs: z.number().optional() });
export type Outage = z.infer<typeof outageSchema>;

/**
 * When a pod may not have served, by the Kubernetes API. Subject: `pod/<ns>/<name>`. Declared here and not in the probes,
 * because comparing legs rests on it.
 */
export const podOutagesEvidence = defineEvidence(
  "pod-outages",
  z.object({
    /** The pod as it was first seen, or one of its containers that declare ports, may not have run. */
    down: z.array(outageSchema),
    /** It may not have been ready; includes `down`. */
    unready: z.array(outageSchema),
  }),
);
export type PodOutages = z.infer<typeof podOutagesEvidence.schema>;

/**
 * When what is lost on a leg says nothing of the network, because a pod at its end did not run: one that is only compared
 * with, or one of a Service's. Of the asked pods themselves that is a cause.
 */
export function absences(leg: Leg, plan: Plan, evidence: EvidenceSet): readonly Outage[] {
  const { from, to } = endsOf(leg, plan);
  return [from, to].flatMap((end) =>
    end?.role === "control" || (end?.role === "to" && plan.to.kind === "service")
      ? (evidence.get(podOutagesEvidence, end.id)?.down ?? [])
      : [],
  );
}

export function isDuring(outages: readonly Outage[], atMs: number): boolean {
  return outages.some(({ fromMs = 0, toMs = Number.POSITIVE_INFINITY }) => atMs >= fromMs && atMs <= toMs);
}

/**
 * The stretches in which something may have been out of order, by readings in the order of time: each lasts from the last
 * reading before that shows it well, to the first one after. `well` says whether it is, and not just again.
 */
export function outagesOf<T extends { readonly atMs: number }>(
  readings: readonly T[],
  well: (reading: T, before: T | undefined) => boolean,
): readonly Outage[] {
  const outages: Outage[] = [];
  let open: { fromMs?: number; toMs?: number } | undefined;
  for (const [index, reading] of readings.entries()) {
    const before = readings[index - 1];
    if (!open && !well(reading, before)) {
      open = before ? { fromMs: before.atMs } : {};
      outages.push(open);
    }
    if (open && well(reading, undefined)) {
      open.toMs = reading.atMs;
      open = undefined;
    }
  }
  return outages;
}
