import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { prefixLengths } from "./addresses.ts";
import { type Hierarchy, hierarchyWords, makeCgroups } from "./cgroups.ts";
import { corefile } from "./dns.ts";
import { type Fabric, newNamespaces, programs } from "./fabric.ts";
import { nodeBatches } from "./node-batches.ts";
import { type ClusterPlan, type PlannedNode, type PlannedPod, podMtu } from "./plan.ts";
import { awaitLine, childrenOf, enter, inCgroups, labEnv, run, start, tailOf } from "./processes.ts";
import { baseRules } from "./service-rules.ts";

/** A node as a machine that can be switched on and killed. */
export type Machine = {
  readonly planned: PlannedNode;
  /** Its PID 1 as seen from here; undefined while it is dead. */
  readonly pid: () => number | undefined;
  /** Counts boots, so that what was done to an earlier life is not undone in a later one. */
  readonly boots: () => number;
  readonly boot: (bootId: string) => Promise<void>;
  /** Kills its PID 1, as a power failure would: its processes, its pods and its port on the switch go. */
  readonly crash: () => Promise<void>;
  readonly run: (argv: readonly string[], options?: { readonly stdin?: string }) => Promise<string>;
  /** Makes the sandbox of a pod that was not planned for this node, and resolves when it is up. */
  readonly addPod: (pod: PlannedPod) => Promise<void>;
  /** Folders, one per tree, of a cgroup below this node's; they are made when missing. */
  readonly cgroups: (path: string) => string[];
};

export type MachineParts = {
  readonly plan: ClusterPlan;
  readonly fabric: Fabric;
  readonly trees: readonly Hierarchy[];
  /** The lab's cgroup, relative to our own. */
  readonly labCgroup: string;
};

/** Where a container's cgroup lies on its node. */
export const podCgroup = (pod: PlannedPod["pod"], id: string): string => `kubepods/burstable/pod${pod.uid}/${id}`;

export function createMachine(planned: PlannedNode, { plan, fabric, trees, labCgroup }: MachineParts): Machine {
  const { name } = planned.node;
  let pid: number | undefined;
  let boots = 0;
  let child: ChildProcess | undefined;
  const cgroups = (path: string): string[] => makeCgroups(trees, join(labCgroup, name, path));
  const pods = plan.pods.filter(({ pod, veth }) => pod.node === name && veth !== undefined);
  return {
    planned,
    cgroups,
    async addPod(one) {
      if (pid === undefined) throw new Error(`node ${name} is down`);
      // A node that runs has closed its door to our files.
      const script = readFileSync(new URL("programs/pod.sh", import.meta.url));
      cgroups(podCgroup(one.pod, one.sandboxId));
      const child = start(enter(pid, ["bash", "-s", "--", ...podWords(plan, planned, one)]), {
        env: { ...labEnv, ...podEnv(plan, trees) },
        stdio: ["pipe", "ignore", "pipe", "pipe"],
      });
      const up = awaitLine(child, (line) => line === `pod ${one.pod.uid}`, { log: tailOf(child) });
      child.stdin?.on("error", () => {}).end(script);
      await up;
    },
    pid: () => pid,
    boots: () => boots,
    async boot(bootId) {
      for (const { pod, sandboxId } of pods) cgroups(podCgroup(pod, sandboxId));
      child = start(inCgroups(cgroups("."), enter(fabric.pid, newNamespaces(`${programs}/node.sh`))), {
        env: { ...labEnv, ...nodeEnv(plan, planned, { bootId, pods, trees }) },
        stdio: ["ignore", "ignore", "pipe", "pipe"],
      });
      child.once("exit", () => {
        pid = undefined;
      });
      await bootedUp(child, { name, pods: pods.length });
      [pid] = childrenOf(childrenOf(child.pid ?? 0)[0] ?? 0);
      if (pid === undefined) throw new Error(`node ${name} ended while it started`);
      boots++;
    },
    async crash() {
      if (pid === undefined || child === undefined) return;
      const gone = once(child, "exit");
      process.kill(pid, "SIGKILL");
      pid = undefined;
      await gone;
      // The kernel takes its network away a little later; a node that boots at once would find its old port.
      await fabric.run(["ip", "link", "del", planned.port]).catch(() => {});
    },
    run(argv, options) {
      if (pid === undefined) throw new Error(`node ${name} is down`);
      return run(enter(pid, argv), options);
    },
  };
}

/** The node says "ready", each of its pods says "pod …", in any order. */
async function bootedUp(child: ChildProcess, { name, pods }: { name: string; pods: number }): Promise<void> {
  const log = tailOf(child);
  let left = pods + 1;
  await awaitLine(child, () => --left === 0, { log }).catch((cause: unknown) => {
    throw new Error(`node ${name} ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
}

function nodeEnv(
  plan: ClusterPlan,
  planned: PlannedNode,
  { bootId, pods, trees }: { bootId: string; pods: readonly PlannedPod[]; trees: readonly Hierarchy[] },
): Record<string, string> {
  const { eth, port, overlay, fdb } = nodeBatches(plan, planned);
  const { addresses } = plan;
  return {
    NODE: planned.node.name,
    BATCH_ETH: eth,
    BATCH_PORT: port,
    BATCH_OVERLAY: overlay,
    FDB: fdb,
    NAT: baseRules(addresses, plan.serviceProxy),
    ICMP_RATE_LIMIT: String(plan.icmpRateLimit),
    BOOT_ID: bootId,
    HOSTS: [
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost",
      ...plan.nodes.map(({ node }) => `${node.ip}\t${node.name}`),
      "",
    ].join("\n"),
    RESOLV: `nameserver ${addresses.gateway}\n`,
    PODS: pods.map((one) => podWords(plan, planned, one).join(" ")).join("\n"),
    ...podEnv(plan, trees),
  };
}

/** What pod.sh finds in its environment, and its words for one pod. */
function podEnv(plan: ClusterPlan, trees: readonly Hierarchy[]): Record<string, string> {
  return {
    FAMILY: plan.addresses.family,
    CGROUPS: hierarchyWords(trees),
    MTU: String(podMtu(plan)),
    COREFILE: corefile,
  };
}

function podWords(
  { addresses }: ClusterPlan,
  { podPrefix }: PlannedNode,
  { pod, workload, sandboxId, veth = "" }: PlannedPod,
): string[] {
  return [
    pod.name,
    pod.uid,
    podCgroup(pod, sandboxId),
    veth,
    `${pod.ip}/${prefixLengths(addresses.family).net}`,
    `${podPrefix}1`,
    pod.namespace,
    workload === "dns" ? "node" : addresses.dnsIp,
  ];
}
