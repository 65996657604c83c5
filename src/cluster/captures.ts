import { readFile } from "node:fs/promises";
import { captureKept, hopsEvidence, type Segment, type Tap } from "../core/capture.ts";
import { NetcheckError } from "../core/errors.ts";
import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { type IndexedSegment, keepSegments } from "../core/keep-segments.ts";
import type { Gap, Plan } from "../core/plan.ts";
import { FULL_SNAP, pathAddresses, RECORD } from "../core/plan-taps.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { clockText } from "../core/units.ts";
import type { Log } from "../log.ts";
import { addSlices, type PathFindings } from "../pcap/add-slices.ts";
import type { Merge, MergedTap } from "../pcap/merged-capture.ts";
import { type SliceResult, sliceResultSchema } from "../pcap/path-analysis.ts";
import { recordedBy } from "../pcap/path-points.ts";
import { analyseCaptures, type CaptureFile } from "./analyse-captures.ts";
import { type CaptureFetcher, pieces, type Shelf, segmentKey } from "./fetch-captures.ts";
import type { Captures, Recorded } from "./measure-ports.ts";

/** Writes all points into one file and keeps it under a key, outside the event loop (`store/merged-artifact.ts`). */
export type WriteMerged = (
  key: string,
  merge: Omit<Merge, "taps"> & {
    readonly taps: readonly (Omit<MergedTap, "segments"> & { readonly paths: string[] })[];
  },
) => Promise<unknown>;

/** Of the file with all points, bytes: what people can still open. */
const MERGED_BYTES = 200_000_000;

/** Long recordings are analysed piece by piece while they go on; so long is a piece. */
export const SLICE_MS = 10 * 60_000;
/** Packets before and after a slice that are read with it: so long one is awaited at the other points. */
const MARGIN_MS = 25_000;
/** A segment of a quiet point is closed a minute after its first packet, and is here some seconds later. */
const SETTLED_MS = MARGIN_MS + 90_000;

type Held = { readonly tap: Tap; readonly segments: readonly Segment[] };

/**
 * Recorded packets of one cluster: fetches them, says what they mean, and lets those go that do not fit. A slice of time is
 * analysed once, and what was found is kept beside the packets, so that whoever takes over does not begin anew.
 */
