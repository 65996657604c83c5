import type { Redis } from "ioredis";
import { z } from "zod";
import { checkIdSchema } from "../core/check.ts";
import { NetcheckError } from "../core/errors.ts";
import {
  type Run,
  type RunEnd,
  type RunSeen,
  runEndSchema,
  runSchema,
  type Schedule,
  scheduleSchema,
} from "../core/schedule.ts";
import { say } from "../core/sentence.ts";
import { RECORD_TTL_S } from "./check-record.ts";
import type { Keys } from "./keys.ts";

/** Schedules in all; more are refused. */
const MAX_SCHEDULES = 100;
/** Runs are remembered for the seven days of a baseline and the day that is compared with it. */
const RUNS_KEPT_MS = 9 * 86_400_000;
/** A digest that was told, and the runs of a schedule that is gone. */
const TOLD_TTL_S = 35 * 86_400;
const TRIES = 20;

const stateSchema = z.object({
  /** ended: nobody wants further runs; what is left is the digest of those that were. */
  is: z.enum(["active", "paused", "ended"]),
  /** Who paused or ended it. */
  by: z.string().optional(),
  /** When the next run is due; Unix milliseconds. */
  nextMs: z.number().optional(),
  /** When the next digest is due. */
  digestMs: z.number().optional(),
  /** The newest run that was started. */
  latest: z.object({ dueMs: z.number(), check: checkIdSchema }).optional(),
});
/** What changes about a schedule. It is replaced as a whole, and only by who has seen the state before. */
export type ScheduleState = z.infer<typeof stateSchema>;

export type ScheduleSeen = { readonly schedule: Schedule; readonly state: ScheduleState };

/** Replaces a state that is still the one that was seen, and moves the schedule to where it is due next. */
const REPLACE = `if redis.call("hget", KEYS[1], "state") ~= ARGV[1] then return 0 end
redis.call("hset", KEYS[1], "state", ARGV[2])
redis.call("zadd", KEYS[2], ARGV[3], ARGV[4])
return 1`;

/** Writes down once how a run ended, and that somebody is to be told. */
const END = `if redis.call("hsetnx", KEYS[1], ARGV[1] .. ":end", ARGV[2]) == 0 then return 0 end
redis.call("expire", KEYS[1], ARGV[3])
if ARGV[4] == "tell" then
  redis.call("sadd", KEYS[2], ARGV[1])
  redis.call("expire", KEYS[2], ARGV[3])
end
return 1`;

