import { connectCluster } from "#src/cluster/cluster-side.ts";
import type { WorkerConfig } from "#src/config.ts";
import type { Log } from "#src/log.ts";
import type { Metrics } from "#src/metrics.ts";
import { inventories } from "#src/queue/inventory.ts";
import type { RedisAccess } from "#src/queue/redis.ts";
import { lately, type Need } from "#src/readiness.ts";
import { openArtifacts } from "#src/store/artifacts.ts";
import { mergedArtifacts } from "#src/store/merged-artifact.ts";
import type { Tracing } from "#src/tracing.ts";
import { startKeeping } from "./keeping.ts";
import { startMeasuring } from "./measuring.ts";

/** Checks wait out an API server that is away for a while; whoever looks at the worker should not be alarmed sooner. */
const API_ANSWERS = { graceMs: 30_000, everyMs: 5_000 } as const;

type Side = {
  readonly config: WorkerConfig;
  readonly log: Log;
  readonly redis: RedisAccess;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly name: string;
  /** See `captures.ts`. */
  readonly sliceMs?: number | undefined;
};

/** Everything that holds the credential of one cluster. Any number of these may run for it; none is special. */
export async function startWorkerSide({ config, log, redis, metrics, tracing, name, sliceMs }: Side): Promise<{
  /** Resolves when the cluster's names are published for the first time. */
  readonly ready: Promise<void>;
  /** The cluster's API has answered lately. */
  readonly answers: Need;
  readonly stop: () => Promise<void>;
}> {
  await using stack = new AsyncDisposableStack();
  const { cluster, maxChecks } = config;
  const shelf = openArtifacts(config);
  const writeMerged = mergedArtifacts({ store: shelf, dataDir: config.dataDir });
  const names = inventories(await redis.connect("worker"), redis.keys);
  const side = stack.adopt(
    connectCluster({
      ...{ kube: config.kube, cluster, worker: name, shelf, writeMerged, sliceMs, metrics, tracing, log },
      namesOf: names.read,
    }),
    (open) => open.close(),
  );
  const known = Promise.withResolvers<void>();
  const publisher = side.followNames(async (inventory) => {
    await names.publish(inventory);
    known.resolve();
  });
  stack.defer(publisher.stop);
  const { measurer, nodes, budget } = side;
  const { bytesPerSecond } = config.kube.captures;
  const keeping = { redis: await redis.connect("worker"), keys: redis.keys, cluster, bytesPerSecond, budget };
  stack.use(startKeeping({ ...keeping, store: shelf, metrics, log }));
  stack.use(
    await startMeasuring({ redis, cluster, maxChecks, measurer, remove: nodes.remove, metrics, tracing, log, name }),
  );
  const owned = stack.move();
  const answers = lately(side.answers, { ...API_ANSWERS, nowMs: Date.now });
  return { ready: known.promise, answers, stop: () => owned.disposeAsync() };
}
