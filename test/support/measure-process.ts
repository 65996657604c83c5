// A worker process for tests that kill it. Its nodes are in Redis. With a second argument it hangs inside that sync.
import { createMeasurer } from "#src/cluster/measure.ts";
import { silentLog } from "#src/log.ts";
import { createMetrics } from "#src/metrics.ts";
import { openRedis } from "#src/queue/redis.ts";
import { startMeasuring } from "#workers/measuring.ts";
import { measuring } from "./measuring.ts";
import { redisNodes } from "./redis-nodes.ts";

const [dataDir = "", hangAt = "0"] = process.argv.slice(2);
const redis = await openRedis({ config: { redisUrl: undefined, redisPrefix: "netcheck", dataDir }, log: silentLog });
const nodes = redisNodes(await redis.connect("worker"), Date.now);
const name = `test:${process.pid}`;
let syncs = 0;
const measurer = createMeasurer({
  ...measuring({ nowMs: Date.now }).depsOf(name),
  nodes: {
    ...nodes,
    async sync(...args) {
      if (++syncs === Number(hangAt)) {
        process.stdout.write("inside\n");
        await new Promise(() => undefined);
      }
      return nodes.sync(...args);
    },
  },
});
await startMeasuring({
  redis,
  cluster: "lab",
  maxChecks: 8,
  measurer,
  remove: nodes.remove,
  metrics: createMetrics(),
  log: silentLog,
  name,
});
process.stdout.write("ready\n");
