import type { KeptTrigger } from "./capture.ts";
import type { Trigger } from "./capture-triggers.ts";
import type { IndexedSegment } from "./keep-segments.ts";

/** So much before and after the worst second of a trigger is its moment. */
const AROUND_S = 10;

/** Unix milliseconds. */
type Moment = { readonly fromMs: number; readonly toMs: number };

/** Seconds -10..+10 around the worst second of a trigger. */
export const momentOf = ({ worstS }: Trigger): Moment => ({
  fromMs: (worstS - AROUND_S) * 1_000,
  toMs: (worstS + 1 + AROUND_S) * 1_000,
});

const within = ({ fromMs, toMs }: IndexedSegment, moment: Moment): boolean =>
  toMs >= moment.fromMs && fromMs <= moment.toMs;

/**
 * Which files of whole packets are worth their bytes: those around triggers, the worst trigger of each kind first, then the
 * second worst of each and so on. A trigger has the files of all taps, or none: half of the points do not show where a packet was
 * lost. What is the worst does not change by what comes later but for something worse, so that little is fetched in vain.
 */
export function worthFetching<S extends IndexedSegment>(
  segments: readonly S[],
  triggers: readonly Trigger[],
  bytes: number,
): ReadonlySet<S> {
  const chosen = new Set<S>();
  let left = bytes;
  for (const trigger of worstInTurn(triggers)) {
    const moment = momentOf(trigger);
    const more = segments.filter((segment) => within(segment, moment) && !chosen.has(segment));
    const size = more.reduce((sum, one) => sum + one.bytes, 0);
    if (size > left) continue;
    for (const segment of more) chosen.add(segment);
    left -= size;
  }
  return chosen;
}

function worstInTurn(triggers: readonly Trigger[]): readonly Trigger[] {
  const excess = ({ count, usual }: Trigger): number => count - usual;
  const sorted = triggers.toSorted((one, other) => excess(other) - excess(one) || one.worstS - other.worstS);
  const kinds = [...Map.groupBy(sorted, ({ kind }) => kind).values()];
  const most = Math.max(0, ...kinds.map(({ length }) => length));
  return Array.from({ length: most }, (_, turn) => kinds.flatMap((own) => own[turn] ?? [])).flat();
}

/**
 * What is kept around each trigger, by time: of `segments`, which were there once, those that are `kept`. Of a moment without
 * packets all is kept.
 */
export function keptTriggers<S extends IndexedSegment>(
  triggers: readonly Trigger[],
  segments: readonly S[],
  kept: ReadonlySet<S>,
): readonly KeptTrigger[] {
  return triggers
    .map((trigger) => {
      const moment = momentOf(trigger);
      const there = segments.filter((segment) => within(segment, moment));
      const have = there.filter((segment) => kept.has(segment)).length;
      return {
        ...trigger,
        kept: have === there.length ? ("all" as const) : have === 0 ? ("none" as const) : ("part" as const),
      };
    })
    .toSorted((one, other) => one.worstS - other.worstS);
}
