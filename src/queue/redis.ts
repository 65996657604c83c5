import { Redis, type RedisOptions } from "ioredis";
import type { SharedConfig } from "../config.ts";
import { NetcheckError } from "../core/errors.ts";
import { type Log, occasionally } from "../log.ts";
import { type Keys, keysOf } from "./keys.ts";
import { startPrivateRedis, truncationNote } from "./private-redis.ts";
import { isNewEnough } from "./redis-binary.ts";

/**
 * `producer` fails within 2 s when Redis is away, so that a user gets an answer. `worker` waits until Redis is back.
 */
export type Role = "producer" | "worker";

export type RedisAccess = {
  readonly keys: Keys;
  /** A connection that is ready for commands. Closed by `stop`. */
  readonly connect: (role: Role) => Promise<Redis>;
  /** Closes all connections, then the private server, if this process supervises it. */
  readonly stop: () => Promise<void>;
};

const COMMAND_MS = 2_000;
const byRole = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: COMMAND_MS },
  worker: { maxRetriesPerRequest: null },
} as const satisfies Record<Role, RedisOptions>;

/** BullMQ's own pause between tries grows to 20 s, which is longer than a user waits. */
const retryStrategy = (times: number): number => Math.min(2_000, 50 * 2 ** times);

/**
 * The Redis of NETCHECK_REDIS_URL, or a private one in the data folder. Waits until it answers, for as long as it takes;
 * `signal` ends the waiting. Throws `bad-config` when it is too old or no server can be started.
 */
export async function openRedis({
  config,
  log,
  signal,
}: {
  readonly config: Pick<SharedConfig, "redisUrl" | "redisPrefix" | "dataDir">;
  readonly log: Log;
  readonly signal?: AbortSignal;
}): Promise<RedisAccess> {
  const own = config.redisUrl === undefined ? await startPrivateRedis({ dataDir: config.dataDir, log }) : undefined;
  const where = own ? own.socketPath : new URL(config.redisUrl ?? "").host;
  const clients = new Set<Redis>();

  async function connect(role: Role): Promise<Redis> {
    const options = { ...byRole[role], retryStrategy, connectTimeout: 5_000 };
    const client = own ? new Redis({ ...options, path: own.socketPath }) : new Redis(config.redisUrl ?? "", options);
    clients.add(client);
    const complain = occasionally(log, "redis does not answer; trying again");
    client.on("error", (error: Error) => complain(Object.assign(error, { redis: where })));
    await ready(client, signal);
    return client;
  }

  async function stop(): Promise<void> {
    for (const client of clients) client.disconnect();
    await own?.stop();
  }

  try {
    const client = await connect("worker");
    await examine(client, log);
    client.disconnect();
    const note = own && (await truncationNote(config.dataDir));
    if (note) log.warn({ note }, "private redis repaired its file; the last second before a power loss may be missing");
  } catch (error) {
    await stop();
    throw error;
  }
  return { keys: keysOf(config.redisPrefix), connect, stop };
}

/** Not `events.once`: that gives up at the first failed try. */
function ready(client: Redis, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    if (client.status === "ready") return resolve();
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    client.once("ready", () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
  });
}

/** Says at start what would make jobs vanish later. */
async function examine(client: Redis, log: Log): Promise<void> {
  const version = /redis_version:(\S+)/.exec(await client.info("server"))?.[1] ?? "unknown";
  if (version !== "unknown" && !isNewEnough(version))
    throw new NetcheckError("bad-config", `Redis ${version} is too old.`, { hint: "Use version 6.2 or newer." });
  const policy = await setting(client, "maxmemory-policy");
  const appendOnly = await setting(client, "appendonly");
  if (policy === undefined || appendOnly === undefined)
    return log.info({ version }, "redis does not show its settings; make sure of noeviction and an append-only file");
  if (policy !== "noeviction")
    log.warn({ version, policy }, "redis may evict jobs when memory is short; set maxmemory-policy to noeviction");
  if (appendOnly !== "yes") log.warn({ version }, "redis keeps no append-only file; checks are lost when it restarts");
}

/** Managed servers forbid CONFIG; that is "unknown", not a failure. */
async function setting(client: Redis, name: string): Promise<string | undefined> {
  const reply: unknown = await client.config("GET", name).catch(() => undefined);
  if (Array.isArray(reply)) return reply[1];
  return reply && typeof reply === "object" ? (reply as Record<string, string>)[name] : undefined;
}
