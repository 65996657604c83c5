import type { Redis } from "ioredis";
import type { z } from "zod";
import { type Inventory, inventorySchema } from "../core/inventory.ts";
import type { Keys } from "./keys.ts";
import { packLines, unpackLines } from "./packed.ts";

/** A cluster without a worker for a week is forgotten. */
const TTL_S = 7 * 86_400;
const CACHE_MS = 2_000;
/** About 300,000 pods. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Names in a line: some 40 kB of JSON. */
const LINE = 250;

/** Names of a cluster's objects: workers publish them, the bot reads them. Compressed; one key per cluster. */
export function inventories(redis: Redis, keys: Keys) {
  const cache = new Map<string, { readonly atMs: number; readonly value: Promise<Inventory | undefined> }>();

  async function load(cluster: string): Promise<Inventory | undefined> {
    const packed = await redis.getBuffer(keys.inventory(cluster));
    return packed === null ? undefined : joined(unpackLines(packed, { maxBytes: MAX_BYTES }));
  }

  return {
    async publish(inventory: Inventory): Promise<void> {
      await redis
        .multi()
        .set(keys.inventory(inventory.cluster), await packLines(linesOf(inventory)), "EX", TTL_S)
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

/** The first says what is true of all names, each other one has some names of one kind. */
const lineSchema = inventorySchema.partial();
type Line = z.infer<typeof lineSchema>;

/** In parts, because the JSON of 100,000 pods takes 18 MB, and as much again in each step on its way to Redis and back. */
function* linesOf({ pods, services, deployments, nodes, ...about }: Inventory): Generator<Line> {
  yield about;
  for (const some of parts(pods)) yield { pods: some };
  for (const some of parts(services)) yield { services: some };
  for (const some of parts(deployments)) yield { deployments: some };
  for (const some of parts(nodes)) yield { nodes: some };
}

function* parts<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += LINE) yield all.slice(from, from + LINE);
}

/** The opposite of `linesOf`; undefined when the lines are something else. */
async function joined(lines: AsyncIterable<unknown>): Promise<Inventory | undefined> {
  const all: Pick<Inventory, "pods" | "services" | "deployments" | "nodes"> = {
    pods: [],
    services: [],
    deployments: [],
    nodes: [],
  };
  let about: Line = {};
  for await (const line of lines) {
    const read = lineSchema.safeParse(line);
    if (!read.success) return undefined;
    const { pods = [], services = [], deployments = [], nodes = [], ...rest } = read.data;
    all.pods.push(...pods);
    all.services.push(...services);
    all.deployments.push(...deployments);
    all.nodes.push(...nodes);
    about = { ...about, ...rest };
  }
  const { cluster, atMs, cut } = about;
  if (cluster === undefined || atMs === undefined) return undefined;
  return { cluster, atMs, ...all, ...(cut === undefined ? {} : { cut }) };
}
