import type { Redis } from "ioredis";
import { type MeasureState, measureStateSchema } from "../core/measure-state.ts";
import type { Keys } from "./keys.ts";

const TTL_S = 2 * 86_400;

/** Writes a state only over an older one: a worker that was thought dead must not undo what another did since. */
const SAVE = `
if tonumber(redis.call("hget", KEYS[1], "rev") or "0") >= tonumber(ARGV[1]) then return 0 end
redis.call("hset", KEYS[1], "rev", ARGV[1], "state", ARGV[2])
redis.call("expire", KEYS[1], ARGV[3])
return 1`;

/** The state of the measuring ticks of one check in one cluster. Written once per tick, before the tick ends. */
export function measureStore(redis: Redis, keys: Keys, cluster: string) {
  return {
    async load(check: string): Promise<MeasureState | undefined> {
      const json = await redis.hget(keys.measure(check, cluster), "state");
      return json === null ? undefined : measureStateSchema.parse(JSON.parse(json));
    },
    /** False when another worker has gone on with the check in the meantime. */
    async save(state: MeasureState): Promise<boolean> {
      const saved = await redis.eval(
        SAVE,
        1,
        keys.measure(state.check, cluster),
        state.rev,
        JSON.stringify(state),
        TTL_S,
      );
      return saved === 1;
    },
  };
}
