import type { Recording, Segment, Tap } from "../core/capture.ts";
import type { HopPoint } from "./hop-summary.ts";

/** Where on the way each tap stands. */
export type PathPoints = {
  readonly points: readonly HopPoint[];
  /** In the order of the way; `point` is an index of `points`. */
  readonly taps: readonly { readonly tap: Tap; readonly point: number }[];
};

/** How far a node's clock is ahead of ours, milliseconds, as it was measured. */
export type ClocksAhead = Readonly<Record<string, number>>;

/**
 * Points in the order in which packets of the first end cross them. Members of one bond stand beside each other and are one
 * point, named after all of them: a packet goes by one or the other.
 */
export function pathPoints(
  taps: readonly Tap[],
  ahead: ClocksAhead,
  dropped: (tap: Tap) => number = () => 0,
): PathPoints {
  const groups: Tap[][] = [];
  for (const tap of taps.toSorted((one, other) => one.order - other.order)) {
    const before = groups.at(-1);
    const [beside] = before ?? [];
    if (before && beside?.kind === "bond-member" && tap.kind === "bond-member" && beside.node === tap.node)
      before.push(tap);
    else groups.push([tap]);
  }
  return {
    points: groups.map((group) => {
      const [first] = group as [Tap, ...Tap[]];
      const aheadMs = ahead[first.node];
      return {
        id: [first.label, ...group.slice(1).map(({ device }) => device)].join(" + "),
        node: first.node,
        mayBeSkipped: group.every(({ mayBeSkipped }) => mayBeSkipped),
        dropped: group.reduce((sum, tap) => sum + dropped(tap), 0),
        ...(aheadMs === undefined ? {} : { aheadNs: aheadMs * 1e6 }),
      };
    }),
    taps: groups.flatMap((group, point) => group.map((tap) => ({ tap, point }))),
  };
}

/**
 * When a tap was recording by what is held of it, pieces in milliseconds of the node's clock: a file holds what came since the
 * one before it was closed, or since its recorder went on after a death. Of a file whose forerunner is not held it is only
 * known from when its first packet is.
 */
export function recordedBy(
  held: readonly Pick<Segment, "number" | "fromMs" | "toMs">[],
  recording: Pick<Recording, "listeningMs" | "resumed" | "endedMs" | "segments" | "letGo"> | undefined,
): readonly (readonly [fromMs: number, toMs: number])[] {
  const numbers = [...(recording?.segments ?? []), ...(recording?.letGo ?? []), ...held].map(({ number }) => number);
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  const listening = new Map([
    [first, recording?.listeningMs],
    ...(recording?.resumed ?? []).map(({ firstSegment, atMs }) => [firstSegment, atMs] as const),
  ]);
  const pieces: [number, number][] = [];
  let before: (typeof held)[number] | undefined;
  for (const segment of held.toSorted((one, other) => one.number - other.number)) {
    const piece = pieces.at(-1);
    // The last one is closed when its recorder has ended, seconds after it stopped taking all that comes.
    const toMs = (segment.number === last ? recording?.endedMs : undefined) ?? segment.toMs;
    const follows = before?.number === segment.number - 1 && !listening.has(segment.number);
    if (piece && follows) piece[1] = Math.max(piece[1], toMs);
    else {
      const begin = listening.get(segment.number) ?? segment.fromMs;
      pieces.push([Math.min(begin, segment.fromMs), toMs]);
    }
    before = segment;
  }
  return pieces;
}

/** Clocks may be measured wrong by some seconds, and packets wait: so much more than a slice has to be read for it. */
const SLICE_MARGIN_MS = 20_000;

/** The files of a tap that a slice needs, which goes from `fromMs` to `toMs` by our clock. */
export function segmentsFor<T extends Pick<Segment, "fromMs" | "toMs">>(
  segments: readonly T[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  aheadMs: number,
): readonly T[] {
  return segments.filter(
    (segment) =>
      segment.toMs >= fromMs + aheadMs - SLICE_MARGIN_MS && segment.fromMs < toMs + aheadMs + SLICE_MARGIN_MS,
  );
}
