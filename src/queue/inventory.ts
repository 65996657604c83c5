import type { Redis } from "ioredis";
import { type Inventory, inventorySchema } from "../core/inventory.ts";
import type { Keys } from "./keys.ts";
import { pack, unpack } from "./packed.ts";

/** A cluster without a worker for a week is forgotten. */
const TTL_S = 7 * 86_400;
const CACHE_MS = 2_000;
/** About 100,000 pods. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Names of a cluster's objects: workers publish them, the bot reads them. Compressed; one key per cluster. */
export function inventories(redis: Redis, keys: Keys) {
  const cache = new Map<string, { readonly atMs: number; readonly value: Promise<Inventory | undefined> }>();

  async function load(cluster: string): Promise<Inventory | undefined> {
    const packed = await redis.get(keys.inventory(cluster));
    if (packed === null) return undefined;
    return inventorySchema.safeParse(await unpack(packed, { maxBytes: MAX_BYTES })).data;
  }

  return {
    async publish(inventory: Inventory): Promise<void> {
      await redis
        .multi()
        .set(keys.inventory(inventory.cluster), await pack(inventory), "EX", TTL_S)
        .sadd(keys.clusters, inventory.cluster)
        .exec();
    },

    /** At most 2 s old in this process, so that a hundred commands in a row unpack it a few times only. */
    read(cluster: string): Promise<Inventory | undefined> {
      const cached = cache.get(cluster);
      if (cached && Date.now() - cached.atMs < CACHE_MS) return cached.value;
      const value = load(cluster);
      cache.set(cluster, { atMs: Date.now(), value });
      value.catch(() => cache.delete(cluster));
      return value;
    },
  };
}
