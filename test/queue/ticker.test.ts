import { expect, test } from "vitest";
import type { Progress } from "#src/core/progress.ts";
import type { CheckStatus } from "#src/queue/check-record.ts";
import { updateIntervalMs, withLostWorker } from "#src/queue/ticker.ts";
import { inEnglish } from "#test/support/in-english.ts";
import { checkRequest } from "../support/queue-world.ts";

const request = checkRequest({ requestedAtMs: 100_000 });
const progress: Progress = {
  check: request.id,
  cluster: "lab",
  rev: 3,
  atMs: 110_000,
  worker: "host:1",
  phase: "measuring",
  steps: [],
};
const running: CheckStatus = { request, state: "running", progress: [progress] };
const queued: CheckStatus = { request, state: "queued", progress: [] };
const alive = [{ id: "host:2", atMs: 110_000 }];

test.each([
  { name: "a worker looks after it", status: running, nowMs: 114_000, workers: alive, trouble: undefined },
  {
    name: "its worker missed its heartbeats and another is there",
    status: running,
    nowMs: 126_000,
    workers: alive,
    trouble: "Worker host:1 was lost at 00:01:50 UTC; what runs on the nodes goes on, another worker takes over.",
  },
  {
    name: "its worker missed its heartbeats and none is there",
    status: running,
    nowMs: 126_000,
    workers: [],
    trouble: "Worker host:1 was lost at 00:01:50 UTC; what runs on the nodes goes on, waiting for another worker.",
  },
  { name: "it has just been queued", status: queued, nowMs: 101_000, workers: [], trouble: undefined },
  {
    name: "it is queued and the cluster has no worker",
    status: queued,
    nowMs: 111_000,
    workers: [],
    trouble: "No worker of cluster lab is there since 00:01:40 UTC; the check waits for one.",
  },
  { name: "it waits for its turn", status: queued, nowMs: 190_000, workers: alive, trouble: undefined },
  {
    name: "its worker is done and the report is being made",
    status: { ...running, progress: [{ ...progress, phase: "done" as const }] },
    nowMs: 190_000,
    workers: [],
    trouble: undefined,
  },
])("a check says $trouble when $name", ({ status, nowMs, workers, trouble }) => {
  expect(inEnglish(withLostWorker(status, { cluster: "lab", workers }, nowMs).progress[0]?.trouble)).toBe(trouble);
});

test("updates stay under Slack's limit for the whole app however many checks run", () => {
  expect([0, 1, 3, 4, 20].map(updateIntervalMs)).toEqual([5_000, 5_000, 5_000, 6_000, 30_000]);
});
