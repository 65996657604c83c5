import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { PathSlice, SliceResult } from "../pcap/path-analysis.ts";
import type { Analysed } from "./analyse-worker.ts";

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

let last: Promise<unknown> = Promise.resolve();

/**
 * Analyses a slice of a path in a thread of its own, one at a time in this process: whoever keeps locks alive here never waits
 * for packets. Rejects when a file cannot be read, an address is none, the thread dies or takes five minutes, or with the
 * reason of the signal; the thread has ended then, and the next order is not affected.
 */
export function analyseCaptures(order: CaptureOrder, signal?: AbortSignal): Promise<SliceResult> {
  const turn = last.then(() => analysed(order, signal));
  last = turn.catch(() => undefined);
  return turn;
}

async function analysed(order: CaptureOrder, signal: AbortSignal | undefined): Promise<SliceResult> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL("./analyse-worker.ts", import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const over = new AbortController();
  const late = AbortSignal.timeout(MOST_MS);
  const signals = AbortSignal.any([over.signal, late, ...(signal ? [signal] : [])]);
  try {
    const exited = once(worker, "exit", { signal: signals }).then(([code]) => {
      throw new Error(`the analysing thread ended with code ${code}`);
    });
    exited.catch(() => undefined);
    const [answer] = (await Promise.race([once(worker, "message", { signal: signals }), exited])) as [Analysed];
    if ("error" in answer) throw new Error(`captures could not be analysed: ${answer.error}`);
    return answer.result;
  } catch (error) {
    signal?.throwIfAborted();
    if (late.aborted) throw new Error(`captures could not be analysed within ${MOST_MS / 1_000} s`);
    throw error;
  } finally {
    over.abort();
    await worker.terminate();
  }
}
