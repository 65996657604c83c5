import { setTimeout as sleep } from "node:timers/promises";
import type { Measurer } from "#src/cluster/measure.ts";
import type { NodeCalls } from "#src/cluster/measure-ports.ts";
import { type Log, occasionally } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import { checkRecords } from "#src/queue/check-record.ts";
import { queueNames } from "#src/queue/keys.ts";
import { leftovers, startJanitor } from "#src/queue/leftovers.ts";
import { measureStore } from "#src/queue/measure-store.ts";
import { openQueue, startWorker } from "#src/queue/queues.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { HEARTBEAT_MS, workersSeen } from "#src/queue/workers-seen.ts";
import { type Tracing, untraced } from "#src/tracing.ts";
import { measureProcessor } from "./measure.ts";

/** Ticks are short and mostly waiting. */
const TICKS_AT_ONCE = 50;

/** The queue half of a worker: takes the ticks of its cluster, says that it is alive, tidies what was left on nodes. */
export async function startMeasuring({
  redis,
  cluster,
  maxChecks,
  measurer,
  remove,
  metrics,
  tracing = untraced,
  log,
  name,
}: {
  readonly redis: RedisAccess;
  readonly cluster: string;
  readonly maxChecks: number;
  readonly measurer: Measurer;
  readonly remove: NodeCalls["remove"];
  readonly metrics: Metrics;
  /** Untraced where it is absent. */
  readonly tracing?: Tracing;
  readonly log: Log;
  readonly name: string;
}): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { keys } = redis;
  const connection = await redis.connect("worker");
  const notify = stack.adopt(openQueue(queueNames.notify, { connection, keys, log }), (queue) => queue.close());
  stack.use(startHeartbeat({ seen: workersSeen(connection, keys), cluster, name, log }));
  const left = leftovers(connection, keys, cluster);
  stack.adopt(startJanitor({ left, remove, log }), (janitor) => janitor.stop());
  const processor = measureProcessor({
    ...{ cluster, maxChecks, measurer, left, notify, metrics, tracing, log, redis: connection },
    records: checkRecords(connection, keys),
    states: measureStore(connection, keys, cluster),
  });
  const shared = { connection, keys, log, name };
  const ticks = startWorker(queueNames.measure(cluster), processor, { ...shared, concurrency: TICKS_AT_ONCE });
  stack.adopt(ticks, (worker) => worker.close());
  return stack.move();
}

/** Says until it is disposed that a worker of this cluster is there; then that it is gone. */
export function startHeartbeat({
  seen,
  cluster,
  name,
  log,
}: {
  readonly seen: ReturnType<typeof workersSeen>;
  readonly cluster: string;
  readonly name: string;
  readonly log: Log;
}): AsyncDisposable {
  const stopping = new AbortController();
  const complain = occasionally(log, "heartbeat cannot be written");
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await seen.beat(cluster, name).catch(complain);
      await sleep(HEARTBEAT_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await seen.leave(cluster, name).catch(complain);
  }
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
