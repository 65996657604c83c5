import { z } from "zod";
import { type Evidence, EvidenceSet } from "../core/evidence.ts";
import { type Plan, planSchema } from "../core/plan.ts";
import type { Measured } from "../core/progress.ts";
import { unpack } from "./packed.ts";

const MAX_EVIDENCE_BYTES = 64 * 1024 * 1024;
const evidenceSchema = z.array(
  z.object({ kind: z.string(), subject: z.string(), atMs: z.number(), data: z.unknown() }),
);

export type MeasuredEvidence = {
  readonly plan: Plan;
  readonly all: readonly Evidence[];
  readonly set: EvidenceSet;
};

/** What a cluster's part of a check brought, parsed; undefined when it ended before anything was planned or measured. */
export async function measuredEvidence(part: Measured | undefined): Promise<MeasuredEvidence | undefined> {
  if (!part?.plan || part.evidence === undefined) return undefined;
  const plan = planSchema.parse(part.plan);
  const all: readonly Evidence[] = evidenceSchema.parse(await unpack(part.evidence, { maxBytes: MAX_EVIDENCE_BYTES }));
  return { plan, all, set: new EvidenceSet(all) };
}
