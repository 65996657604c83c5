import type { Trigger } from "./capture-triggers.ts";

/** A closed file of a recording, times by our clock. */
export type IndexedSegment = {
  readonly tap: string;
  readonly number: number;
  readonly bytes: number;
  readonly fromMs: number;
  readonly toMs: number;
};

/** What is kept of a recording when not all of it fits, and what is let go. */
export type KeptSegments = {
  readonly keep: readonly IndexedSegment[];
  readonly letGo: readonly IndexedSegment[];
  readonly keptBytes: number;
  readonly letGoBytes: number;
  /** Triggers around which everything is kept that there is, and those around which it is not. */
  readonly keptTriggers: number;
  readonly letGoTriggers: readonly Trigger[];
};

/** So much before and after a trigger belongs to it. */
const AROUND_MS = 10_000;

/**
 * Which files to keep within `bytes`: those around triggers, the newest trigger of each kind first, then the second newest of
 * each and so on; then the others, the newest first. A trigger is kept whole, with the files of all taps, or passed over for
 * those that still fit: half of the points do not show where a packet was lost.
 */
export function keepSegments(
  segments: readonly IndexedSegment[],
  triggers: readonly Trigger[],
  bytes: number,
): KeptSegments {
  const keep = new Set<IndexedSegment>();
  let left = bytes;
  const take = (wanted: readonly IndexedSegment[]): boolean => {
    const more = wanted.filter((segment) => !keep.has(segment));
    const size = more.reduce((sum, one) => sum + one.bytes, 0);
    if (size > left) return false;
    for (const segment of more) keep.add(segment);
    left -= size;
    return true;
  };
  const letGoTriggers = inTurn(triggers).filter(
    ({ fromS, toS }) =>
      !take(
        segments.filter(
          ({ fromMs, toMs }) => toMs >= fromS * 1_000 - AROUND_MS && fromMs <= (toS + 1) * 1_000 + AROUND_MS,
        ),
      ),
  );
  for (const segment of segments.toSorted((one, other) => other.toMs - one.toMs)) take([segment]);
  const letGo = segments.filter((segment) => !keep.has(segment));
  const letGoBytes = letGo.reduce((sum, one) => sum + one.bytes, 0);
  return {
    keep: segments.filter((segment) => keep.has(segment)),
    letGo,
    keptBytes: bytes - left,
    letGoBytes,
    keptTriggers: triggers.length - letGoTriggers.length,
    letGoTriggers,
  };
}

/** The newest of each kind, then the second newest of each … */
function inTurn(triggers: readonly Trigger[]): readonly Trigger[] {
  const kinds = Map.groupBy(
    triggers.toSorted((one, other) => other.toS - one.toS),
    ({ kind }) => kind,
  );
  const most = Math.max(0, ...[...kinds.values()].map(({ length }) => length));
  return Array.from({ length: most }, (_, turn) => [...kinds.values()].flatMap((own) => own[turn] ?? [])).flat();
}
