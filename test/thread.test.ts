import { expect, test } from "vitest";
import { inThread } from "#src/thread.ts";

const threadThat = (does: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort, workerData } from "node:worker_threads"; ${does}`)}`,
  );
const waiting = { failed: "it could not be done", mostMs: 30_000 };

test("the answer of a thread is the result", async () => {
  const url = threadThat("parentPort.postMessage({ result: workerData + 1 });");
  expect(await inThread<number>(url, { ...waiting, workerData: 41 })).toBe(42);
});

test.each([
  { name: "says an error", does: 'parentPort.postMessage({ error: "no room" });', why: "no room" },
  { name: "throws", does: 'throw new Error("no file");', why: "no file" },
  { name: "ends without a word", does: "process.exit(3);", why: "its thread ended with code 3" },
  { name: "never answers", does: "setInterval(() => {}, 1_000);", mostMs: 50, why: "no answer within 0.05 s" },
])("a thread that $name is an error", async ({ does, why, mostMs = 30_000 }) => {
  await expect(inThread(threadThat(does), { ...waiting, mostMs })).rejects.toThrow(`it could not be done: ${why}`);
});

test("whoever waits may give up, with a reason of its own", async () => {
  const given = new AbortController();
  const waits = inThread(threadThat("setInterval(() => {}, 1_000);"), { ...waiting, signal: given.signal });
  given.abort(new Error("cancelled by a person"));
  await expect(waits).rejects.toThrow(/^cancelled by a person$/);
});