/** Schedules and their runs. Every write can be repeated, so that whoever is killed is completed by the next one. */
export function scheduleStore(redis: Redis, keys: Keys) {
  async function find(id: string): Promise<(ScheduleSeen & { readonly raw: string }) | undefined> {
    const [json, raw] = await redis.hmget(keys.schedule(id), "schedule", "state");
    if (!json || !raw) return undefined;
    return { schedule: scheduleSchema.parse(JSON.parse(json)), state: stateSchema.parse(JSON.parse(raw)), raw };
  }

  async function replace(id: string, raw: string, state: ScheduleState): Promise<boolean> {
    const json = JSON.stringify(state);
    return (await redis.eval(REPLACE, 2, keys.schedule(id), keys.schedules, raw, json, wakeAt(state), id)) === 1;
  }

  async function remove(id: string): Promise<void> {
    await redis
      .multi()
      .zrem(keys.schedules, id)
      .del(keys.schedule(id), keys.scheduleUntold(id))
      .expire(keys.scheduleRuns(id), TOLD_TTL_S)
      .exec();
  }

  return {
    /** Durable when it returns. The same `once` makes nothing again and names the schedule that the first one made. */
    async create(schedule: Schedule, state: ScheduleState, { once }: { readonly once: string }): Promise<string> {
      const made = keys.once(`schedule:${once}`);
      if ((await redis.zcard(keys.schedules)) >= MAX_SCHEDULES && !(await redis.exists(made)))
        throw new NetcheckError(
          "over-limit",
          say("There are already {count} schedules, which is the most.", { count: MAX_SCHEDULES }),
          {
            hint: say("Remove one that nobody needs with {command}.", { command: "unschedule" }),
          },
        );
      await redis.set(made, schedule.id, "EX", RECORD_TTL_S, "NX");
      const [id = schedule.id, done] = ((await redis.get(made)) ?? schedule.id).split(" ");
      if (done) return id;
      await redis
        .multi()
        .hsetnx(keys.schedule(id), "schedule", JSON.stringify({ ...schedule, id }))
        .hsetnx(keys.schedule(id), "state", JSON.stringify(state))
        .zadd(keys.schedules, "NX", wakeAt(state), id)
        .set(made, `${id} made`, "KEEPTTL")
        .exec();
      return id;
    },

    find,

    /** All of them, in the order in which they were made. */
    async list(): Promise<readonly ScheduleSeen[]> {
      const ids = await redis.zrange(keys.schedules, "0", "-1");
      const found = (await Promise.all(ids.map(find))).filter((one) => one !== undefined);
      return found.toSorted((a, b) => a.schedule.createdAtMs - b.schedule.createdAtMs);
    },

    /** Ids for which something is due. */
    due: (nowMs: number): Promise<readonly string[]> => redis.zrange(keys.schedules, "-inf", `${nowMs}`, "BYSCORE"),

    replace,

    /** Repeats a change until nobody else made one at the same time. undefined when there is no such schedule. */
    async change(id: string, to: (seen: ScheduleSeen) => ScheduleState | undefined): Promise<ScheduleSeen | undefined> {
      for (let tries = 0; tries < TRIES; tries++) {
        const seen = await find(id);
        if (seen === undefined) return undefined;
        const state = to(seen);
        if (state === undefined) return seen;
        if (await replace(id, seen.raw, state)) return { schedule: seen.schedule, state };
      }
      throw new Error(`schedule ${id} changes all the time`);
    },

    remove,

    /** Decides about a due time, once: whoever comes later gets what was decided. */
    async decide(id: string, run: Run): Promise<Run> {
      await redis.hsetnx(keys.scheduleRuns(id), `${run.dueMs}`, JSON.stringify(run));
      return runSchema.parse(JSON.parse((await redis.hget(keys.scheduleRuns(id), `${run.dueMs}`)) ?? ""));
    },

    /** Whether a check was submitted for this due time, by whomever. */
    submitted: async (id: string, dueMs: number): Promise<boolean> =>
      (await redis.exists(keys.once(runName(id, dueMs)))) === 1,

    /** The check that a run became. */
    started: (id: string, dueMs: number, check: string) => redis.hset(keys.scheduleRuns(id), `${dueMs}:check`, check),

    /** How a run ended; only the first time counts. */
    async end(id: string, dueMs: number, end: RunEnd): Promise<void> {
      const seen = await find(id);
      const tell = seen?.schedule.digestAt === undefined ? "" : "tell";
      await redis.eval(
        END,
        2,
        keys.scheduleRuns(id),
        keys.scheduleUntold(id),
        dueMs,
        JSON.stringify(end),
        TOLD_TTL_S,
        tell,
      );
    },

    ended: async (id: string, dueMs: number): Promise<boolean> =>
      (await redis.hexists(keys.scheduleRuns(id), `${dueMs}:end`)) === 1,

    /** Runs that are remembered, oldest first. */
    async runs(id: string): Promise<readonly RunSeen[]> {
      const fields = await redis.hgetall(keys.scheduleRuns(id));
      const names = Object.keys(fields).filter((name) => !name.includes(":"));
      const runs = names.flatMap((name) => runFrom(fields[name], fields[`${name}:check`], fields[`${name}:end`]));
      return runs.toSorted((a, b) => a.dueMs - b.dueMs);
    },

    /** One of them. */
    async run(id: string, dueMs: number): Promise<RunSeen | undefined> {
      return runFrom(...(await redis.hmget(keys.scheduleRuns(id), `${dueMs}`, `${dueMs}:check`, `${dueMs}:end`)))[0];
    },

    /** Forgets what is too old for a baseline. */
    async trim(id: string, nowMs: number): Promise<void> {
      const names = await redis.hkeys(keys.scheduleRuns(id));
      const old = names.filter((name) => Number(name.split(":")[0]) < nowMs - RUNS_KEPT_MS);
      if (old.length > 0) await redis.hdel(keys.scheduleRuns(id), ...old);
    },

    untold: (id: string): Promise<number> => redis.scard(keys.scheduleUntold(id)),

    /** Due times of the runs that the digest of `dueMs` tells: each run in one digest, each time the same. */
    async take(id: string, dueMs: number): Promise<readonly number[]> {
      const taken = keys.digest(id, dueMs);
      // Fails when there is nothing to tell; does nothing when this digest has its runs already.
      await redis.renamenx(keys.scheduleUntold(id), taken).catch((error: unknown) => {
        if (!String(error).includes("no such key")) throw error;
      });
      await redis.expire(taken, TOLD_TTL_S);
      return (await redis.smembers(taken)).map(Number).toSorted((a, b) => a - b);
    },
  };
}

export type ScheduleStore = ReturnType<typeof scheduleStore>;

/** A run as its three fields have it; none when the first is missing or another version wrote it in another shape. */
function runFrom(decided?: string | null, check?: string | null, end?: string | null): readonly RunSeen[] {
  const run = decided ? runSchema.safeParse(JSON.parse(decided)).data : undefined;
  const read = end ? runEndSchema.safeParse(JSON.parse(end)).data : undefined;
  return run ? [{ ...run, ...(check && { check }), ...(read && { end: read }) }] : [];
}

/** Under this name the check of a due time is submitted, once. */
export const runName = (id: string, dueMs: number): string => `${id}:${dueMs}`;

/** When the schedule is to be looked at next. */
function wakeAt({ is, nextMs, digestMs }: ScheduleState): string {
  const wake = Math.min(
    is === "active" ? (nextMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    digestMs ?? Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(wake) ? `${wake}` : "+inf";
}
