import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Queue } from "bullmq";
import { AROUND_MS, GRACE_MS, nextDigest, nextDue, type Run } from "../core/schedule.ts";
import { type Log, occasionally } from "../log.ts";
import type { Checks } from "./checks.ts";
import { jobOptions } from "./queues.ts";
import { runName, type ScheduleSeen, type ScheduleStore } from "./schedules.ts";

/** How often a bot looks whether anything is due. */
const ROUND_MS = 1_000;
/** Due times that one look at a schedule counts as missed; a longer absence takes more looks. */
const MOST_MISSED = 10_000;
/** So many are counted before others have their turn. */
const MISSED_AT_ONCE = 50;
/** What one round does for one schedule: a month of digests and runs that were missed together. */
const MOST_TURNS = 100;

export type SchedulerDeps = {
  readonly store: ScheduleStore;
  readonly checks: Pick<Checks, "submit" | "status">;
  readonly notify: Pick<Queue, "add">;
  readonly newId: () => string;
  readonly log: Log;
};

type Seen = NonNullable<Awaited<ReturnType<ScheduleStore["find"]>>>;

/**
 * Does what is due by `nowMs`, Unix milliseconds. Any number of bots may do so at the same time, and each may be killed
 * anywhere: what a due time becomes is decided once, the check is submitted under the name of the due time, and the schedule
 * moves on only from the state that was seen. What goes wrong with one schedule is thrown when all have had their turn.
 */
export async function schedulerRound(
  { store, checks, notify, newId, log }: SchedulerDeps,
  nowMs: number,
): Promise<void> {
  async function run({ schedule, state, raw }: Seen, dueMs: number): Promise<void> {
    const { id, quiet, digestAt } = schedule;
    const decided = await store.decide(id, await decision({ schedule, state }, dueMs));
    let { latest } = state;
    if (decided.is === "started" && nowMs - decided.atMs > GRACE_MS && !(await store.submitted(id, dueMs))) {
      // Whoever decided to start it died before it did; by now it is another time of the day.
      await store.end(id, dueMs, { is: "lost" });
    } else if (decided.is === "started") {
      const check = newId();
      const { duplicate } = await checks.submit(
        { ...schedule.request, id: check, requestedAtMs: nowMs, schedule: { id, dueMs, quiet } },
        { once: runName(id, dueMs) },
      );
      latest = { dueMs, check: duplicate ?? check };
      await store.started(id, dueMs, latest.check);
      await store.trim(id, nowMs);
      log.info({ schedule: id, check: latest.check, dueMs }, "scheduled run started");
    } else {
      await store.end(id, dueMs, { is: "not-run" });
      // Without a digest it is said on its own.
      if (digestAt === undefined)
        await notify.add(
          "not-run",
          { schedule: id, dueMs, kind: "not-run" },
          { ...jobOptions.notify, jobId: `${id}.not-run.${dueMs}` },
        );
      log.info({ schedule: id, ...decided }, "scheduled run not started");
    }
    const nextMs = nextDue(schedule, decided.is === "missed" ? decided.untilMs : dueMs);
    await store.replace(id, raw, { ...state, nextMs, latest });
  }

  /** Newest first: a run that is late because several were due gives way to the last of them. */
  async function decision(seen: ScheduleSeen, dueMs: number): Promise<Run> {
    const { schedule, state } = seen;
    const nextMs = nextDue(schedule, dueMs);
    if (nextMs !== undefined && nextMs <= nowMs)
      return { is: "missed", dueMs, atMs: nowMs, ...(await missedUntil(seen, dueMs, nextMs)) };
    if (nowMs - dueMs > GRACE_MS) {
      const endsMs = nowMs + schedule.request.durationMs + AROUND_MS;
      const inTheWay = nextMs !== undefined && endsMs > nextMs;
      if (schedule.missed === "skip" || inTheWay) return { is: "missed", dueMs, atMs: nowMs, untilMs: dueMs, count: 1 };
    }
    const { latest } = state;
    if (latest && latest.dueMs !== dueMs && (await isRunning(schedule.id, latest)))
      return { is: "overlapped", dueMs, atMs: nowMs, byDueMs: latest.dueMs, byCheck: latest.check };
    return { is: "started", dueMs, atMs: nowMs };
  }

  async function missedUntil(
    { schedule }: ScheduleSeen,
    dueMs: number,
    nextMs: number,
  ): Promise<{ untilMs: number; count: number }> {
    let [untilMs, count] = [dueMs, 1];
    for (let at = nextMs; count < MOST_MISSED; count++) {
      // A month of every five minutes takes seconds, in which Redis and Slack must not be kept waiting.
      if (count % MISSED_AT_ONCE === 0) await setImmediate();
      const after = nextDue(schedule, at);
      // The last one before now is looked at by itself.
      if (after === undefined || after > nowMs) break;
      untilMs = at;
      at = after;
    }
    return { untilMs, count };
  }

  async function isRunning(id: string, latest: { readonly dueMs: number; readonly check: string }): Promise<boolean> {
    if (await store.ended(id, latest.dueMs)) return false;
    const status = await checks.status(latest.check);
    if (status !== undefined && status.state !== "done") return true;
    // A Redis without its file has forgotten the check: nobody will ever report it.
    await store.end(id, latest.dueMs, { is: "lost" });
    return false;
  }

  async function digest({ schedule, state, raw }: Seen, dueMs: number): Promise<void> {
    const { id } = schedule;
    await notify.add(
      "digest",
      { schedule: id, dueMs, kind: "digest" },
      { ...jobOptions.notify, jobId: `${id}.digest.${dueMs}` },
    );
    await store.replace(id, raw, { ...state, digestMs: nextDigest(schedule, dueMs) });
  }

  /** Does one thing at a time and looks again; runs come before the digest that may tell of them. */
  async function catchUp(id: string): Promise<void> {
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const seen = await store.find(id);
      if (seen === undefined) return store.remove(id);
      const { is, nextMs, digestMs } = seen.state;
      if (is === "active" && nextMs !== undefined && nextMs <= nowMs) await run(seen, nextMs);
      else if (digestMs !== undefined && digestMs <= nowMs) await digest(seen, digestMs);
      else return;
    }
  }

  const failures: unknown[] = [];
  for (const id of await store.due(nowMs)) await catchUp(id).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} schedules cannot be looked after`);
}

/** Looks after the schedules until it is stopped. Every bot does. */
export function startScheduler(deps: SchedulerDeps): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const complain = occasionally(deps.log, "schedules cannot be looked after");
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await schedulerRound(deps, Date.now()).catch(complain);
      await sleep(ROUND_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
