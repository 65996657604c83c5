import { Worker } from "node:worker_threads";
import type { Chart } from "../core/report.ts";
import type { Language } from "../core/sentence.ts";
import { answerOf } from "../thread.ts";
import type { Order } from "./render-worker.ts";

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
      const waiting = { failed: "the chart could not be drawn", mostMs: MAX_DRAW_MS };
      return Buffer.from(await answerOf<Uint8Array>(current, waiting));
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
