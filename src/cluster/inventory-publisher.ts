import { type Informer, type KubernetesObject, ListWatch, Watch } from "@kubernetes/client-node";
import type { Inventory } from "../core/inventory.ts";
import type { Kube } from "./kube-client.ts";
import {
  deploymentNames,
  listNames,
  MAX_NAMES,
  type Named,
  type NameKind,
  type Names,
  nodeNames,
  podNames,
  serviceNames,
} from "./names.ts";

/** Changes that come together are published together. */
const DEBOUNCE_MS = 500;
/** In a large cluster something always changes, and all names are written each time: so much longer for each of them. */
const DEBOUNCE_MS_PER_NAME = 0.1;
/** Published anew this often even when nothing changes, so that readers can tell a quiet cluster from a dead worker. */
const REFRESH_MS = 30_000;
const BACKOFF_MS = { first: 500, most: 30_000 } as const;

export type InventoryPublisher = {
  /** Milliseconds since the API server last answered for the most stale kind of object; undefined before the first answer. */
  readonly ageMs: () => number | undefined;
  /** The names as they are known; undefined before the first answer. */
  readonly names: () => Names | undefined;
  readonly stop: () => Promise<void>;
};

/**
 * Follows the names of a cluster with informers and hands them to `publish` soon after a change. An informer that failed is
 * started again with back-off: client-node's stop for good. They list in pages and hold names only, not the objects. Never
 * rejects; failures go to `onError`.
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
  let published = 0;
  let listing: Promise<void> = Promise.resolve();
  const changed = () => {
    if (!stopped) debounce ??= setTimeout(send, Math.max(DEBOUNCE_MS, published * DEBOUNCE_MS_PER_NAME));
  };
  const follow = <T extends KubernetesObject, Entry>(kind: NameKind<T, Entry>) => {
    let seenMs: number | undefined;
    let complete = true;
    const seen = () => {
      seenMs = nowMs();
      changed();
    };
    const named = (object: T): Named<Entry> => {
      const { name = "", namespace = "", resourceVersion = "" } = object.metadata ?? {};
      return { metadata: { name, namespace, resourceVersion }, entry: kind.entryOf(object) };
    };
    const list = async () => {
      // One kind after the other: pages are large, and what was made of them lingers until it is collected.
      const mine = listing.then(() => listNames(kube, kind, named));
      listing = mine.then(
        () => undefined,
        () => undefined,
      );
      const listed = await mine;
      complete = listed.complete;
      seen();
      return { items: listed.items, metadata: { resourceVersion: listed.version ?? "" } };
    };
    const watch = keeping(new Watch(kube.config), { seen, named });
    const informer = new ListWatch<Named<Entry>>(kind.path, watch, list, false);
    const cancelRestart = keepRunning(informer, { onError, stopped: () => stopped });
    informer.on("change", seen);
    return {
      entries: () => informer.list().map(({ entry }) => entry),
      seenMs: () => seenMs,
      complete: () => complete,
      end: () => {
        cancelRestart();
        return informer.stop();
      },
    };
  };

  const pods = follow(podNames);
  const services = follow(serviceNames);
  const nodes = follow(nodeNames);
  const deployments = follow(deploymentNames);
  const all = [pods, services, nodes, deployments];
  const ageMs = () => {
    const seen = all.map((one) => one.seenMs() ?? Number.NaN);
    const oldest = Math.min(...seen);
    return Number.isNaN(oldest) ? undefined : Math.max(0, nowMs() - oldest);
  };
  const names = (): Names | undefined =>
    ageMs() === undefined
      ? undefined
      : {
          pods: pods.entries(),
          services: services.entries(),
          deployments: deployments.entries(),
          nodes: nodes.entries(),
        };
  const send = () => {
    debounce = undefined;
    const age = ageMs();
    const known = names();
    if (stopped || age === undefined || known === undefined) return;
    published = Object.values(known).reduce((sum, { length }) => sum + length, 0);
    const inventory: Inventory = {
      cluster,
      atMs: nowMs() - age,
      ...known,
      ...(all.every((one) => one.complete()) ? {} : { cut: MAX_NAMES }),
    };
    publishing = publishing.then(() => publish(inventory)).catch(onError);
  };
  const refresh = setInterval(changed, REFRESH_MS);
  return {
    ageMs,
    names,
    stop: async () => {
      stopped = true;
      clearInterval(refresh);
      clearTimeout(debounce);
      await Promise.all(all.map((one) => one.end()));
      await publishing;
    },
  };
}

/** Says when a watch really stands: "connect" of an informer is only the attempt. A watch that failed comes back aborted. */
function keeping<T extends KubernetesObject, Entry>(
  watch: Watch,
  { seen, named }: { seen: () => void; named: (object: T) => Named<Entry> },
): Watch {
  const original = watch.watch.bind(watch);
  watch.watch = async (path, query, take, done) => {
    // A status, in the place of an object, is what an ERROR carries; a BOOKMARK has no name.
    const keep: typeof take = (phase, object, whole) =>
      take(phase, phase === "ERROR" || phase === "BOOKMARK" ? object : named(object), whole);
    const controller = await original(path, query, keep, done);
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
