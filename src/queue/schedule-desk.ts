import type { Redis } from "ioredis";
import { nextDigest, nextDue, type RunSeen, type Schedule } from "../core/schedule.ts";
import { whileAvailable } from "./available.ts";
import type { ScheduleStore, ScheduleSeen as Seen } from "./schedules.ts";

/** A schedule as people see it. */
export type ScheduleSeen = {
  readonly schedule: Schedule;
  readonly state: "active" | "paused";
  readonly by?: string | undefined;
  readonly nextMs?: number | undefined;
  readonly latest?: RunSeen | undefined;
};

/** What people can do with schedules. `redis` must be a producer connection. */
export function scheduleDesk({
  redis,
  store,
  nowMs = Date.now,
}: {
  readonly redis: Redis;
  readonly store: ScheduleStore;
  readonly nowMs?: () => number;
}) {
  const available = whileAvailable(redis);

  async function seen({ schedule, state: { is, by, nextMs, latest } }: Seen): Promise<readonly ScheduleSeen[]> {
    if (is === "ended") return [];
    const run = latest && (await store.run(schedule.id, latest.dueMs));
    return [{ schedule, state: is, by, nextMs, latest: run }];
  }

  async function create(schedule: Schedule, { once }: { readonly once: string }): Promise<{ duplicate?: string }> {
    const now = nowMs();
    const state = { is: "active", nextMs: nextDue(schedule, now), digestMs: nextDigest(schedule, now) } as const;
    const id = await store.create(schedule, state, { once });
    return id === schedule.id ? {} : { duplicate: id };
  }

  /** Changes the state of a schedule that has not ended. */
  async function change(id: string, to: Parameters<ScheduleStore["change"]>[1]): Promise<Seen | undefined> {
    const found = await store.change(id, (one) => (one.state.is === "ended" ? undefined : to(one)));
    return found?.state.is === "ended" ? undefined : found;
  }

  async function pause(id: string, by: string): Promise<"done" | "already" | "unknown"> {
    let before: string | undefined;
    const found = await change(id, ({ state }) => {
      before = state.is;
      return state.is === "paused" ? undefined : { ...state, is: "paused", by, nextMs: undefined };
    });
    if (found === undefined) return "unknown";
    return before === "paused" ? "already" : "done";
  }

  async function resume(id: string, atMs: number): Promise<{ nextMs?: number | undefined } | "already" | "unknown"> {
    let before: string | undefined;
    const found = await change(id, ({ schedule, state }) => {
      before = state.is;
      if (state.is === "active") return undefined;
      return { ...state, is: "active", by: undefined, nextMs: nextDue(schedule, atMs) };
    });
    if (found === undefined) return "unknown";
    return before === "active" ? "already" : { nextMs: found.state.nextMs };
  }

  async function remove(id: string, by: string): Promise<"done" | "unknown"> {
    let found = false;
    const now = await store.change(id, ({ state }) => {
      if (state.is === "ended") return undefined;
      found = true;
      return { ...state, is: "ended", by, nextMs: undefined };
    });
    if (!found || now === undefined) return "unknown";
    // Its last digest may still have something to tell; whoever posts that removes it.
    if (now.state.digestMs === undefined) await store.remove(id);
    return "done";
  }

  return {
    create: available(create),
    list: available(async () => (await Promise.all((await store.list()).map(seen))).flat()),
    pause: available(pause),
    resume: available(resume),
    remove: available(remove),
  };
}
