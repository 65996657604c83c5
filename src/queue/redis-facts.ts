import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { SharedConfig } from "../config.ts";
import { NetcheckError } from "../core/errors.ts";
import { inWords } from "../core/sentence.ts";
import type { RedisFacts, RedisState } from "../doctor/judge-redis.ts";
import { keysOf } from "./keys.ts";
import { findRedisServer } from "./redis-binary.ts";
import { workersSeen } from "./workers-seen.ts";

type Config = Pick<SharedConfig, "redisUrl" | "redisPrefix" | "dataDir" | "cluster">;
type About = Pick<SharedConfig, "redisPrefix" | "cluster">;

const MOST_CLUSTERS = 100;

/** As BullMQ works: a script that writes. The key goes by itself, should we not be able to delete it. */
const WRITE = "redis.call('set', KEYS[1], '1', 'PX', 10000) return redis.call('del', KEYS[1])";

/**
 * Looks at the Redis of NETCHECK_REDIS_URL, or at the private one of the data folder when it runs; starts none. One small key is
 * written and deleted. Every command ends within `limitMs`.
 */
export async function redisFacts(
  { redisUrl, redisPrefix: prefix, dataDir, cluster }: Config,
  { limitMs }: { readonly limitMs: number },
): Promise<RedisFacts> {
  const options = optionsFor(limitMs);
  const about = { redisPrefix: prefix, cluster };
  if (redisUrl !== undefined) {
    const where = new URL(redisUrl).host;
    const answer = await ask(new Redis(redisUrl, options), about);
    if (answer.outcome !== "away" || !redisUrl.startsWith("rediss:")) return { where, prefix, answer };
    return { where, prefix, answer: await withoutTls(answer, redisUrl, options) };
  }
  const where = "The private Redis";
  try {
    await findRedisServer();
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    const remedy = error.hint === undefined ? "Set NETCHECK_REDIS_URL." : inWords(error.hint);
    return { where, prefix, answer: { outcome: "missing", error: error.message, remedy } };
  }
  const path = join(dataDir, "redis", "redis.sock");
  if (!(await stat(path).catch(() => undefined))) return { where, prefix, answer: { outcome: "idle" } };
  const answer = await ask(new Redis({ ...options, path }), about);
  // The socket stays behind when the server is killed.
  return {
    where,
    prefix,
    answer: answer.outcome === "away" && answer.code === "ECONNREFUSED" ? { outcome: "idle" } : answer,
  };
}

const optionsFor = (limitMs: number) => ({
  ...{ lazyConnect: true, connectTimeout: limitMs, commandTimeout: limitMs, maxRetriesPerRequest: 0 },
  retryStrategy: () => null,
});

/** A server without TLS waits for more when it is greeted in TLS, as if it were behind a firewall. No password is sent to it. */
async function withoutTls(
  answer: Extract<RedisFacts["answer"], { outcome: "away" }>,
  redisUrl: string,
  options: ReturnType<typeof optionsFor>,
): Promise<RedisFacts["answer"]> {
  const { hostname, port } = new URL(redisUrl);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const plain = await ask(new Redis({ ...options, host, port: Number(port || 6379) }), {
    redisPrefix: "netcheck",
    cluster: "none",
  });
  if (plain.outcome === "away") return answer;
  return { outcome: "away", code: "ERR_SSL_NONE", reason: "the server speaks without TLS" };
}

async function ask(client: Redis, about: About): Promise<RedisFacts["answer"]> {
  let trouble: Error | undefined;
  client.on("error", (error: Error) => {
    trouble ??= error;
  });
  try {
    await client.connect();
    const state = await stateOf(client, about);
    return { outcome: "answered", state };
  } catch (error) {
    return failure(trouble ?? error);
  } finally {
    client.disconnect();
  }
}

function failure(error: unknown): RedisFacts["answer"] {
  const reason = error instanceof Error ? error.message : String(error);
  if (/^(NOAUTH|WRONGPASS|NOPERM|ERR )/.test(reason)) return { outcome: "refused", error: reason };
  const said = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  const code = said ?? (/timed? ?out/i.test(reason) ? "ETIMEDOUT" : undefined);
  return { outcome: "away", ...(code !== undefined && { code }), reason };
}

async function stateOf(client: Redis, { redisPrefix, cluster }: About): Promise<RedisState> {
  const info = readInfo(await client.info());
  const writeError = await client.eval(WRITE, 1, `${redisPrefix}:doctor:${randomUUID()}`).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const workers = await workersOf(client, { redisPrefix, cluster }).catch(() => undefined);
  const aof = info["aof_enabled"];
  return {
    version: info["redis_version"] ?? "",
    role: info["role"] ?? "",
    cluster: info["cluster_enabled"] === "1",
    policy: info["maxmemory_policy"],
    appendOnly: aof === undefined ? undefined : aof === "1",
    replicas: Number(info["connected_slaves"] ?? 0),
    usedBytes: Number(info["used_memory"] ?? 0),
    maxBytes: Number(info["maxmemory"] ?? 0),
    fileFails: aof === "1" && info["aof_last_write_status"] === "err",
    writeError,
    workers,
  };
}

/** Clusters whose workers have been heard of in the last seconds. */
async function workersOf(client: Redis, { redisPrefix, cluster }: About): Promise<RedisState["workers"]> {
  const keys = keysOf(redisPrefix);
  const { alive } = workersSeen(client, keys);
  const others = (await client.smembers(keys.clusters)).filter((name) => name !== cluster).slice(0, MOST_CLUSTERS);
  const running = await Promise.all(others.map(async (name) => ((await alive(name)).length > 0 ? [name] : [])));
  return { cluster, alive: (await alive(cluster)).length, elsewhere: running.flat().sort() };
}

const readInfo = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split("\r\n").flatMap((line) => {
      const at = line.indexOf(":");
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    }),
  );
