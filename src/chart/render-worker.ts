import { parentPort } from "node:worker_threads";
import type { Chart } from "../core/report.ts";
import type { Language } from "../core/sentence.ts";
import { drawPng } from "./draw.ts";
import { chartWords } from "./words.ts";

/** Body of the drawing thread: one picture at a time, whatever goes wrong is an answer. */
export type Order = { readonly chart: Chart; readonly language: Language };
export type Drawn = { readonly png: Uint8Array } | { readonly error: string };

const port = parentPort;
port?.on("message", async ({ chart, language }: Order) => {
  const answer = await drawPng(chart, chartWords[language]).then(
    (png): Drawn => ({ png }),
    (error: unknown): Drawn => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  port.postMessage(answer);
});
