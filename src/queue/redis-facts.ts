import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Redis, type RedisOptions } from "ioredis";
import type { SharedConfig } from "../config.ts";
import { NetcheckError } from "../core/errors.ts";
import { inWords } from "../core/sentence.ts";
import type { RedisFacts, RedisState } from "../doctor/judge-redis.ts";
import { findRedisServer } from "./redis-binary.ts";

/** As BullMQ works: a script that writes. The key goes by itself, should we not be able to delete it. */
const WRITE = "redis.call('set', KEYS[1], '1', 'PX', 10000) return redis.call('del', KEYS[1])";

/**
 * Looks at the Redis of NETCHECK_REDIS_URL, or at the private one of the data folder when it runs; starts none. One small key is
 * written and deleted. Every command ends within `limitMs`.
 */
export async function redisFacts(
  { redisUrl, redisPrefix: prefix, dataDir }: Pick<SharedConfig, "redisUrl" | "redisPrefix" | "dataDir">,
  { limitMs }: { readonly limitMs: number },
): Promise<RedisFacts> {
  const options = {
    lazyConnect: true,
    connectTimeout: limitMs,
    commandTimeout: limitMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  };
  if (redisUrl !== undefined) {
    const where = new URL(redisUrl).host;
    const answer = await ask(new Redis(redisUrl, options), prefix);
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
  const answer = await ask(new Redis({ ...options, path }), prefix);
  // The socket stays behind when the server is killed.
  return {
    where,
    prefix,
    answer: answer.outcome === "away" && answer.code === "ECONNREFUSED" ? { outcome: "idle" } : answer,
  };
}

/** A server without TLS waits for more when it is greeted in TLS, as if it were behind a firewall. No password is sent to it. */
async function withoutTls(
  answer: Extract<RedisFacts["answer"], { outcome: "away" }>,
  redisUrl: string,
  options: RedisOptions,
): Promise<RedisFacts["answer"]> {
  const { hostname, port } = new URL(redisUrl);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const plain = await ask(new Redis({ ...options, host, port: Number(port || 6379) }), "netcheck");
  if (plain.outcome === "away") return answer;
  return { outcome: "away", code: "ERR_SSL_NONE", reason: "the server speaks without TLS" };
}

async function ask(client: Redis, prefix: string): Promise<RedisFacts["answer"]> {
  let trouble: Error | undefined;
  client.on("error", (error: Error) => {
    trouble ??= error;
  });
  try {
    await client.connect();
    const state = await stateOf(client, `${prefix}:doctor:${randomUUID()}`);
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

async function stateOf(client: Redis, key: string): Promise<RedisState> {
  const info = readInfo(await client.info());
  const writeError = await client.eval(WRITE, 1, key).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
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
  };
}

const readInfo = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split("\r\n").flatMap((line) => {
      const at = line.indexOf(":");
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    }),
  );
