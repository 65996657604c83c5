import type { Machine } from "./machine.ts";
import type { LabNode } from "./model.ts";
import type { Pods } from "./pods.ts";
import type { Store } from "./store.ts";

/** How long the control plane waits for a silent kubelet (node-monitor-grace-period). */
const GRACE_MS = 40_000;
/** Of the grace time: how often a lease is renewed (10 s of 40 s), and how often everything is looked at. */
const LEASES_PER_GRACE = 4;
const LOOKS_PER_GRACE = 40;

/** What the control plane knows about the nodes: leases, conditions, and the pods of nodes that fell silent. */
export type Kubelets = {
  readonly crashNode: (name: string) => Promise<void>;
  readonly bootNode: (name: string) => Promise<void>;
  readonly stop: () => void;
};

type Parts = {
  readonly store: Store;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly pods: Pods;
  readonly newBootId: () => string;
  /** Called when a machine has booted again and its services must be written. */
  readonly onBooted: (name: string) => Promise<void>;
  readonly graceMs?: number;
};

export function watchNodes({ store, machines, pods, newBootId, onBooted, graceMs = GRACE_MS }: Parts): Kubelets {
  const look = (): void => {
    const nowMs = Date.now();
    for (const node of store.nodes.values()) {
      if (machines.get(node.name)?.pid() !== undefined) {
        if (nowMs - node.leaseRenewedAtMs >= graceMs / LEASES_PER_GRACE) node.leaseRenewedAtMs = nowMs;
      } else if (node.ready !== "Unknown" && nowMs - node.leaseRenewedAtMs > graceMs) silent(store, node);
    }
  };
  const timer = setInterval(look, graceMs / LOOKS_PER_GRACE);
  timer.unref();
  return {
    async crashNode(name) {
      await machines.get(name)?.crash();
    },
    async bootNode(name) {
      const machine = machines.get(name);
      const before = store.nodes.get(name);
      if (machine === undefined || before === undefined || machine.pid() !== undefined) return;
      const node: LabNode = {
        ...before,
        bootId: newBootId(),
        leaseRenewedAtMs: Date.now(),
        ready: "True",
        readyReason: "KubeletReady",
      };
      await machine.boot(node.bootId);
      store.nodes.set(name, node);
      store.touched({ node });
      store.record(
        { kind: "Node", node },
        { type: "Warning", reason: "Rebooted", message: `Node ${name} has been rebooted, boot id: ${node.bootId}` },
      );
      store.record(
        { kind: "Node", node },
        { type: "Normal", reason: "NodeReady", message: `Node ${name} status is now: NodeReady` },
      );
      await pods.startAll(name);
      await onBooted(name);
    },
    stop: () => clearInterval(timer),
  };
}

function silent(store: Store, node: LabNode): void {
  node.ready = "Unknown";
  node.readyReason = "NodeStatusUnknown";
  store.touched({ node });
  store.record(
    { kind: "Node", node },
    { type: "Normal", reason: "NodeNotReady", message: `Node ${node.name} status is now: NodeNotReady` },
  );
  for (const pod of store.pods.values()) {
    if (pod.node !== node.name || !pod.ready) continue;
    pod.ready = false;
    store.touched({ pod });
    store.record({ kind: "Pod", pod }, { type: "Warning", reason: "NodeNotReady", message: "Node is not ready" });
  }
}
