import { type Informer, type KubernetesObject, ListWatch, Watch } from "@kubernetes/client-node";
import type { Inventory } from "../core/inventory.ts";
import type { Kube } from "./kube-client.ts";

/** Changes that come together are published together. */
const DEBOUNCE_MS = 500;
/** Published anew this often even when nothing changes, so that readers can tell a quiet cluster from a dead worker. */
const REFRESH_MS = 30_000;
const BACKOFF_MS = { first: 500, most: 30_000 } as const;
const MAX_NAMES = 20_000;

export type InventoryPublisher = {
  /** Milliseconds since the API server last answered for the most stale kind of object; undefined before the first answer. */
  readonly ageMs: () => number | undefined;
  readonly stop: () => Promise<void>;
};

/**
 * Follows the names of a cluster with informers and hands them to `publish` soon after a change. An informer that failed is
 * started again with back-off: client-node's stop for good. Never rejects; failures go to `onError`.
 */
export function publishInventory({
  kube,
  cluster,
  publish,
  onError,
  nowMs = Date.now,
}: {
  kube: Kube;
  cluster: string;
  publish: (inventory: Inventory) => Promise<void>;
  onError: (error: unknown) => void;
  nowMs?: () => number;
}): InventoryPublisher {
  let stopped = false;
  let debounce: NodeJS.Timeout | undefined;
  let publishing = Promise.resolve();
  const changed = () => {
    if (!stopped) debounce ??= setTimeout(send, DEBOUNCE_MS);
  };
  const follow = <T extends KubernetesObject>(path: string, list: () => Promise<{ items: T[] }>) => {
    let seenMs: number | undefined;
    const seen = () => {
      seenMs = nowMs();
      changed();
    };
    const listSeen = async () => {
      const listed = await kube.call(readOf(path), list);
      seen();
      return listed;
    };
    const informer = new ListWatch<T>(path, noticing(new Watch(kube.config), seen), listSeen, false);
    const cancelRestart = keepRunning(informer, { onError, stopped: () => stopped });
    informer.on("change", seen);
    return {
      objects: () => informer.list(),
      seenMs: () => seenMs,
      end: () => {
        cancelRestart();
        return informer.stop();
      },
    };
  };

  const pods = follow("/api/v1/pods", () => kube.core.listPodForAllNamespaces());
  const services = follow("/api/v1/services", () => kube.core.listServiceForAllNamespaces());
  const nodes = follow("/api/v1/nodes", () => kube.core.listNode());
  const deployments = follow("/apis/apps/v1/deployments", () => kube.apps.listDeploymentForAllNamespaces());
  const all = [pods, services, nodes, deployments];
  const ageMs = () => {
    const seen = all.map((one) => one.seenMs() ?? Number.NaN);
    const oldest = Math.min(...seen);
    return Number.isNaN(oldest) ? undefined : Math.max(0, nowMs() - oldest);
  };
  const send = () => {
    debounce = undefined;
    const age = ageMs();
    if (stopped || age === undefined) return;
    const inventory: Inventory = {
      cluster,
      atMs: nowMs() - age,
      pods: pods
        .objects()
        .slice(0, MAX_NAMES)
        .map((pod) => ({
          ...nameOf(pod),
          phase: pod.status?.phase ?? "Unknown",
          ...(pod.status?.podIP ? { ip: pod.status.podIP } : {}),
          ...(pod.spec?.nodeName ? { node: pod.spec.nodeName } : {}),
        })),
      services: services
        .objects()
        .slice(0, MAX_NAMES)
        .map((service) => {
          const ip = service.spec?.clusterIP;
          return {
            ...nameOf(service),
            ...(ip && ip !== "None" ? { ip } : {}),
            ports: service.spec?.ports?.map(({ port }) => port) ?? [],
          };
        }),
      deployments: deployments.objects().slice(0, MAX_NAMES).map(nameOf),
      nodes: nodes
        .objects()
        .slice(0, MAX_NAMES)
        .map((node) => {
          const ip = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
          return { name: nameOf(node).name, ...(ip ? { ip } : {}) };
        }),
    };
    publishing = publishing.then(() => publish(inventory)).catch(onError);
  };
  const refresh = setInterval(send, REFRESH_MS);
  return {
    ageMs,
    stop: async () => {
      stopped = true;
      clearInterval(refresh);
      clearTimeout(debounce);
      await Promise.all(all.map((one) => one.end()));
      await publishing;
    },
  };
}

const nameOf = ({ metadata }: KubernetesObject) => ({
  namespace: metadata?.namespace ?? "",
  name: metadata?.name ?? "",
});
const readOf = (path: string) => ({ verb: "list", resource: path.slice(path.lastIndexOf("/") + 1) });

/** Says when a watch really stands: "connect" of an informer is only the attempt. A watch that failed comes back aborted. */
function noticing(watch: Watch, seen: () => void): Watch {
  const original = watch.watch.bind(watch);
  watch.watch = async (...call) => {
    const controller = await original(...call);
    if (!controller.signal.aborted) seen();
    return controller;
  };
  return watch;
}

/** Starts an informer, and again after every failure. Returns what cancels a restart that is planned. */
function keepRunning<T extends KubernetesObject>(
  informer: Informer<T>,
  { onError, stopped }: { onError: (error: unknown) => void; stopped: () => boolean },
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let waitMs: number = BACKOFF_MS.first;
  const failed = (error: unknown) => {
    if (stopped()) return;
    onError(error);
    clearTimeout(timer);
    timer = setTimeout(start, waitMs);
    waitMs = Math.min(BACKOFF_MS.most, waitMs * 2);
  };
  const start = () => void informer.start().catch(failed);
  informer.on("error", failed);
  informer.on("change", () => {
    waitMs = BACKOFF_MS.first;
  });
  start();
  return () => clearTimeout(timer);
}
