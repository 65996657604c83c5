import { runProcess } from "#workers/process.ts";
import { startClusterWorker } from "#workers/worker.ts";

/** A worker that analyses recordings in pieces of a minute: as many in ten minutes as an ordinary one has in 100. */
await runProcess(({ signal }) => startClusterWorker({ signal, sliceMs: 60_000 }));
