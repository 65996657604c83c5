import type { Anomaly } from "./anomaly.ts";
import { packetsOf } from "./leg-packets.ts";
import type { Case } from "./rule.ts";
import { ascending, quantile } from "./stats.ts";

/** Echoes that left this close to each other meet the same queue, unless it is nearly empty. */
const NEAR_MS = 15;
/** Pairs that are needed to say anything. */
const MIN_PAIRS = 30;
/**
 * Waits have to vary by this much, by this part of themselves (round trips are known to about 4 %), and by so many times
 * what legs that do not cross the place vary by: a busy machine makes neighbours late alike as well.
 */
const MIN_SPREAD_MS = 8;
const MIN_SPREAD = 0.25;
const TIMES_ELSEWHERE = 3;
/** In one queue, neighbours differ by less than this part of what any two packets differ by. */
const ALIKE = 0.4;

/**
 * Whether packets of different legs that crossed the place at the same moment waited equally long, while the wait
 * itself changed with time: then all of them stood in one queue. A delay that is drawn for each packet anew is not alike;
 * a constant one does not vary and says nothing (undefined).
 */
export function sharedWait(
  { own, legs, extraMs }: Anomaly,
  { plan, evidence }: Case,
): { readonly alike: boolean; readonly nearMs: number; readonly anyMs: number } | undefined {
  const normal = extraMs?.normal ?? 0;
  const packets = packetsOf(plan, evidence);
  const echoes = packets
    .filter(({ leg }) => own.includes(leg.id))
    .flatMap(({ leg, leftMs, rttMs }) =>
      rttMs.flatMap((ms, index) =>
        ms === undefined ? [] : [{ id: leg.id, atMs: leftMs[index] ?? 0, waited: ms - normal }],
      ),
    )
    .toSorted((a, b) => a.atMs - b.atMs);
  const near: number[] = [];
  const any: number[] = [];
  for (const [index, { id, atMs, waited }] of echoes.entries()) {
    const next = echoes[index + 1];
    if (!next || next.id === id || next.atMs - atMs > NEAR_MS) continue;
    near.push(Math.abs(next.waited - waited));
    const far = echoes[(index + Math.floor(echoes.length / 2)) % echoes.length];
    if (far) any.push(Math.abs(far.waited - waited));
  }
  const waits = spreadOf(echoes.map(({ waited }) => waited));
  const elsewhere = packets.flatMap(({ leg, rttMs, floorMs = 0 }) =>
    legs.includes(leg.id) ? [] : rttMs.flatMap((ms) => (ms === undefined ? [] : [ms - floorMs])),
  );
  const least = Math.max(MIN_SPREAD_MS, MIN_SPREAD * waits.mid, TIMES_ELSEWHERE * spreadOf(elsewhere).wide);
  if (near.length < MIN_PAIRS || waits.wide < least) return undefined;
  const nearMs = quantile(ascending(near), 0.5) ?? 0;
  const anyMs = quantile(ascending(any), 0.5) ?? 0;
  return { alike: anyMs > 0 && nearMs <= ALIKE * anyMs, nearMs, anyMs };
}

function spreadOf(values: readonly number[]): { readonly mid: number; readonly wide: number } {
  const sorted = ascending(values);
  const [low = 0, mid = 0, high = 0] = [0.1, 0.5, 0.9].map((q) => quantile(sorted, q) ?? 0);
  return { mid, wide: high - low };
}
