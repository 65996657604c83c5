import type { captureKept, Hops, Recording, Tap } from "../core/capture.ts";
import { type SecondCounts, type Trigger, triggersOf } from "../core/capture-triggers.ts";
import type { Evidence } from "../core/evidence.ts";
import { lossyHops } from "../core/hop-loss.ts";
import { addedEvidence } from "./add-evidence.ts";
import { addedCrossings } from "./crossings.ts";
import { counted } from "./finding.ts";
import type { Hop } from "./hop-chain.ts";
import { hopSummary, type Matched } from "./hop-summary.ts";
import type { SliceResult, Suspect } from "./path-analysis.ts";
import { type ClocksAhead, pathPoints } from "./path-points.ts";
import { COUNTED } from "./path-tap.ts";

/** What is known of a tap's capture but where it was put, and how long of the window it was recording. */
export type Kept = Omit<ReturnType<(typeof captureKept)["schema"]["parse"]>, "file" | "recordedMs">;

/** What a recording of a path says, all slices together. */
export type PathFindings = {
  readonly hops: Hops;
  /** Taps that saw packets. */
  readonly kept: readonly Kept[];
  readonly triggers: readonly Trigger[];
  /** By time; those within triggers before others, where there are too many. */
  readonly suspects: readonly Suspect[];
  /** Packets of each file, by task and number: to tell the how-manieth of all a packet is. */
  readonly files: Readonly<Record<string, ReadonlyMap<number, number>>>;
  /** What each tap's packets say on their own. */
  readonly evidence: readonly Evidence[];
};

const MOST_SUSPECTS = 1_000;

export type Recorded = {
  readonly taps: readonly Tap[];
  readonly ahead: ClocksAhead;
  /** By task. */
  readonly recordings: Readonly<Record<string, Pick<Recording, "dropped" | "letGo" | "trouble"> | undefined>>;
};

/**
 * Adds up slices. A slice that was repeated counts once: of those that begin at the same time the last one stands. Hops are the
 * same as those of one run over everything, but for the clocks: those are compared anew in each slice, so that delays between
 * nodes differ by what the clocks are uncertain.
 */
export function addSlices({ taps, ahead, recordings }: Recorded, all: readonly SliceResult[]): PathFindings {
  const slices = [...new Map(all.map((slice) => [slice.fromMs, slice])).values()].toSorted(
    (one, other) => one.fromMs - other.fromMs,
  );
  const { points, taps: placed } = pathPoints(taps, ahead, ({ task }) => recordings[task]?.dropped ?? 0);
  const matched = addedMatched(slices.map((slice) => slice.matched));
  const { hops, left, clocks, strangers, unidentified, refused } = hopSummary(points, matched);
  const lossy = lossyHops({ hops: hops.map(asCounts) }).filter(({ sure }) => sure);
  const lostOn = hops.filter((hop) =>
    lossy.some(({ from, to, direction }) => from === hop.from && to === hop.to && direction === hop.direction),
  );
  const seconds = slices.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / 1e3, 0);
  const triggers = triggersOf(
    [
      ...countsOf(
        placed.map(({ tap }) => tap),
        slices,
      ),
      ...lostOn.map(lostCounts),
    ],
    seconds,
  );
  const labels = new Map(placed.map(({ tap, point }) => [tap.label, points[point]?.id]));
  return {
    hops: {
      taps: placed.map(({ tap }) => tap),
      hops: hops.map(asCounts),
      clocks: clocks.map((clock) => ({ ...clock })),
      ...{ strangers, unidentified, refused },
      left: [
        ...left.map(({ point, reason }) => ({ tap: point, reason })),
        ...placed.flatMap(({ tap }) => unreadOf(tap, slices, recordings[tap.task])),
      ],
    },
    kept: placed.flatMap(({ tap }) => keptOf(tap, slices, recordings[tap.task]) ?? []),
    triggers,
    suspects: worstSuspects(
      slices
        .flatMap(({ suspects }) => suspects)
        .filter(
          ({ kind, tap, direction }) =>
            kind !== "lost" || lostOn.some((hop) => hop.from === labels.get(tap) && hop.direction === direction),
        ),
      triggers,
    ),
    files: Object.fromEntries(
      placed.map(({ tap }) => {
        const files = slices.flatMap((slice) => slice.taps.find(({ task }) => task === tap.task)?.files ?? []);
        return [tap.task, new Map(files.map(({ segment, packets }) => [segment, packets]))];
      }),
    ),
    evidence: placed.flatMap(({ tap }) =>
      addedEvidence(slices.map((slice) => slice.taps.find(({ task }) => task === tap.task)?.evidence ?? [])),
    ),
  };
}

