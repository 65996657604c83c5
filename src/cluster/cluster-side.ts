import type { KubeConfiguration } from "../config.ts";
import { assess } from "../core/assess.ts";
import type { Inventory } from "../core/inventory.ts";
import { makePlan } from "../core/make-plan.ts";
import { openReader } from "../core/open-reader.ts";
import type { Probe } from "../core/probe.ts";
import { type Log, occasionally } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { probes } from "../probes/index.ts";
import { rules } from "../rules/index.ts";
import { type Tracing, untraced } from "../tracing.ts";
import { agentsOf } from "./agents.ts";
import { ByteBudget } from "./byte-budget.ts";
import { clusterCaptures, SLICE_MS } from "./captures.ts";
import { countedExec, countedNodes } from "./counted-calls.ts";
import { runExec } from "./exec-run.ts";
import { captureFetcher, type Shelf } from "./fetch-captures.ts";
import { type InventoryPublisher, publishInventory } from "./inventory-publisher.ts";
import { connectKube } from "./kube-client.ts";
import { createMeasurer, type Measurer } from "./measure.ts";
import type { WriteMerged } from "./merge-captures.ts";
import { readNames } from "./names.ts";
import { type NodeTasks, nodeTasks } from "./node-tasks.ts";
import { resolver } from "./resolve.ts";
import { readView } from "./view.ts";

/** Everything that holds the credential of one cluster, for a worker or for one check from a terminal. */
export type ClusterSide = {
  readonly measurer: Measurer;
  readonly nodes: NodeTasks;
  /** How fast this process may fetch recorded packets. */
  readonly budget: ByteBudget;
  /** Follows the cluster's names and hands them to `publish` soon after each change. */
  readonly followNames: (publish: (inventory: Inventory) => Promise<void>) => InventoryPublisher;
  /** Fails when the API server does not answer, or refuses what every check begins with. */
  readonly answers: () => Promise<unknown>;
  readonly close: () => Promise<void>;
};

/** How long the API server may take to show that it is there. */
const ANSWER_MS = 5_000;

/** Opens no connection by itself: a cluster that is away shows at the first call. `worker` is host:pid. */
export function connectCluster({
  kube: { kubeconfig, context, agentNamespace, captures: limits },
  cluster,
  worker,
  shelf,
  writeMerged,
  sliceMs = SLICE_MS,
  probes: measurements = probes,
  namesOf = async () => undefined,
  metrics,
  tracing = untraced,
  log,
}: {
  readonly kube: KubeConfiguration;
  readonly cluster: string;
  readonly worker: string;
  /** Where recorded packets are kept. */
  readonly shelf: Shelf;
  readonly writeMerged: WriteMerged;
  readonly sliceMs?: number | undefined;
  /** All there are, when absent. */
  readonly probes?: readonly Probe[];
  /** The published names of another cluster; a terminal knows none. */
  readonly namesOf?: (cluster: string) => Promise<Inventory | undefined>;
  readonly metrics: Metrics;
  /** Untraced where it is absent: a check from a terminal is nobody's trace. */
  readonly tracing?: Tracing;
  readonly log: Log;
}): ClusterSide {
  const kube = connectKube({ kubeconfig, context });
  const agents = agentsOf(kube, { namespace: agentNamespace });
  const calls = nodeTasks({ access: kube.exec, agents, run: countedExec(runExec, metrics) });
  const nodes = countedNodes(calls, metrics, Date.now);
  const budget = new ByteBudget(limits.bytesPerSecond, Date.now);
  const fetcher = captureFetcher({ nodes, shelf, budget, nowMs: Date.now, log });
  let follower: InventoryPublisher | undefined;
  const measurer = createMeasurer({
    cluster,
    worker,
    log,
    nowMs: Date.now,
    readView: (about) => readView({ kube, agents }, { about }),
    resolve: resolver({ kube, agents, readNames: async () => follower?.names() ?? readNames(kube) }),
    nodes,
    namesOf,
    span: (name, work) => tracing.span(name, {}, work),
    captures: clusterCaptures({
      ...{ fetcher, shelf, sliceMs, log },
      writeMerged: (...what) => tracing.span("merge files", {}, () => writeMerged(...what)),
      maxBytes: limits.bytesPerCheck,
      nowMs: Date.now,
    }),
    probes: measurements,
    makePlan,
    openReader,
    assess: (seen) => assess(seen, rules),
  });
  const onError = occasionally(log, "the Kubernetes API does not answer; trying again");
  return {
    measurer,
    nodes,
    budget,
    followNames: (publish) => {
      follower = publishInventory({ kube, cluster, publish, onError });
      return follower;
    },
    answers: () =>
      kube.call(
        { verb: "list", resource: "pods" },
        () => kube.core.listNamespacedPod({ namespace: agentNamespace, limit: 1 }),
        { deadlineMs: ANSWER_MS },
      ),
    close: kube.close,
  };
}
