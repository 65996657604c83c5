import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "#src/log.ts";
import { openRedis, type RedisAccess } from "#src/queue/redis.ts";

/** A private Redis in a folder of its own, gone with everything in it at the end. */
export async function privateQueue(): Promise<RedisAccess & AsyncDisposable & { readonly dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), "netcheck-test-"));
  const config = { redisUrl: undefined, redisPrefix: "netcheck", dataDir };
  const redis = await openRedis({ config, log: silentLog });
  return {
    ...redis,
    dataDir,
    async [Symbol.asyncDispose]() {
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
