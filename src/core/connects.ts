import type { LegResult } from "./compare.ts";
import type { EvidenceSet } from "./evidence.ts";
import { tcpEvidence, tcpOutcomes } from "./leg-evidence.ts";
import { isDuring, type Outage } from "./outage.ts";

/** Connects along one leg: how many ended, how many were refused, how many did not connect at all. */
export type Connects = { readonly sent: number; readonly refused: number; readonly failed: number };

/** The connects of a leg that were tried within, or outside of, some stretches of time. */
export function connectsOf(
  { leg }: LegResult,
  evidence: EvidenceSet,
  { outages, within }: { readonly outages: readonly Outage[]; readonly within: boolean },
): Connects {
  const data = evidence.get(tcpEvidence, leg.id);
  const outcomes = (data?.attempts ?? []).flatMap(([offsetMs, outcome]) =>
    isDuring(outages, (data?.startMs ?? 0) + offsetMs) === within ? (tcpOutcomes[outcome] ?? []) : [],
  );
  return {
    sent: outcomes.length,
    refused: outcomes.filter((outcome) => outcome === "refused").length,
    failed: outcomes.filter((outcome) => outcome !== "connected").length,
  };
}