/** As it is stored: no list is read-only there. */
function asCounts(hop: Hop): Hops["hops"][number] {
  return { ...hop, lostAt: hop.lostAt.map(([second, lost]) => [second, lost]) };
}

function addedMatched(all: readonly Matched[]): Matched {
  const sum = (of: (one: Matched) => number): number => all.reduce((total, one) => total + of(one), 0);
  const clocks = new Map(all.flatMap((one) => one.clocks.map((clock) => [clock.node, clock] as const)));
  for (const { node, uncertainMs } of all.flatMap((one) => one.clocks)) {
    const newest = clocks.get(node);
    // The newest difference; the greatest doubt.
    if (newest) clocks.set(node, { ...newest, uncertainMs: Math.max(newest.uncertainMs, uncertainMs) });
  }
  return {
    ...addedCrossings(all),
    clocks: [...clocks.values()],
    strangers: sum(({ strangers }) => strangers),
    unidentified: sum(({ unidentified }) => unidentified),
    refused: sum(({ refused }) => refused),
  };
}

function countsOf(taps: readonly Tap[], slices: readonly SliceResult[]): readonly SecondCounts[] {
  return taps.flatMap(({ task, label }) =>
    COUNTED.map((kind, place) => {
      const counts = new Map<number, number>();
      for (const { second, counts: some } of slices.flatMap(
        ({ taps }) => taps.find((one) => one.task === task)?.seconds ?? [],
      ))
        if (some[place]) counts.set(second, (counts.get(second) ?? 0) + some[place]);
      return { kind, tap: label, counts: [...counts] };
    }),
  );
}

const lostCounts = ({ from, lostAt }: Hop): SecondCounts => ({ kind: "lost", tap: from, counts: lostAt });

function keptOf(tap: Tap, slices: readonly SliceResult[], recording: Recorded["recordings"][string]): Kept | undefined {
  const parts = slices.flatMap(({ taps }) => taps.filter(({ task }) => task === tap.task));
  const sum = (of: (part: (typeof parts)[number]) => number): number => parts.reduce((all, part) => all + of(part), 0);
  const times = parts.flatMap(({ fromMs, toMs }) =>
    fromMs === undefined || toMs === undefined ? [] : [{ fromMs, toMs }],
  );
  const [first, last] = [times.at(0), times.at(-1)];
  if (!first || !last) return undefined;
  return {
    tap,
    packets: sum(({ packets }) => packets),
    bytes: sum(({ bytes }) => bytes),
    droppedByKernel: recording?.dropped ?? 0,
    fromMs: first.fromMs,
    toMs: last.toMs,
    letGo: recording?.letGo.length ?? 0,
  };
}

/** Why packets of a tap are missing in the comparison. */
function unreadOf(
  { task, label }: Tap,
  slices: readonly SliceResult[],
  recording: Recorded["recordings"][string],
): Hops["left"] {
  const damaged = slices.flatMap(({ taps }) => taps.find((one) => one.task === task)?.damaged ?? []);
  // Slices share files where they meet.
  const files = new Map(damaged.map(({ segment, reason }) => [segment, reason]));
  const [first] = files.values();
  return [
    ...(recording?.trouble === undefined ? [] : [{ tap: label, reason: recording.trouble }]),
    ...(first === undefined
      ? []
      : [{ tap: label, reason: `${counted(files.size, "file")} could not be read to the end: ${first}` }]),
  ];
}

function worstSuspects(all: readonly Suspect[], triggers: readonly Trigger[]): readonly Suspect[] {
  if (all.length <= MOST_SUSPECTS) return all;
  const isWithin = ({ kind, atMs }: Suspect): boolean =>
    triggers.some((trigger) => trigger.kind === kind && atMs >= trigger.fromS * 1e3 && atMs < (trigger.toS + 1) * 1e3);
  const [within, others] = [all.filter(isWithin), all.filter((one) => !isWithin(one))];
  return [...within, ...others].slice(0, MOST_SUSPECTS).toSorted((one, other) => one.atMs - other.atMs);
}
