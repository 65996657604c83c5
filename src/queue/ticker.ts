import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { clustersOf } from "../core/across.ts";
import type { Progress } from "../core/progress.ts";
import { type Sentence, say } from "../core/sentence.ts";
import { clockText } from "../core/units.ts";
import { type Log, occasionally } from "../log.ts";
import type { CheckRecords, CheckStatus, Thread } from "./check-record.ts";
import type { Keys } from "./keys.ts";
import { dropLease, holdLease } from "./lock.ts";
import type { Outcome } from "./outbox.ts";
import { LOST_AFTER_MS, type WorkerSeen } from "./workers-seen.ts";

/** Slack allows about 50 updates a minute for the whole app, and advises one per 3 s and message. */
const SHORTEST_MS = 5_000;
const PER_CHECK_MS = 1_500;
/** A bot that dies is replaced by another one this long after its next update would have been due. */
const LEASE_MS = 3_000;
const IDLE_MS = 1_000;
/** A queued check is not told to wait for a worker before this long. */
const PATIENCE_MS = 10_000;

/** The pause between two updates of one message while so many checks run, milliseconds. */
export const updateIntervalMs = (active: number): number => Math.max(SHORTEST_MS, PER_CHECK_MS * active);

/** A check as people should see it now: with a note when nobody measures its part in one of its clusters. Pure. */
export function withLostWorker(
  status: CheckStatus,
  { cluster, workers }: { readonly cluster: string; readonly workers: readonly WorkerSeen[] },
  nowMs: number,
): CheckStatus {
  const { request, progress } = status;
  const newest = progress.find((part) => part.cluster === cluster);
  const waitingMs = nowMs - (newest?.atMs ?? request.requestedAtMs);
  if (newest?.phase === "done" || waitingMs < (newest ? LOST_AFTER_MS : PATIENCE_MS)) return status;
  const someone = workers.length > 0;
  const trouble = newest
    ? lostText({ worker: newest.worker, at: clockText(newest.atMs) }, someone)
    : say("No worker of cluster {cluster} is there since {at}; the check waits for one.", {
        cluster,
        at: clockText(request.requestedAtMs),
      });
  if (!newest && someone) return status;
  const blank: Progress = {
    check: request.id,
    cluster,
    rev: 0,
    atMs: nowMs,
    worker: "",
    phase: "queued",
    steps: [],
  };
  return { ...status, progress: [...progress.filter((one) => one !== newest), { ...(newest ?? blank), trouble }] };
}

function lostText(lost: { readonly worker: string; readonly at: string }, someone: boolean): Sentence {
  return someone
    ? say("Worker {worker} was lost at {at}; what runs on the nodes goes on, another worker takes over.", lost)
    : say("Worker {worker} was lost at {at}; what runs on the nodes goes on, waiting for another worker.", lost);
}

export type TickerDeps = {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly records: CheckRecords;
  readonly workers: (cluster: string) => Promise<readonly WorkerSeen[]>;
  /** What of a check is shown, to tell whether anything visible changed. */
  readonly look: (status: CheckStatus) => string;
  readonly refresh: (status: CheckStatus, thread: Thread) => Promise<Outcome>;
  readonly log: Log;
  /** host:pid of this bot. */
  readonly name: string;
};

/**
 * Keeps the headlines of all running checks fresh, from one bot at a time. It only reads what workers have stored, so
 * that whichever bot holds the lease continues where another one died.
 */
export function startTicker({ redis, keys, records, workers, look, refresh, log, name }: TickerDeps) {
  const stopping = new AbortController();
  const shown = new Map<string, string>();
  const complain = occasionally(log, "progress cannot be updated");
  let active = 0;

  async function round(): Promise<void> {
    const ids = await redis.zrange(keys.active, "0", "-1");
    const statuses = (await Promise.all(ids.map(records.status))).filter((status) => status !== undefined);
    for (const id of shown.keys()) if (!ids.includes(id)) shown.delete(id);
    const visible = statuses.filter(({ thread, outcome }) => thread && !outcome);
    active = visible.length;
    for (const status of visible) {
      if (stopping.signal.aborted) return;
      let now = status;
      for (const cluster of clustersOf(status.request))
        now = withLostWorker(now, { cluster, workers: await workers(cluster) }, Date.now());
      const seen = look(now);
      if (!status.thread || shown.get(status.request.id) === seen) continue;
      const outcome = await refresh(now, status.thread);
      if (outcome.is === "sent") shown.set(status.request.id, seen);
      // Slack asks for a pause: nobody is updated before it is over.
      if (outcome.is === "later") await pause(outcome.delayMs);
    }
  }

  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAtMs = Date.now();
      try {
        const ours = await holdLease(redis, keys.lock("ticker"), name, LEASE_MS + updateIntervalMs(active));
        if (ours) await round();
        else shown.clear();
      } catch (error) {
        complain(error);
      }
      const busyMs = active > 0 ? updateIntervalMs(active) : IDLE_MS;
      await pause(Math.max(IDLE_MS, busyMs - (Date.now() - startedAtMs)));
    }
    await dropLease(redis, keys.lock("ticker"), name).catch(() => undefined);
  }

  const running = run();
  return {
    intervalMs: () => updateIntervalMs(active),
    async stop(): Promise<void> {
      stopping.abort();
      await running;
    },
  };
}
