// A bot for tests that kill it: does one round of its schedules at a given time, and hangs before its n-th step towards Redis.
import { silentLog } from "#src/log.ts";
import { openRedis } from "#src/queue/redis.ts";
import { schedulingBot } from "./scheduling.ts";

const [dataDir = "", nowMs = "0", hangAt = "0"] = process.argv.slice(2);
const redis = await openRedis({ config: { redisUrl: undefined, redisPrefix: "netcheck", dataDir }, log: silentLog });
const connection = await redis.connect("worker");
let steps = 0;
let armed = false;
const send = connection.sendCommand.bind(connection);
connection.sendCommand = (command, stream) => {
  if (armed && ++steps === Number(hangAt)) {
    process.stdout.write(`inside ${command.name}\n`);
    return new Promise(() => undefined);
  }
  return send(command, stream);
};
const bot = schedulingBot({ redis: connection, keys: redis.keys });
armed = true;
await bot.at(Number(nowMs));
process.stdout.write(`done after ${steps}\n`);
await new Promise(() => setInterval(() => undefined, 1_000));
