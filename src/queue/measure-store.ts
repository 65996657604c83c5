import type { Redis } from "ioredis";
import { type MeasureState, measureStateSchema } from "../core/measure-state.ts";
import type { Keys } from "./keys.ts";

const TTL_S = 2 * 86_400;

/** The state of the measuring ticks of one check in one cluster. Written once per tick, before the tick ends. */
export function measureStore(redis: Redis, keys: Keys, cluster: string) {
  return {
    async load(check: string): Promise<MeasureState | undefined> {
      const json = await redis.get(keys.measure(check, cluster));
      // A state of another version's shape counts as absent: the check is planned anew, which is safe.
      return json === null ? undefined : measureStateSchema.safeParse(JSON.parse(json)).data;
    },
    async save(state: MeasureState): Promise<void> {
      await redis.set(keys.measure(state.check, cluster), JSON.stringify(state), "EX", TTL_S);
    },
  };
}
