import { captureKept, type Tap } from "#src/core/capture.ts";
import type { EvidenceSet } from "#src/core/evidence.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { Case } from "#src/core/rule.ts";
import { type Between, betweenTaps } from "#src/core/tap-hooks.ts";
import { serversOf } from "./captured-opens.ts";
import { isWhole, type SeenReset, tapFactsEvidence, tapsOf } from "./tap-evidence.ts";

/** A recording may have missed what came this close to its begin or end: so far clocks may be apart. */
const MARGIN_MS = 2_000;

/** Resets that nobody nearer to their alleged sender has seen. */
export type MiddleResets = {
  /** The first tap that saw them, and the nearest one on the sender's side, which did not. */
  readonly seen: Tap;
  readonly unseen: Tap;
  readonly between: Between;
  readonly count: number;
  /** One of them. */
  readonly example: SeenReset;
};

export type ResetOrigins = {
  /** Resets that were seen as they left the target itself, and where. */
  readonly own: { readonly count: number; readonly tap: Tap } | undefined;
  /** Most resets first. */
  readonly middle: readonly MiddleResets[];
};

/**
 * Who sent the resets that came in the name of a port: whoever is next to the first tap on their way. The tap must have
 * neighbours on the sender's side that recorded all and may not be passed by; a reset that they did not see was made between.
 * Refusals of connects (with no sequence number) are left out.
 */
export function resetOrigins(at: Vantage, port: number, { plan, evidence }: Case): ResetOrigins {
  const servers = serversOf(at, port, plan);
  const outwards = at.role === "to" ? tapsOf(evidence).toReversed() : [];
  const seen = outwards.map((tap) =>
    Map.groupBy(
      (evidence.get(tapFactsEvidence, tap.label)?.resets ?? []).filter(
        ({ from, sequence }) => servers.includes(from) && sequence !== 0,
      ),
      ({ sequence }) => sequence,
    ),
  );
  const middle = new Map<string, MiddleResets>();
  let own = 0;
  for (const sequence of new Set(seen.flatMap((resets) => [...resets.keys()]))) {
    const index = seen.findIndex((resets) => resets.has(sequence));
    const tap = outwards[index];
    const example = seen[index]?.get(sequence)?.[0];
    if (!tap || !example) continue;
    if (tap.netns === at.netns && index === 0) own++;
    const unseen = outwards.slice(0, index).findLast((nearer) => wouldSee(nearer, example.atMs, evidence));
    if (!unseen) continue;
    const key = `${unseen.label} ${tap.label}`;
    const count = (middle.get(key)?.count ?? 0) + 1;
    middle.set(key, { seen: tap, unseen, between: betweenTaps(unseen, tap, plan), count, example });
  }
  const [nearest] = outwards;
  return {
    own: nearest && own > 0 ? { count: own, tap: nearest } : undefined,
    middle: [...middle.values()].toSorted((a, b) => b.count - a.count),
  };
}

/** Whether a reset that passed a tap at that time would stand in its capture. */
function wouldSee(tap: Tap, atMs: number, evidence: EvidenceSet): boolean {
  const kept = evidence.get(captureKept, tap.label);
  const facts = evidence.get(tapFactsEvidence, tap.label);
  if (!kept || !facts || tap.mayBeSkipped || !isWhole(tap, evidence)) return false;
  const { resetCount, resets } = facts;
  const listedMs = resetCount > resets.length ? (resets.at(-1)?.atMs ?? 0) : Number.POSITIVE_INFINITY;
  if (atMs > listedMs - MARGIN_MS) return false;
  return atMs > kept.fromMs + MARGIN_MS && atMs < kept.toMs - MARGIN_MS;
}
