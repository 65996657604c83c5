import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";

/** Deletes or prolongs a lock only while it is still ours. */
const RELEASE = `if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end`;
const RENEW = `if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) else return 0 end`;

/** True when `owner` holds the lease now, whether it had it before or took it. It ends by itself after `leaseMs`. */
export async function holdLease(redis: Redis, key: string, owner: string, leaseMs: number): Promise<boolean> {
  if ((await redis.set(key, owner, "PX", leaseMs, "NX")) === "OK") return true;
  return (await redis.eval(RENEW, 1, key, owner, leaseMs)) === 1;
}

export async function dropLease(redis: Redis, key: string, owner: string): Promise<void> {
  await redis.eval(RELEASE, 1, key, owner);
}

/** A holder that was killed blocks others for this long. */
const LOCK_MS = 8_000;
const RENEW_MS = 2_500;

/** Runs `work` while no other process runs any under the same key; undefined when another does. */
export async function withLock<T>(redis: Redis, key: string, work: () => Promise<T>): Promise<T | undefined> {
  const owner = randomUUID();
  if ((await redis.set(key, owner, "PX", LOCK_MS, "NX")) !== "OK") return undefined;
  // When Redis is away the lock may end early; the state that is written before every call still holds.
  const renewal = setInterval(() => void redis.eval(RENEW, 1, key, owner, LOCK_MS).catch(() => undefined), RENEW_MS);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await dropLease(redis, key, owner);
  }
}
