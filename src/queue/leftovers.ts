import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { z } from "zod";
import { checkIdSchema } from "../core/check.ts";
import { type Log, occasionally } from "../log.ts";
import type { Keys } from "./keys.ts";

const EVERY_MS = 15_000;
/** Older ones are given up: the node is gone for good, and with it what was there. */
const GIVE_UP_MS = 7 * 86_400_000;

const leftoverSchema = z.object({ check: checkIdSchema, node: z.string() });

/**
 * Nodes that did not answer when a check was to be tidied there. Their tasks have ended by themselves, by the lease; the
 * files go as soon as the node is back, whichever worker notices.
 */
export function leftovers(redis: Redis, keys: Keys, cluster: string) {
  const key = keys.leftovers(cluster);
  return {
    async add(check: string, nodes: readonly string[]): Promise<void> {
      for (const node of nodes) await redis.zadd(key, "NX", Date.now(), JSON.stringify({ check, node }));
    },

    /** Tries all of them once; `remove` rejects while the node is away. Answers how many are left. */
    async tidy(remove: (node: string, check: string) => Promise<unknown>): Promise<number> {
      await redis.zremrangebyscore(key, "-inf", Date.now() - GIVE_UP_MS);
      const all = await redis.zrange(key, "0", "-1");
      const gone = await Promise.all(
        all.map(async (member) => {
          const parsed = leftoverSchema.safeParse(JSON.parse(member)).data;
          if (!parsed) return member;
          return remove(parsed.node, parsed.check).then(
            () => member,
            () => undefined,
          );
        }),
      );
      const done = gone.filter((member) => member !== undefined);
      if (done.length > 0) await redis.zrem(key, ...done);
      return all.length - done.length;
    },
  };
}

/** Tidies every 15 s until stopped. */
export function startJanitor({
  left,
  remove,
  log,
}: {
  readonly left: Pick<ReturnType<typeof leftovers>, "tidy">;
  readonly remove: (node: string, check: string) => Promise<unknown>;
  readonly log: Log;
}): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const complain = occasionally(log, "leftovers cannot be tidied");
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await left.tidy(remove).catch(complain);
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
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
