// A bot for tests that kill it: does one round of its schedules at a given time, and hangs before its n-th step towards Redis.
import { silentLog } from "#src/log.ts";
import { openRedis } from "#src/queue/redis.ts";
import { hangBefore, schedulingBot } from "./scheduling.ts";

const [dataDir = "", nowMs = "0", hangAt = "0"] = process.argv.slice(2);
const redis = await openRedis({ config: { redisUrl: undefined, redisPrefix: "netcheck", dataDir }, log: silentLog });
const connection = await redis.connect("worker");
const bot = schedulingBot({ redis: connection, keys: redis.keys });
const { hung } = hangBefore(connection, Number(hangAt));
await Promise.race([bot.at(Number(nowMs)), hung]);
process.stdout.write("inside\n");
await new Promise(() => setInterval(() => undefined, 1_000));