export function clusterCaptures({
  fetcher,
  shelf,
  writeMerged,
  maxBytes,
  sliceMs,
  nowMs,
  log,
}: {
  readonly fetcher: CaptureFetcher;
  readonly shelf: Shelf;
  readonly writeMerged: WriteMerged;
  /** Most that is kept of one check, bytes. */
  readonly maxBytes: number;
  /** `SLICE_MS`, or less where hours are played in minutes. All workers of a cluster have to agree. */
  readonly sliceMs: number;
  readonly nowMs: () => number;
  readonly log: Log;
}): Captures {
  /** Slices at work, by check. */
  const working = new Map<string, Promise<void>>();
  /** Until when checks are analysed and cut to their bytes. */
  const advanced = new Map<string, number>();

  const slicesOfCheck = (check: string): string => `captures/${check}/slices`;
  const sliceKey = (check: string, fromMs: number): string => `${slicesOfCheck(check)}/${fromMs}.json`;

  /** What is held of each tap; of files that are not, the times are not judged. */
  async function heldOf({ plan, recordings }: Recorded): Promise<readonly Held[]> {
    const { kept } = await fetcher.fetched(plan.check);
    return (plan.taps ?? []).map((tap) => {
      const here = kept.get(tap.task);
      const segments = recordings.get(tap.task)?.segments.filter(({ number }) => here?.has(number)) ?? [];
      return { tap, segments };
    });
  }

  async function slice(recorded: Recorded, fromMs: number, toMs: number): Promise<SliceResult> {
    const { plan, recordings, aheadMs } = recorded;
    const key = sliceKey(plan.check, fromMs);
    const before = await storedSlice(plan.check, key);
    if (before) return before;
    const held = await heldOf(recorded);
    using open = new DisposableStack();
    const files: Record<string, CaptureFile[]> = {};
    for (const { tap, segments } of held) {
      const ahead = aheadMs[tap.node] ?? 0;
      const own: CaptureFile[] = [];
      for (const segment of segments) {
        if (segment.toMs - ahead < fromMs - MARGIN_MS || segment.fromMs - ahead > toMs + MARGIN_MS) continue;
        const { path } = open.use(await shelf.localPath(segmentKey(plan.check, tap.task, segment.number)));
        own.push({ path, number: segment.number, toMs: segment.toMs });
      }
      files[tap.task] = own;
    }
    const result = await analyseCaptures({
      slice: {
        taps: plan.taps ?? [],
        ...pathAddresses(plan),
        ahead: aheadMs,
        ...{ fromMs, toMs },
        recorded: Object.fromEntries(
          held.map(({ tap, segments }) => [tap.task, recordedBy(segments, recordings.get(tap.task))]),
        ),
      },
      files,
    });
    await shelf.put(key, pieces([Buffer.from(JSON.stringify(result))]));
    return result;
  }

  async function storedSlice(check: string, key: string): Promise<SliceResult | undefined> {
    const known = await shelf.list(slicesOfCheck(check));
    if (!known.some((stored) => stored.key === key)) return undefined;
    using file = await shelf.localPath(key);
    return sliceResultSchema.safeParse(JSON.parse(await readFile(file.path, "utf8"))).data;
  }

  /** Analyses what lies whole behind us, one slice at a time, and keeps the rest of the check within its bytes. */
  function advance(recorded: Recorded): void {
    const { window, check } = recorded.plan;
    const past = slicesOf(window, sliceMs).filter(({ toMs }) => toMs < window.endMs && toMs + SETTLED_MS < nowMs());
    if (past.length === 0 || past.at(-1)?.toMs === advanced.get(check) || working.has(check)) return;
    const work = (async () => {
      const wholeMs = await wholeUntil(recorded);
      const due = past.filter(({ toMs }) => toMs + MARGIN_MS < wholeMs);
      const newest = due.at(-1);
      if (!newest || newest.toMs === advanced.get(check)) return;
      const results = [];
      for (const { fromMs, toMs } of due) results.push(await slice(recorded, fromMs, toMs));
      await letGo(recorded, added(recorded, results), newest.toMs);
      advanced.set(check, newest.toMs);
    })()
      .catch((err: unknown) => log.warn({ check, err }, "captures cannot be analysed yet"))
      .finally(() => working.delete(check));
    working.set(check, work);
  }

  /** Until when everything is here that was recorded: what is analysed without it stays without it. By our clock. */
  async function wholeUntil({ plan, recordings, aheadMs, behind }: Recorded): Promise<number> {
    const taps = plan.taps ?? [];
    if (taps.some(({ node }) => behind.has(node))) return 0;
    const { kept, gone } = await fetcher.fetched(plan.check);
    const missing = taps.flatMap(({ task, node }) =>
      (recordings.get(task)?.segments ?? [])
        .filter(({ number }) => !kept.get(task)?.has(number) && !gone.get(task)?.has(number))
        .map(({ fromMs }) => fromMs - (aheadMs[node] ?? 0)),
    );
    return Math.min(Number.POSITIVE_INFINITY, ...missing);
  }

  /** Only what was analysed may go. */
  async function letGo(recorded: Recorded, { triggers }: PathFindings, analysedMs: number): Promise<void> {
    const { plan, aheadMs } = recorded;
    const index = (await heldOf(recorded)).flatMap(({ tap, segments }) =>
      segments.map((segment): IndexedSegment & { readonly task: string } => ({
        ...{ task: tap.task, tap: tap.label, number: segment.number, bytes: segment.bytes },
        fromMs: segment.fromMs - (aheadMs[tap.node] ?? 0),
        toMs: segment.toMs - (aheadMs[tap.node] ?? 0),
      })),
    );
    const { letGo: gone } = keepSegments(index, triggers, maxBytes);
    const old = index.filter((segment) => gone.includes(segment) && segment.toMs < analysedMs - MARGIN_MS);
    if (old.length === 0) return;
    await fetcher.letGo(
      plan.check,
      old.map(({ task, number }) => ({ task, number })),
    );
  }

  async function analyse(recorded: Recorded): ReturnType<Captures["analyse"]> {
    const { plan } = recorded;
    await working.get(plan.check);
    const results = [];
    for (const { fromMs, toMs } of slicesOf(plan.window, sliceMs)) results.push(await slice(recorded, fromMs, toMs));
    const findings = added(recorded, results);
    const key = `captures/${plan.check}/merged.pcapng`;
    const unwritten: Gap[] = [];
    try {
      await letGo(recorded, findings, Number.POSITIVE_INFINITY);
      await merge(recorded, findings, key);
    } catch (err) {
      log.error({ check: plan.check, err }, "the file with all points cannot be written");
      const reason = err instanceof NetcheckError ? err.text : say("internal error, see the worker's log");
      unwritten.push({ probe: RECORD, subject: "merged.pcapng", reason });
    }
    const gaps = [...(await gapsOf(recorded)), ...unwritten];
    const recordedMs = await recordedOf(recorded);
    fetcher.forget(plan.check);
    advanced.delete(plan.check);
    return { evidence: evidenceFrom(plan, findings, { file: key, recordedMs }), gaps };
  }

  async function merge(recorded: Recorded, findings: PathFindings, key: string): Promise<void> {
    const { plan, recordings } = recorded;
    const { window, from, to } = plan;
    using open = new DisposableStack();
    const taps = [];
    for (const { tap, segments } of await heldOf(recorded)) {
      const paths: string[] = [];
      for (const { number } of segments)
        paths.push(open.use(await shelf.localPath(segmentKey(plan.check, tap.task, number))).path);
      const clock = findings.hops.clocks.find(({ node }) => node === tap.node);
      const { matched = 0, dropped = 0, letGo = [] } = recordings.get(tap.task) ?? {};
      taps.push({
        ...{ label: tap.label, snapLength: tap.snapLength, paths, dropped },
        received: matched,
        ...(clock && { clock: { ...clock, atMs: window.endMs } }),
        remarks: letGo.length === 0 ? [] : [`${letGo.length} files were let go on the node.`],
        lost: lostAt(tap, segments, findings),
      });
    }
    const at = (ms: number): string => new Date(ms).toISOString();
    await writeMerged(key, {
      about: [`netcheck ${plan.check}: ${from.name} > ${to.name}, ${at(window.startMs)} to ${at(window.endMs)}`],
      window,
      taps,
      momentsMs: findings.triggers
        .toSorted((one, other) => other.count - one.count)
        .map(({ worstS }) => worstS * 1_000),
      headersOnly: taps.every(({ snapLength }) => snapLength < FULL_SNAP),
      maxBytes: MERGED_BYTES,
    });
  }

  /** How long of the window each tap was recording, by task, of what came here; what was let go here was analysed before. */
  async function recordedOf({ plan, recordings, aheadMs }: Recorded): Promise<ReadonlyMap<string, number>> {
    const { kept, gone } = await fetcher.fetched(plan.check);
    const { startMs, endMs } = plan.window;
    return new Map(
      (plan.taps ?? []).map(({ task, node }) => {
        const recording = recordings.get(task);
        const came = recording?.segments.filter(
          ({ number }) => kept.get(task)?.has(number) || gone.get(task)?.has(number),
        );
        const ahead = aheadMs[node] ?? 0;
        const pieces = recordedBy(came ?? [], recording).map(
          ([fromMs, toMs]) => Math.min(toMs - ahead, endMs) - Math.max(fromMs - ahead, startMs),
        );
        return [task, pieces.reduce((sum, ms) => sum + Math.max(0, ms), 0)];
      }),
    );
  }

  async function gapsOf({ plan, recordings }: Recorded): Promise<Gap[]> {
    const { kept, gone, troubles } = await fetcher.fetched(plan.check);
    return (plan.taps ?? []).flatMap(({ task, label, node }): readonly Gap[] => {
      const recording = recordings.get(task);
      const gap = (reason: Gap["reason"]): Gap => ({ probe: RECORD, subject: label, reason });
      if (!recording?.listeningMs) return [gap(recording?.trouble ?? say("its recorder has not started"))];
      const old = gone.get(task)?.size ?? 0;
      const missing = recording.segments.filter(
        ({ number }) => !kept.get(task)?.has(number) && !gone.get(task)?.has(number),
      );
      const reason = troubles.get(node)?.text ?? say("the check had to end");
      return [
        ...(recording.trouble === undefined ? [] : [gap(recording.trouble)]),
        ...(recording.resumed === undefined
          ? []
          : [
              gap(
                say("its recorder died with the agent of its node; started again at {times}", {
                  times: listed(recording.resumed.map(({ atMs }) => clockText(atMs))),
                }),
              ),
            ]),
        ...(recording.letGo.length === 0
          ? []
          : [
              gap(
                say("{files} were let go on the node, because nobody had fetched them in time", {
                  files: counted(recording.letGo.length, "recorded file"),
                }),
              ),
            ]),
        ...(old === 0
          ? []
          : [
              gap(
                say("{files} were let go, because there was no room for them: no packet in them was suspicious", {
                  files: counted(old, "recorded file"),
                }),
              ),
            ]),
        ...(missing.length === 0
          ? []
          : [
              gap(
                say("{files} could not be fetched: {reason}", {
                  files: counted(missing.length, "recorded file"),
                  reason,
                }),
              ),
            ]),
      ];
    });
  }

  return { fetch: fetcher.fetch, advance, analyse };
}

