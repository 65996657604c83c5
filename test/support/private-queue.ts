import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
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

/** The process of the private server of a data folder, to be killed. */
export async function redisServer(dataDir: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [cwd, exe] = await Promise.all([readlink(`/proc/${pid}/cwd`), readlink(`/proc/${pid}/exe`)]).catch(() => [
      "",
      "",
    ]);
    if (cwd?.startsWith(dataDir) && exe?.includes("redis")) return Number(pid);
  }
  throw new Error("no server runs");
}
