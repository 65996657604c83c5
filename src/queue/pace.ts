import type { Redis } from "ioredis";
import type { Keys } from "./keys.ts";

/** Slack takes about one message per second and channel, and short bursts. */
const EVERY_MS = 1_000;
const BURST = 5;

/**
 * Leaky bucket in one key: the time at which the channel's next slot begins. Answers 0 and takes a slot, or how long to
 * wait without taking one.
 */
const TAKE = `
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local next = math.max(tonumber(redis.call("get", KEYS[1]) or "0"), now)
local wait = next - now - every * (burst - 1)
if wait > 0 then return math.ceil(wait) end
redis.call("set", KEYS[1], next + every, "PX", every * burst * 2)
return 0`;

/** Milliseconds to wait before posting to this channel; 0 means now, and counts as done. */
export async function waitForPace(redis: Redis, keys: Keys, channel: string, nowMs: number): Promise<number> {
  return Number(await redis.eval(TAKE, 1, keys.pace(channel), nowMs, EVERY_MS, BURST));
}
