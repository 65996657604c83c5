import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { makeCgroups, usableHierarchies } from "./cgroups.ts";
import { createDnsNames } from "./dns.ts";
import { programs, startFabric } from "./fabric.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createKubeProxy, type KubeProxy } from "./kube-proxy.ts";
import { watchNodes } from "./kubelet.ts";
import { leaveTrace, removeLeftovers } from "./leftovers.ts";
import { createMachine, type Machine } from "./machine.ts";
import type { LabModel } from "./model.ts";
import { planCluster } from "./plan.ts";
import { createPods } from "./pods.ts";
import { createPolicyEngine } from "./policy-engine.ts";
import { startTimeOf } from "./processes.ts";
import { createStore, type Store } from "./store.ts";
import type { Topology } from "./topology.ts";
import { type Noise, startNoise, startTraffic, type Traffic } from "./traffic.ts";
import { createWrites } from "./writes.ts";

export type ClusterOptions = {
  /** Holds a note of what to clean up if everything that could is killed. May be shared by labs. */
  readonly dir: string;
  /** Decides names, addresses and ids; a random one when absent. */
  readonly seed?: number;
  readonly log?: (line: string) => void;
  /** How long a silent node stays Ready, milliseconds; 40 s as in production when absent. */
  readonly graceMs?: number;
};

/** A running lab. It lives in this process's main thread and ends with it, however that ends. */
export type LabCluster = LabModel & {
  readonly seed: number;
  readonly fault: Faults;
  readonly startTraffic: (traffic: Traffic) => Promise<AsyncDisposable>;
  readonly startNoise: (noise: Noise) => Promise<AsyncDisposable>;
  /** The network between the nodes: its process, its address, and what it leads to. */
  readonly switch: {
    readonly pid: number;
    readonly gateway: string;
    readonly nodes: readonly { readonly ip: string; readonly podPrefix: string }[];
  };
  /** Resolves when the lab has ended, also when somebody else ended it. */
  readonly ended: Promise<void>;
  /** Ends it and resolves when nothing of it is left. */
  readonly stop: () => Promise<void>;
};

/** Builds a cluster of namespaces and resolves when every server in it answers. Throws `bad-config` where it cannot. */
export async function startCluster(
  topology: Topology,
  { dir, seed = randomSeed(), log = () => {}, graceMs }: ClusterOptions,
): Promise<LabCluster> {
  const startedAt = performance.now();
  removeLeftovers(dir);
  const plan = planCluster(topology, { seed, nowMs: Date.now() });
  const trees = usableHierarchies();
  const id = `${process.pid}-${startTimeOf(process.pid) ?? 0}-${randomBytes(3).toString("hex")}`;
  const labCgroup = `netcheck-lab-${id}`;
  await using stack = new AsyncDisposableStack();
  const labCgroups = trees.map(({ own }) => join(own, labCgroup));
  const trace = leaveTrace({ dir, id, cgroups: labCgroups });
  stack.defer(() => trace.reap());
  const fabric = await startFabric(plan, makeCgroups(trees, labCgroup));
  const starting: Promise<unknown>[] = [];
  // Nodes that still come up when another one has failed make cgroups: they have to fail first.
  stack.defer(async () => void (await Promise.allSettled(starting)));
  stack.defer(() => fabric.kill());
  const store = createStore(plan);
  const machines = new Map(
    plan.nodes.map((node) => [node.node.name, createMachine(node, { plan, fabric, trees, labCgroup })]),
  );
  const pods = createPods({ plan, store, machines });
  const proxy = createKubeProxy({ plan, store, machines });
  const policies = createPolicyEngine({ family: plan.addresses.family, store, machines });
  const boot = async (machine: Machine): Promise<void> => {
    await machine.boot(machine.planned.node.bootId);
    log(`${machine.planned.node.name} is up after ${Math.round(performance.now() - startedAt)} ms`);
    await pods.startAll(machine.planned.node.name);
  };
  const outside = fabric.daemon(["/usr/bin/python3", "-ESs", `${programs}/dns.py`, "upstream", plan.addresses.gateway]);
  starting.push(outside, ...[...machines.values()].map(boot));
  await Promise.all(starting);
  await proxy.sync();
  const kubelets = watchNodes({
    store,
    machines,
    pods,
    newBootId: () => plan.random.uuid(),
    onBooted: async (name) => {
      await proxy.rebooted(name);
      await policies.sync();
    },
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  stack.defer(() => kubelets.stop());
  const names = createDnsNames({ plan, store, pods });
  followReadiness(store, { proxy, names, log });
  const fault = createFaults({ plan, store, machines, pods, proxy, policies, kubelets, fabric });
  stack.defer(() => fault.stop());
  log(`lab is ready after ${Math.round(performance.now() - startedAt)} ms`);
  const owned = stack.move();
  const parts = { store, pods, fabric };
  return Object.assign(store, {
    seed,
    fault,
    exec: pods.exec,
    writes: createWrites({ plan, store, machines, pods, proxy, policies, names, log }),
    startTraffic: (traffic: Traffic) => startTraffic(parts, traffic),
    startNoise: (noise: Noise) => startNoise(fabric, noise),
    switch: {
      pid: fabric.pid,
      gateway: plan.addresses.gateway,
      nodes: plan.nodes.map(({ node, podPrefix }) => ({ ip: node.ip, podPrefix })),
    },
    ended: fabric.ended,
    stop: () => owned.disposeAsync(),
  });
}

/** Whoever's readiness changes, the services' rules and names follow. */
function followReadiness(
  store: Store,
  {
    proxy,
    names,
    log,
  }: {
    readonly proxy: KubeProxy;
    readonly names: { readonly sync: () => Promise<void> };
    readonly log: (line: string) => void;
  },
): void {
  const readiness = (): string =>
    [...store.pods.values()]
      .filter((pod) => pod.ready)
      .map((pod) => pod.uid)
      .join();
  let known = readiness();
  store.on("change", ({ kind }) => {
    if (kind !== "pod") return;
    const now = readiness();
    if (now === known) return;
    known = now;
    Promise.all([proxy.sync(), names.sync()]).catch((error: unknown) =>
      log(`services: ${error instanceof Error ? error.message : String(error)}`),
    );
  });
}

const randomSeed = (): number => randomBytes(4).readUInt32LE();
