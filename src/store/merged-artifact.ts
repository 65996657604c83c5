import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Artifact, ArtifactStore } from "./artifact.ts";
import type { MergeAnswer, MergeOrder } from "./merge-worker.ts";
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
      await inThread({ merge, out });
      return await store.put(key, out);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

async function inThread(workerData: MergeOrder): Promise<void> {
  const worker = new Worker(new URL("./merge-worker.ts", import.meta.url), { workerData });
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(MOST_MS)]);
  try {
    const exited = once(worker, "exit", { signal }).then(([code]) => {
      throw new Error(`the merging thread ended with code ${code}`);
    });
    exited.catch(() => undefined);
    const [answer] = (await Promise.race([once(worker, "message", { signal }), exited])) as [MergeAnswer];
    if ("error" in answer) throw new Error(answer.error);
  } finally {
    over.abort();
    await worker.terminate();
  }
}
