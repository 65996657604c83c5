import type { CheckRequest } from "../core/check.ts";
import type { Gap } from "../core/plan.ts";
import type { Measured } from "../core/progress.ts";
import { say } from "../core/sentence.ts";
import { type SeenByCheck, seenSchema } from "../store/stored-check.ts";
import { unpack } from "./packed.ts";

const MAX_EVIDENCE_BYTES = 64 * 1024 * 1024;

/**
 * What a check brought, parsed; undefined when it ended before anything was planned or measured. Of a check between two clusters there
 * may be one part only: what became of the other one is a gap.
 */
export async function seenByCheck(
  request: CheckRequest,
  measured: readonly Measured[],
): Promise<SeenByCheck | undefined> {
  if (!measured.some(({ plan, evidence }) => plan && evidence !== undefined)) return undefined;
  const of = (cluster: string) =>
    seenBy(
      cluster,
      measured.find((part) => part.cluster === cluster),
    );
  const { cluster, toCluster } = request;
  const second = toCluster === undefined ? {} : { second: await of(toCluster) };
  return seenSchema.parse({ request, ...(await of(cluster)), ...second });
}

async function seenBy(cluster: string, part: Measured | undefined) {
  const { plan, evidence, gaps = [], ended } = part ?? {};
  const why: Gap = {
    ...{ probe: "cluster", subject: `cluster/${cluster}` },
    reason: ended?.text ?? say("internal error, see the worker's log"),
  };
  if (!plan || evidence === undefined) return { gaps: [...gaps, why], evidence: [] };
  return {
    plan,
    gaps,
    ...(ended?.code === "cancelled" && { cancelled: say("before its end") }),
    evidence: await unpack(evidence, { maxBytes: MAX_EVIDENCE_BYTES }),
  };
}
