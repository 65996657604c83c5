import { once } from "node:events";
import { Worker, type WorkerOptions } from "node:worker_threads";

/** What a thread posts for an order, whatever goes wrong in it. */
export type Answer<Result> = { readonly result: Result } | { readonly error: string };

type Waiting = {
  /** Begins every error: "the chart could not be drawn". */
  readonly failed: string;
  /** A thread that has not answered by then never will. */
  readonly mostMs: number;
  readonly signal?: AbortSignal | undefined;
};

/** The answer of a thread that is started for one order; it has ended when this resolves or rejects. Errors: see answerOf. */
export async function inThread<Result>(
  url: URL,
  { failed, mostMs, signal, ...options }: Waiting & WorkerOptions,
): Promise<Result> {
  signal?.throwIfAborted();
  const worker = new Worker(url, options);
  try {
    return await answerOf<Result>(worker, { failed, mostMs, signal });
  } finally {
    await worker.terminate();
  }
}

/**
 * What a thread answers next. Rejects with the reason of the signal, or with what failed and why: the thread has said an error,
 * has thrown one, has ended or has not answered in time.
 */
export async function answerOf<Result>(worker: Worker, { failed, mostMs, signal }: Waiting): Promise<Result> {
  const over = new AbortController();
  const late = AbortSignal.timeout(mostMs);
  const until = { signal: AbortSignal.any([over.signal, late, ...(signal ? [signal] : [])]) };
  try {
    const ended = once(worker, "exit", until).then(([code]) => {
      throw new Error(`its thread ended with code ${code}`);
    });
    ended.catch(() => undefined);
    const [answer] = (await Promise.race([once(worker, "message", until), ended])) as [Answer<Result>];
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${failed}: ${late.aborted ? `no answer within ${mostMs / 1_000} s` : why}`, { cause });
  } finally {
    over.abort();
  }
}
