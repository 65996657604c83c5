import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Redis } from "ioredis";
import { type Inventory, inventorySchema } from "../core/inventory.ts";
import type { Keys } from "./keys.ts";

const pack = promisify(gzip);
const unpack = promisify(gunzip);

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
    const json = await unpack(Buffer.from(packed, "base64"), { maxOutputLength: MAX_BYTES });
    return inventorySchema.safeParse(JSON.parse(json.toString())).data;
  }

  return {
    async publish(inventory: Inventory): Promise<void> {
      const packed = (await pack(JSON.stringify(inventory))).toString("base64");
      await redis
        .multi()
        .set(keys.inventory(inventory.cluster), packed, "EX", TTL_S)
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
