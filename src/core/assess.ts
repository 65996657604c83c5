import { isBeyond, type Part, withOtherEnd } from "./across.ts";
import { diagnose, firstFinding } from "./diagnose.ts";
import type { EvidenceSet } from "./evidence.ts";
import { pingEvidence, tcpEvidence } from "./leg-evidence.ts";
import { placeText } from "./place.ts";
import type { Gap, Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import type { Rule } from "./rule.ts";
import { inWords } from "./sentence.ts";

/** What is known while a check still runs. `key` tells one finding from another, `text` is shown. */
export type Assessed = {
  readonly finding?: { readonly key: string; readonly text: string };
  readonly soFar?: Progress["soFar"];
};

/** A diagnosis of what is known so far, reduced to what the progress line shows. Cheap enough for every second. */
export function assess(
  seen: {
    readonly request: Part;
    readonly plan: Plan;
    readonly evidence: EvidenceSet;
    readonly gaps: readonly Gap[];
  },
  rules: readonly Rule[],
): Assessed {
  const report = diagnose({ ...seen, rules });
  const text = firstFinding(report);
  const [cause] = report.causes;
  const { otherEnd, cluster, language } = seen.request;
  // The way back was asked by nobody: whether it should work at all shows when the other part is known.
  const isAsked = otherEnd?.begins !== true;
  const soFar = isAsked ? soFarOf(seen.plan, seen.evidence) : undefined;
  const tells = text !== undefined && cause && (isAsked || !isBeyond(cause.where, seen.plan.to));
  const told = text === undefined ? "" : inWords(text, language);
  const named = otherEnd ? `${cluster}: ${withOtherEnd(told, seen.plan.to)}` : told;
  return {
    ...(tells ? { finding: { key: `${cause.cause} ${placeText(cause.where)}`, text: named } } : {}),
    ...(soFar ? { soFar } : {}),
  };
}

/** Loss and latency of the asked path, both directions together. */
function soFarOf({ legs }: Plan, evidence: EvidenceSet): Progress["soFar"] {
  const endToEnd = legs.filter(({ part }) => part === "end-to-end");
  const pings = endToEnd.flatMap(({ id }) => evidence.get(pingEvidence, id) ?? []);
  const connects = endToEnd.flatMap(({ id }) => evidence.get(tcpEvidence, id) ?? []);
  const rows =
    pings.length > 0
      ? pings.map(({ sent, lost, rttMs }) => ({ sent, lost, rttMs }))
      : connects.map(({ sent, outcomes, connectMs }) => ({
          sent,
          lost: sent - (outcomes.connected ?? 0),
          rttMs: connectMs,
        }));
  if (rows.length === 0) return undefined;
  const p50Ms = rows[0]?.rttMs?.p50;
  const slowest = Math.max(...rows.flatMap(({ rttMs }) => (rttMs ? [rttMs.max] : [])));
  return {
    sent: rows.reduce((sum, { sent }) => sum + sent, 0),
    lost: rows.reduce((sum, { lost }) => sum + lost, 0),
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(Number.isFinite(slowest) ? { maxMs: slowest } : {}),
  };
}
