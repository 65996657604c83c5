import type { PathSlice, SliceResult } from "../pcap/path-analysis.ts";
import { inThread } from "../thread.ts";

/** A file of a recording on our disk; when it was closed by the node's clock. */
export type CaptureFile = { readonly path: string; readonly number: number; readonly toMs: number };

export type CaptureOrder = {
  readonly slice: PathSlice;
  /** By task, in the order of their numbers. */
  readonly files: Readonly<Record<string, readonly CaptureFile[]>>;
};

/** A slice is some seconds of work; a thread that has not answered by now never will. */
const MOST_MS = 300_000;
/** Of the thread's own heap. The tables of packets lie outside of it and have limits of their own. */
const HEAP_MB = 512;
/** Of it for what is young. V8 would take 48 MB, and nothing gets faster by it. */
const YOUNG_MB = 12;

let last: Promise<unknown> = Promise.resolve();

/**
 * Analyses a slice of a path in a thread of its own, one at a time in this process: whoever keeps locks alive here never waits
 * for packets. Rejects when a file cannot be read, an address is none, the thread dies or takes five minutes, or with the
 * reason of the signal; the thread has ended then, and the next order is not affected.
 */
export function analyseCaptures(order: CaptureOrder, signal?: AbortSignal): Promise<SliceResult> {
  const turn = last.then(() =>
    inThread<SliceResult>(new URL("./analyse-worker.ts", import.meta.url), {
      ...{ failed: "captures could not be analysed", mostMs: MOST_MS, signal },
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
    }),
  );
  last = turn.catch(() => undefined);
  return turn;
}
