import type { Redis } from "ioredis";
import { NetcheckError } from "../core/errors.ts";

/** Turns "Redis is away" into the sentence that the user sees. `redis` must be a producer connection, which fails at once. */
export function whileAvailable(redis: Redis) {
  return <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>): ((...args: A) => Promise<R>) =>
    async (...args) => {
      try {
        if (redis.status !== "ready") throw new Error(`redis connection is ${redis.status}`);
        return await call(...args);
      } catch (cause) {
        if (cause instanceof NetcheckError) throw cause;
        throw new NetcheckError("queue-unavailable", "netcheck's queue does not answer, so nothing was done.", {
          hint: "Try again in a minute.",
          cause,
        });
      }
    };
}
