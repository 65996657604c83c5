import { parentPort } from "node:worker_threads";
import type { Chart } from "../core/report.ts";
import { drawPng } from "./draw.ts";
import type { ChartWords } from "./words.ts";

/** Body of the drawing thread: one picture at a time, whatever goes wrong is an answer. */
export type Order = { readonly chart: Chart; readonly words: ChartWords };
export type Drawn = { readonly png: Uint8Array } | { readonly error: string };

const port = parentPort;
port?.on("message", async ({ chart, words }: Order) => {
  const answer = await drawPng(chart, words).then(
    (png): Drawn => ({ png }),
    (error: unknown): Drawn => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  port.postMessage(answer);
});
