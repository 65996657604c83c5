import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { OutputFile } from "../output-file.ts";
import { type Merge, type Merged, type MergedTap, writeMergedCapture } from "../pcap/merged-capture.ts";
import type { ReadBytes } from "../pcap/tap-packets.ts";
import { inDiskWords } from "./artifact-errors.ts";

/** A merge of files on this machine: what `ArtifactStore.localPath` gave, oldest first. Plain data: it may cross to a thread. */
export type FileMerge = Omit<Merge, "taps"> & {
  readonly taps: readonly (Omit<MergedTap, "segments"> & { readonly paths: readonly string[] })[];
};

/**
 * Writes the merged file to `out`, which must not be there. Blocks until it is done, seconds for a million packets: for worker threads.
 * Throws NetcheckErrors like a store; then nothing is left.
 */
export function writeMergedFile(merge: FileMerge, out: string): Merged {
  const inWords = (error: unknown): unknown => inDiskWords("merged.pcapng", error);
  const file = new OutputFile(out, "wx", inWords);
  try {
    const taps = merge.taps.map(({ paths, ...tap }) => ({ ...tap, segments: () => readInTurn(paths) }));
    const merged = writeMergedCapture({ ...merge, taps }, (bytes) => file.write(bytes));
    file.flush();
    return merged;
  } catch (error) {
    rmSync(out, { force: true });
    throw inWords(error);
  } finally {
    file.close();
  }
}

/** Opens each file when the one before has been read. */
function* readInTurn(paths: readonly string[]): Generator<ReadBytes> {
  for (const path of paths) {
    const fd = openSync(path, "r");
    try {
      yield (room) => readSync(fd, room);
    } finally {
      closeSync(fd);
    }
  }
}
