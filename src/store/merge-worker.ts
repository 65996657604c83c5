import { parentPort, workerData } from "node:worker_threads";
import { fullText, NetcheckError } from "../core/errors.ts";
import { inWords } from "../core/sentence.ts";
import type { Merged } from "../pcap/merged-capture.ts";
import type { Answer } from "../thread.ts";
import { type FileMerge, writeMergedFile } from "./merged-file.ts";

/** Body of the merging thread: one file, one answer. */
export type MergeOrder = { readonly merge: FileMerge; readonly out: string };

function answer({ merge, out }: MergeOrder): Answer<Merged> {
  try {
    return { result: writeMergedFile(merge, out) };
  } catch (error) {
    if (error instanceof NetcheckError) return { error: inWords(fullText(error)) };
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(answer(workerData as MergeOrder));
