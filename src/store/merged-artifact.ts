import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { inThread } from "../thread.ts";
import type { Artifact, ArtifactStore } from "./artifact.ts";
import type { MergeOrder } from "./merge-worker.ts";
import type { FileMerge } from "./merged-file.ts";

/** A file of the largest size is written in a minute. */
const MOST_MS = 10 * 60_000;

/**
 * Merges the files of all points of a check in a thread and keeps the result under a key. Throws what the store throws, and an
 * Error with the reason when it cannot be written; nothing is left then.
 */
export function mergedArtifacts({
  store,
  dataDir,
}: {
  readonly store: ArtifactStore;
  readonly dataDir: string;
}): (key: string, merge: FileMerge) => Promise<Artifact> {
  return async (key, merge) => {
    await mkdir(dataDir, { recursive: true });
    const folder = await mkdtemp(join(dataDir, "merge-"));
    try {
      const out = join(folder, "merged.pcapng");
      await inThread(new URL("./merge-worker.ts", import.meta.url), {
        ...{ failed: "the merged file could not be written", mostMs: MOST_MS },
        workerData: { merge, out } satisfies MergeOrder,
      });
      return await store.put(key, out);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
