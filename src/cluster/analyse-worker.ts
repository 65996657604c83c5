import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { analysePath, type SliceResult } from "../pcap/path-analysis.ts";
import type { SegmentBytes } from "../pcap/path-tap.ts";
import type { Answer } from "../thread.ts";
import type { CaptureFile, CaptureOrder } from "./analyse-captures.ts";

/** Body of the analysing thread: one order, one answer, whatever goes wrong. Reading waits for the disk, and nobody for that. */
function answer({ slice, files }: CaptureOrder): Answer<SliceResult> {
  const left = new Map(Object.entries(files).map(([task, own]) => [task, own.values()]));
  try {
    const result = analysePath(slice, (task) => {
      const file = left.get(task)?.next().value;
      return file && opened(task, file);
    });
    return { result };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function opened(task: string, { path, number, toMs }: CaptureFile): SegmentBytes {
  const explained = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      throw new Error(`file ${number} of ${task} cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  };
  const file = explained(() => openSync(path, "r"));
  return { number, toMs, read: (room) => explained(() => readSync(file, room)), close: () => closeSync(file) };
}

parentPort?.postMessage(answer(workerData as CaptureOrder));