function added({ plan, recordings, aheadMs }: Recorded, results: readonly SliceResult[]): PathFindings {
  return addSlices({ taps: plan.taps ?? [], ahead: aheadMs, recordings: Object.fromEntries(recordings) }, results);
}

/** The window of a check in pieces that do not depend on when one looks. */
function slicesOf(
  { startMs, endMs }: Plan["window"],
  sliceMs: number,
): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const count = Math.max(1, Math.floor((endMs - startMs) / sliceMs));
  return Array.from({ length: count }, (_, n) => ({
    fromMs: startMs + n * sliceMs,
    // Recorders go on a little longer than the window, and the last slice has what is left over.
    toMs: n === count - 1 ? endMs + MARGIN_MS : startMs + (n + 1) * sliceMs,
  }));
}

/** Lost packets of a tap by their number in all its files together, and the tap that should have seen them next. */
function lostAt(tap: Tap, segments: readonly Segment[], { suspects, files, hops }: PathFindings): Map<number, string> {
  const before = new Map<number, number>();
  let count = 0;
  for (const { number } of segments) {
    before.set(number, count);
    count += files[tap.task]?.get(number) ?? 0;
  }
  const lost = new Map<number, string>();
  for (const { kind, tap: label, segment, packet, direction } of suspects) {
    const earlier = before.get(segment);
    if (kind !== "lost" || label !== tap.label || earlier === undefined) continue;
    const hop = hops.hops.find((one) => one.direction === direction && one.from.split(" + ")[0] === label);
    lost.set(earlier + packet, hop?.to ?? "any other point");
  }
  return lost;
}

function evidenceFrom(
  plan: Plan,
  { hops, kept, evidence }: PathFindings,
  { file, recordedMs }: { readonly file: string; readonly recordedMs: ReadonlyMap<string, number> },
): readonly Evidence[] {
  const endMs = plan.window.endMs;
  return [
    evidenceOf(hopsEvidence, `${plan.from.name}>${plan.to.name}`, endMs, hops),
    ...kept.map((one) =>
      evidenceOf(captureKept, one.tap.label, endMs, { ...one, recordedMs: recordedMs.get(one.tap.task) ?? 0, file }),
    ),
    ...evidence,
  ];
}
