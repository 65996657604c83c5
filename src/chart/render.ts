import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Chart } from "../core/report.ts";
import type { Language } from "../core/sentence.ts";
import type { Drawn, Order } from "./render-worker.ts";

/** Draws charts; `using` or `close` ends its thread. */
export type ChartRenderer = {
  /** The chart as a PNG, 1080 pixels wide. Rejects when it cannot be drawn; the next picture is not affected. */
  readonly render: (chart: Chart, language?: Language) => Promise<Buffer>;
  readonly close: () => Promise<void>;
} & AsyncDisposable;

/** A picture takes about 50 ms; a thread that needs longer than this is ended. */
const MAX_DRAW_MS = 15_000;

/**
 * One thread, one picture at a time: the process that posts to Slack never waits for pixels. The thread starts with the
 * first picture and is replaced after a failure.
 */
export function openChartRenderer({
  workerUrl = new URL("./render-worker.ts", import.meta.url),
}: {
  readonly workerUrl?: URL;
} = {}): ChartRenderer {
  let worker: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function draw(chart: Chart, language: Language): Promise<Buffer> {
    worker ??= new Worker(workerUrl);
    const current = worker;
    try {
      current.postMessage({ chart, language } satisfies Order);
      const answer = await answerOf(current);
      if ("error" in answer) throw new Error(`the chart could not be drawn: ${answer.error}`);
      return Buffer.from(answer.png);
    } catch (error) {
      worker = undefined;
      await current.terminate();
      throw error;
    }
  }

  function render(chart: Chart, language: Language = "en"): Promise<Buffer> {
    const turn = last.then(() => draw(chart, language));
    last = turn.catch(() => undefined);
    return turn;
  }

  async function close(): Promise<void> {
    await last;
    await worker?.terminate();
    worker = undefined;
  }

  return { render, close, [Symbol.asyncDispose]: close };
}

/** The thread's answer, or why there will be none: it died, or it took too long. */
async function answerOf(worker: Worker): Promise<Drawn> {
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(MAX_DRAW_MS)]);
  try {
    const exited = once(worker, "exit", { signal }).then(([code]) => {
      throw new Error(`the drawing thread ended with code ${code}`);
    });
    exited.catch(() => undefined);
    const [answer] = await Promise.race([once(worker, "message", { signal }), exited]);
    return answer as Drawn;
  } finally {
    controller.abort();
  }
}
