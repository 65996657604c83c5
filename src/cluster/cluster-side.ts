import type { KubeConfiguration } from "../config.ts";
import { assess } from "../core/assess.ts";
import type { Inventory } from "../core/inventory.ts";
import { makePlan } from "../core/make-plan.ts";
import { openReader } from "../core/open-reader.ts";
import { type Log, occasionally } from "../log.ts";
import { probes } from "../probes/index.ts";
import { rules } from "../rules/index.ts";
import { agentsOf } from "./agents.ts";
import { type InventoryPublisher, publishInventory } from "./inventory-publisher.ts";
import { connectKube } from "./kube-client.ts";
import { createMeasurer, type Measurer } from "./measure.ts";
import { type NodeTasks, nodeTasks } from "./node-tasks.ts";
import { resolver } from "./resolve.ts";
import { readView } from "./view.ts";

/** Everything that holds the credential of one cluster, for a worker or for one check from a terminal. */
export type ClusterSide = {
  readonly measurer: Measurer;
  readonly nodes: NodeTasks;
  /** Follows the cluster's names and hands them to `publish` soon after each change. */
  readonly followNames: (publish: (inventory: Inventory) => Promise<void>) => InventoryPublisher;
  readonly close: () => Promise<void>;
};

/** Opens no connection by itself: a cluster that is away shows at the first call. `worker` is host:pid. */
export function connectCluster({
  kube: { kubeconfig, context, agentNamespace },
  cluster,
  worker,
  log,
}: {
  readonly kube: KubeConfiguration;
  readonly cluster: string;
  readonly worker: string;
  readonly log: Log;
}): ClusterSide {
  const kube = connectKube({ kubeconfig, context });
  const agents = agentsOf(kube, { namespace: agentNamespace });
  const nodes = nodeTasks({ access: kube.exec, agents });
  const measurer = createMeasurer({
    cluster,
    worker,
    log,
    nowMs: Date.now,
    readView: () => readView({ kube, agents }),
    resolve: resolver({ kube, agents }),
    nodes,
    probes,
    makePlan,
    openReader,
    assess: (seen) => assess(seen, rules),
  });
  const onError = occasionally(log, "the Kubernetes API does not answer; trying again");
  return {
    measurer,
    nodes,
    followNames: (publish) => publishInventory({ kube, cluster, publish, onError }),
    close: kube.close,
  };
}
