import { readFile } from "node:fs/promises";
import { captureKept, hopsEvidence, triggersEvidence } from "../core/capture.ts";
import { NetcheckError } from "../core/errors.ts";
import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { type IndexedSegment, keepSegments } from "../core/keep-segments.ts";
import type { Plan } from "../core/plan.ts";
import { isRing, pathAddresses, RECORD } from "../core/plan-taps.ts";
import { say } from "../core/sentence.ts";
import type { Log } from "../log.ts";
import { addSlices, type PathFindings } from "../pcap/add-slices.ts";
import { type SliceResult, sliceResultSchema } from "../pcap/path-analysis.ts";
import { recordedBy } from "../pcap/path-points.ts";
import { analyseCaptures, type CaptureFile } from "./analyse-captures.ts";
import { captureGaps, toldTriggers, triggerGaps } from "./capture-gaps.ts";
import { type CaptureFetcher, type InStore, pieces, type Shelf, segmentKey } from "./fetch-captures.ts";
import type { Captures, ClosedFiles, Recorded } from "./measure-ports.ts";
import { filesToMerge, type Held, mergeCaptures, mergedKey, type WriteMerged } from "./merge-captures.ts";
import { momentWatch } from "./moments.ts";

/** Long recordings are analysed piece by piece while they go on; so long is a piece. */
export const SLICE_MS = 10 * 60_000;
/** Packets before and after a slice that are read with it: so long one is awaited at the other points. */
const MARGIN_MS = 25_000;
/** A segment of a quiet point is closed a minute after its first packet, and is here some seconds later. */
const SETTLED_MS = MARGIN_MS + 90_000;

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
  const moments = momentWatch({
    triggersIn: async (recorded, ...piecewise) => added(recorded, [await piece(recorded, ...piecewise)]).triggers,
    maxBytes: maxBytes / 2,
    ...{ fetcher, shelf, nowMs, log },
  });
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
    const { plan } = recorded;
    const key = sliceKey(plan.check, fromMs);
    const before = await storedSlice(plan.check, key);
    if (before) return before;
    const result = await piece(recorded, fromMs, toMs, MARGIN_MS);
    await shelf.put(key, pieces([Buffer.from(JSON.stringify(result))]));
    return result;
  }

  /** Analyses what is here between two moments; so much before and after it is read with it. */
  async function piece(recorded: Recorded, fromMs: number, toMs: number, marginMs: number): Promise<SliceResult> {
    const { plan, recordings, aheadMs } = recorded;
    const held = await heldOf(recorded);
    using open = new DisposableStack();
    const files: Record<string, CaptureFile[]> = {};
    for (const { tap, segments } of held) {
      const ahead = aheadMs[tap.node] ?? 0;
      const own: CaptureFile[] = [];
      for (const segment of segments) {
        if (segment.toMs - ahead < fromMs - marginMs || segment.fromMs - ahead > toMs + marginMs) continue;
        const { path } = open.use(await shelf.localPath(segmentKey(plan.check, tap.task, segment.number)));
        own.push({ path, number: segment.number, toMs: segment.toMs });
      }
      files[tap.task] = own;
    }
    return await analyseCaptures({
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
  }

  async function storedSlice(check: string, key: string): Promise<SliceResult | undefined> {
    const known = await shelf.list(slicesOfCheck(check));
    if (!known.some((stored) => stored.key === key)) return undefined;
    using file = await shelf.localPath(key);
    return sliceResultSchema.safeParse(JSON.parse(await readFile(file.path, "utf8"))).data;
  }

  /** Analyses what lies whole behind us, one slice at a time, and keeps the rest of the check within its bytes. */
  function advance(recorded: Recorded): void {
    void moments.advance(recorded);
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
    const { plan, aheadMs, kernel } = recorded;
    const rings = plan.taps?.some(({ ring }) => ring !== undefined);
    const index = (await heldOf(recorded)).flatMap(({ tap, segments }) =>
      segments.map((segment): IndexedSegment & { readonly task: string } => ({
        ...{ task: tap.task, tap: tap.label, number: segment.number, bytes: segment.bytes },
        fromMs: segment.fromMs - (aheadMs[tap.node] ?? 0),
        toMs: segment.toMs - (aheadMs[tap.node] ?? 0),
      })),
    );
    const { letGo: gone } = keepSegments(index, [...triggers, ...kernel], rings ? maxBytes / 2 : maxBytes);
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
    const foundInTime = await moments.end(plan);
    const results = [];
    const endedMs = endOf(recorded);
    for (const { fromMs, toMs } of slicesOf(plan.window, sliceMs))
      if (fromMs <= Math.max(endedMs, plan.window.startMs)) results.push(await slice(recorded, fromMs, toMs));
    const findings = added(recorded, results);
    await letGo(recorded, findings, Number.POSITIVE_INFINITY).catch((err: unknown) =>
      log.warn({ check: plan.check, err }, "captures cannot be cut to their bytes"),
    );
    const fetched = await fetcher.fetched(plan.check);
    const told = toldTriggers(recorded, foundInTime ?? findings.triggers, fetched);
    const gaps = [...captureGaps(recorded, fetched), ...triggerGaps(told)];
    const files = filesToMerge(recorded, { held: await heldOf(recorded), findings, fetched });
    const written: Evidence[] = [];
    for (const file of files) {
      try {
        written.push(await mergeCaptures(recorded, file, { shelf, writeMerged }));
      } catch (err) {
        log.error({ check: plan.check, err }, "a file with all points cannot be written");
        const reason = err instanceof NetcheckError ? err.text : say("internal error, see the worker's log");
        gaps.push({ probe: RECORD, subject: file.name, reason });
      }
    }
    fetcher.forget(plan.check);
    advanced.delete(plan.check);
    const subject = `${plan.from.name}>${plan.to.name}`;
    const evidence = [
      ...evidenceFrom(plan, findings, { subject, recordedMs: recordedOf(recorded, fetched) }),
      ...written,
    ];
    return { evidence: [...evidence, evidenceOf(triggersEvidence, subject, plan.window.endMs, told)], gaps };
  }

  async function fetch(files: ClosedFiles, options: Parameters<Captures["fetch"]>[1]): Promise<number> {
    const headers = new Map([...files.recordings].filter(([task]) => !isRing(task)));
    const left = await fetcher.fetch({ ...files, recordings: headers }, options);
    if (headers.size === files.recordings.size) return left;
    const recordings = moments.wanted(files);
    const whole = await fetcher.fetch({ ...files, recordings }, { ...options, stays: true });
    return left + whole + (moments.awaited(files.check) ? 1 : 0);
  }

  return { fetch, advance, analyse };
}

function added({ plan, recordings, aheadMs }: Recorded, results: readonly SliceResult[]): PathFindings {
  return addSlices({ taps: plan.taps ?? [], ahead: aheadMs, recordings: Object.fromEntries(recordings) }, results);
}

/** Until when anything was recorded, by our clock: a check that was cancelled has no more slices. */
function endOf({ plan, recordings, aheadMs }: Recorded): number {
  const ends = (plan.taps ?? []).map(({ task, node }) => {
    const recording = recordings.get(task);
    return recording && (recording.endedMs ?? Number.POSITIVE_INFINITY) - (aheadMs[node] ?? 0);
  });
  return Math.max(...ends.filter((end) => end !== undefined));
}

/** How long of the window each tap was recording, by task, of what came here; what was let go here was analysed before. */
function recordedOf({ plan, recordings, aheadMs }: Recorded, { kept, gone }: InStore): ReadonlyMap<string, number> {
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

function evidenceFrom(
  { check, window: { endMs } }: Plan,
  { hops, kept, evidence }: PathFindings,
  { subject, recordedMs }: { readonly subject: string; readonly recordedMs: ReadonlyMap<string, number> },
): readonly Evidence[] {
  const file = mergedKey(check);
  return [
    evidenceOf(hopsEvidence, subject, endMs, hops),
    ...kept.map((one) =>
      evidenceOf(captureKept, one.tap.label, endMs, { ...one, recordedMs: recordedMs.get(one.tap.task) ?? 0, file }),
    ),
    ...evidence,
  ];
}
