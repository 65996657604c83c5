import { parentPort } from "node:worker_threads";
import type { Chart } from "../core/report.ts";
import type { Language } from "../core/sentence.ts";
import type { Answer } from "../thread.ts";
import { drawPng } from "./draw.ts";
import { chartWords } from "./words.ts";

/** Body of the drawing thread: one picture at a time, whatever goes wrong is an answer. */
export type Order = { readonly chart: Chart; readonly language: Language };

const port = parentPort;
port?.on("message", async ({ chart, language }: Order) => {
  const answer = await drawPng(chart, chartWords[language]).then(
    (result): Answer<Uint8Array> => ({ result }),
    (error: unknown) => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  port.postMessage(answer);
});
