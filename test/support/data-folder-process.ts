// One process of a data folder, for tests that kill it: starts or joins the private Redis and says whose it is.
import { setInterval } from "node:timers/promises";
import { silentLog } from "#src/log.ts";
import { openRedis } from "#src/queue/redis.ts";

const [dataDir = ""] = process.argv.slice(2);
await openRedis({ config: { redisUrl: undefined, redisPrefix: "netcheck", dataDir }, log: silentLog });
process.stdout.write("ready\n");
for await (const _ of setInterval(60_000));
