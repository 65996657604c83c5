import { randomInt } from "node:crypto";
import type { Redis } from "ioredis";
import { summarise } from "#src/core/report-summary.ts";
import type { RunEnd, Schedule } from "#src/core/schedule.ts";
import { silentLog } from "#src/log.ts";
import { openChecks } from "#src/queue/checks.ts";
import { type Keys, queueNames } from "#src/queue/keys.ts";
import { newCheckId } from "#src/queue/new-check-id.ts";
import { openQueue } from "#src/queue/queues.ts";
import { scheduleDesk } from "#src/queue/schedule-desk.ts";
import { type SchedulerDeps, schedulerRound } from "#src/queue/scheduler.ts";
import { scheduleStore } from "#src/queue/schedules.ts";
import { checkRequest } from "./queue-world.ts";
import { reports } from "./sample-reports.ts";

/** A quiet schedule of every night at 01:00 UTC with its digest at 08:00. */
export function scheduleOf({
  request: asksFor = {},
  ...more
}: Omit<Partial<Schedule>, "request"> & { request?: Partial<Schedule["request"]> } = {}): Schedule {
  const { id: _, requestedAtMs, slack, schedule, ...request } = checkRequest();
  return {
    id: `sc-${randomInt(36 ** 6)
      .toString(36)
      .padStart(6, "0")}`,
    cron: "0 1 * * *",
    zone: "UTC",
    digestAt: 480,
    quiet: true,
    missed: "skip",
    request: { ...request, slack: { team: "T1", channel: "C1", user: "U1" }, ...asksFor },
    createdAtMs: 1,
    ...more,
  };
}

/** One bot as far as schedules go, with a clock that stands where the test puts it. */
export function schedulingBot(
  { redis, keys }: { readonly redis: Redis; readonly keys: Keys },
  more: Partial<SchedulerDeps> = {},
) {
  const store = scheduleStore(redis, keys);
  const checks = openChecks({ redis, keys, log: silentLog, maxChecks: 8 });
  const notify = openQueue(queueNames.notify, { connection: redis, keys, log: silentLog });
  const clock = { nowMs: 0 };
  const deps: SchedulerDeps = { store, checks, notify, newId: newCheckId, log: silentLog, ...more };
  return {
    store,
    checks,
    clock,
    desk: scheduleDesk({ redis, store, nowMs: () => clock.nowMs }),
    /** Puts the clock forward and does what is due. */
    async at(nowMs: number): Promise<void> {
      clock.nowMs = nowMs;
      await schedulerRound(deps, nowMs);
    },
    /** Makes a schedule as a command at this time would. */
    async make(schedule: Schedule, nowMs: number): Promise<Schedule> {
      clock.nowMs = nowMs;
      await this.desk.create(schedule, { once: schedule.id });
      return schedule;
    },
    async [Symbol.asyncDispose]() {
      await checks.close();
      await notify.close();
    },
  };
}

/** The end of a run, as the report worker writes it down. */
export const endedAs = (report: keyof typeof reports, check: string): RunEnd => ({
  is: "reported",
  summary: { ...summarise(reports[report]), check },
});

/** From now on the connection hangs for good before its n-th command, as if the process had been killed there; 0 never. */
export function hangBefore(redis: Redis, step: number): { readonly hung: Promise<void>; readonly steps: () => number } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let steps = 0;
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    if (++steps !== step) return send(command, stream);
    resolve();
    return new Promise(() => undefined);
  };
  return { hung: promise, steps: () => steps };
}
