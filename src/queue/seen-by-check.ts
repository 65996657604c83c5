import type { CheckRequest } from "../core/check.ts";
import type { Measured } from "../core/progress.ts";
import { say } from "../core/sentence.ts";
import { type SeenByCheck, seenSchema } from "../store/stored-check.ts";
import { unpack } from "./packed.ts";

const MAX_EVIDENCE_BYTES = 64 * 1024 * 1024;

/** What a cluster's part of a check brought, parsed; undefined when it ended before anything was planned or measured. */
export async function seenByCheck(
  request: CheckRequest,
  { plan, evidence, gaps, ended }: Measured,
): Promise<SeenByCheck | undefined> {
  if (!plan || evidence === undefined) return undefined;
  return seenSchema.parse({
    request,
    plan,
    gaps,
    ...(ended?.code === "cancelled" && { cancelled: say("before its end") }),
    evidence: await unpack(evidence, { maxBytes: MAX_EVIDENCE_BYTES }),
  });
}
