import type { Redis } from "ioredis";
import { clustersOf, partOf } from "../core/across.ts";
import { type CheckRequest, hasThread } from "../core/check.ts";
import type { Inventory } from "../core/inventory.ts";
import { type Language, languageSchema } from "../core/sentence.ts";
import type { Log } from "../log.ts";
import { type Tracing, untraced } from "../tracing.ts";
import { whileAvailable } from "./available.ts";
import { type CheckStatus, checkRecords, RECORD_TTL_S, type Thread } from "./check-record.ts";
import { inventories } from "./inventory.ts";
import { type Keys, queueNames } from "./keys.ts";
import { jobAttributes, jobOptions, openFlows, openQueue } from "./queues.ts";
import { type ClusterSeen, type WorkerSeen, workersSeen } from "./workers-seen.ts";

/** What a bot (or a terminal that uses the queue) can do with checks. Every call fails within about 2 s. */
export type Checks = {
  /**
   * Queues a check; when this returns it is durable. `once` is what the request came with (Slack's `trigger_id`):
   * the same request delivered again starts nothing and names the check that the first one started as `duplicate`.
   * `position` is 1 when it begins at once, 2 when one check has to end before it, and so on.
   */
  readonly submit: (
    request: CheckRequest,
    options?: { readonly once?: string },
  ) => Promise<{ readonly position: number; readonly duplicate?: string }>;
  /** Asks for the end of a check. It still reports what was measured. */
  readonly cancel: (id: string, by: string) => Promise<"cancelling" | "already-cancelled" | "finished" | "unknown">;
  readonly status: (id: string) => Promise<CheckStatus | undefined>;
  /** Checks that are not finished, oldest first. */
  readonly list: () => Promise<readonly CheckStatus[]>;
  /** Finished checks, newest first, at most `count`. */
  readonly recent: (count: number) => Promise<readonly CheckStatus[]>;
  readonly thread: (id: string) => Promise<Thread | undefined>;
  /** The check whose thread hangs on this message, for commands that are given inside a thread. */
  readonly byThread: (channel: string, ts: string) => Promise<string | undefined>;
  /** Names that commands may use; undefined when no worker of that cluster has published any. At most 2 s old in this process. */
  readonly readInventory: (cluster: string) => Promise<Inventory | undefined>;
  /** Clusters that had a worker within a week, in the order of the alphabet, and how many of these were alive in the last 15 s. */
  readonly clusters: () => Promise<readonly ClusterSeen[]>;
  /** The cluster that a channel has chosen. */
  readonly channelCluster: (channel: string) => Promise<string | undefined>;
  readonly setChannelCluster: (channel: string, cluster: string | undefined) => Promise<void>;
  /** The language that a channel has chosen. */
  readonly language: (channel: string) => Promise<Language | undefined>;
  readonly setLanguage: (channel: string, language: Language) => Promise<void>;
  /** Workers of a cluster that were alive in the last 15 s. */
  readonly workers: (cluster: string) => Promise<readonly WorkerSeen[]>;
  readonly close: () => Promise<void>;
};

/** `redis` must be a producer connection: it fails at once when Redis is away, so that the user gets an answer. */
export function openChecks({
  redis,
  keys,
  log,
  maxChecks,
  tracing = untraced,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly log: Log;
  readonly maxChecks: number;
  /** Untraced where it is absent. */
  readonly tracing?: Tracing;
}): Checks {
  const available = whileAvailable(redis);
  const records = checkRecords(redis, keys);
  const connected = { connection: redis, keys, log };
  const flows = openFlows(connected);
  const notify = openQueue(queueNames.notify, connected);
  const measureQueues = new Map<string, ReturnType<typeof openQueue>>();
  const { read: readInventory } = inventories(redis, keys);
  const seen = workersSeen(redis, keys);

  function measureQueue(cluster: string) {
    const queue = measureQueues.get(cluster) ?? openQueue(queueNames.measure(cluster), connected);
    measureQueues.set(cluster, queue);
    return queue;
  }

  async function positionOf(id: string, cluster: string): Promise<number> {
    return Math.max(1, ((await records.checksBefore(id, cluster)) ?? 0) - maxChecks + 2);
  }

  /** Every step can be repeated: whoever died half-way is completed by the next delivery of the same request. */
  async function enqueue(request: CheckRequest): Promise<void> {
    const { id, requestedAtMs } = request;
    const carried = tracing.carried();
    await redis
      .multi()
      .hset(keys.check(id), "request", JSON.stringify(request))
      .zadd(keys.active, requestedAtMs, id)
      .exec();
    for (const cluster of clustersOf(request)) await redis.zadd(keys.places(cluster), requestedAtMs, id);
    await flows.add({
      name: "report",
      queueName: queueNames.report,
      data: { check: id, ...carried },
      opts: { ...jobOptions.report, jobId: id },
      children: clustersOf(request).map((cluster) => ({
        name: "measure",
        queueName: queueNames.measure(cluster),
        data: { check: id, cluster, ...carried },
        opts: { ...jobOptions.measure, jobId: id },
      })),
    });
    if (hasThread(request))
      await notify.add("open", { check: id, kind: "open", ...carried }, { ...jobOptions.open, jobId: `${id}.open` });
    await redis.hset(keys.check(id), "queued", "true");
  }

  /** A schedule's run begins its trace here, a command's has begun when it came. */
  const submit: Checks["submit"] = (request, options) =>
    tracing.span(
      "enqueue",
      {
        root: true,
        kind: "producer",
        attributes: jobAttributes(request.id, "send", queueNames.measure(request.cluster)),
      },
      () => submitOnce(request, options),
    );

  async function submitOnce(request: CheckRequest, { once }: { readonly once?: string } = {}) {
    if (once !== undefined) {
      const taken = await redis.set(keys.once(once), request.id, "EX", RECORD_TTL_S, "NX");
      const first = taken === "OK" ? request.id : await redis.get(keys.once(once));
      if (first && first !== request.id) {
        if (!(await redis.hget(keys.check(first), "queued"))) await enqueue({ ...request, id: first });
        return { position: await positionOf(first, request.cluster), duplicate: first };
      }
    }
    await enqueue(request);
    return { position: await positionOf(request.id, request.cluster) };
  }

  async function cancel(id: string, by: string) {
    const status = await records.status(id);
    if (!status) return "unknown";
    if (status.state === "done" || status.state === "reporting") return "finished";
    const first = await redis.hsetnx(keys.check(id), "cancel", JSON.stringify({ by, atMs: Date.now() }));
    await Promise.all(clustersOf(status.request).map((cluster) => hurry(status.request, cluster)));
    return first === 1 ? "cancelling" : "already-cancelled";
  }

  /**
   * The flag is read at every tick; this only makes it quicker. A waiting tick is moved to the front. A check that no
   * worker has touched is taken out of the queue, which lets its report begin even when the cluster has no worker.
   */
  async function hurry(request: CheckRequest, cluster: string): Promise<void> {
    const job = await measureQueue(cluster).getJob(request.id);
    if (!job) return;
    const untouched = !(await redis.exists(keys.measure(partOf(request, cluster).id, cluster)));
    // Either call fails when the job changed its state just now; its next tick sees the flag.
    if (untouched && (await removed(job))) return;
    if (await job.isDelayed()) await job.promote().catch(() => undefined);
  }

  async function statuses(ids: readonly string[]): Promise<readonly CheckStatus[]> {
    return (await Promise.all(ids.map(records.status))).filter((status) => status !== undefined);
  }

  return {
    submit: available(submit),
    cancel: available(cancel),
    status: available(records.status),
    list: available(async () => statuses(await redis.zrange(keys.active, "0", "-1"))),
    recent: available(async (count: number) => statuses(await redis.zrange(keys.recent, "0", `${count - 1}`, "REV"))),
    thread: available(async (id: string) => (await records.status(id))?.thread),
    byThread: available(
      async (channel: string, ts: string) => (await redis.get(keys.thread(channel, ts))) ?? undefined,
    ),
    readInventory: available(readInventory),
    clusters: available(seen.clusters),
    channelCluster: available(
      async (channel: string) => (await redis.hget(keys.channelClusters, channel)) ?? undefined,
    ),
    setChannelCluster: available(async (channel: string, cluster: string | undefined) => {
      if (cluster === undefined) await redis.hdel(keys.channelClusters, channel);
      else await redis.hset(keys.channelClusters, channel, cluster);
    }),
    language: available(
      async (channel: string) => languageSchema.safeParse(await redis.hget(keys.languages, channel)).data,
    ),
    setLanguage: available(async (channel: string, language: Language) => {
      await redis.hset(keys.languages, channel, language);
    }),
    workers: available(seen.alive),
    async close() {
      await Promise.all([flows.close(), notify.close(), ...[...measureQueues.values()].map((queue) => queue.close())]);
    },
  };
}

async function removed(job: { readonly remove: () => Promise<void> }): Promise<boolean> {
  return job.remove().then(
    () => true,
    () => false,
  );
}
