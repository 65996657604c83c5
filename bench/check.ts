import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { usableHierarchies } from "#lab/cluster/cgroups.ts";
import type { LabCluster } from "#lab/cluster/cluster.ts";
import { loadTopology } from "#lab/cluster/topology.ts";
import { playCommand } from "#lab/play.ts";
import { type Session, startSession } from "#lab/session.ts";
import { type Bench, type Figure, quantile } from "./figure.ts";

const STEADY_FROM_MS = 12_000;
const STEADY_MS = 40_000;

/** Faults that cut a path off, and how a user asks; each is played in a fresh cluster. */
const hard = {
  "port closed": [{ kind: "port-closed", pod: "default/db-0", port: 5432 }],
  "node crash": [{ kind: "node-crash", node: "node-2" }],
  "route missing": [{ kind: "route-missing", node: "node-1", to: "node-2" }],
  "DNS dead": [{ kind: "dns", mode: "drop" }],
  "MTU black hole": [{ kind: "mtu", node: "node-2", bytes: 1_300 }],
  "service rules missing": [{ kind: "service-rules-missing", node: "node-1", kubeProxy: "crashing" }],
} as const;

/** What a check costs the nodes and the network, and how soon it speaks. */
export const check: Bench = {
  name: "check",
  async *run() {
    yield* cost();
    for (const [name, faults] of Object.entries(hard)) yield* speed(name, faults);
  },
};

const figure = (metric: string, value: number, unit: string): Figure => ({ bench: "check", metric, value, unit });

/** CPU of the agents and bytes on the wire while a healthy check is measuring, without its first and last seconds. */
async function* cost(): AsyncGenerator<Figure> {
  await using session = await startSession({ name: "bench-check", topology: await loadTopology() });
  const { cluster } = session.lab;
  const idle = await taken(cluster, 5_000);
  const playing = playCommand(session, "web-0 db-0 60s", { timeoutMs: 120_000 });
  await sleep(STEADY_FROM_MS);
  const busy = await taken(cluster, STEADY_MS);
  const { report } = await playing;
  for (const [node, share] of busy.cpu)
    yield figure(`agent on ${node}, one core = 100`, round((share - (idle.cpu.get(node) ?? 0)) * 100), "%");
  yield figure(
    "on the wire between all nodes",
    Math.round((busy.bitsPerSecond - idle.bitsPerSecond) / 1_000),
    "kbit/s",
  );
  yield figure("legs", report.measurements.length, "legs");
}

async function* speed(name: string, faults: readonly unknown[]): AsyncGenerator<Figure> {
  const first: number[] = [];
  const report: number[] = [];
  for (let run = 0; run < 3; run++) {
    await using session: Session = await startSession({ name: "bench-check", topology: await loadTopology() });
    await using _broken = await session.lab.cluster.fault.schedule(faults);
    const { timings } = await playCommand(session, "web-0 db-0 20s", { timeoutMs: 120_000 });
    first.push(timings.firstFindingMs ?? Number.POSITIVE_INFINITY);
    report.push(timings.reportMs - 20_000);
  }
  yield figure(`first finding, ${name}, median of 3`, round(quantile(first, 0.5) / 1_000), "s");
  yield figure(`report after the window's length, ${name}, median of 3`, round(quantile(report, 0.5) / 1_000), "s");
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Share of a core per agent, and what all node links carried, over a stretch of time. */
async function taken(
  cluster: LabCluster,
  ms: number,
): Promise<{ readonly cpu: ReadonlyMap<string, number>; readonly bitsPerSecond: number }> {
  const agents = [...cluster.pods.values()].filter(({ owner }) => owner?.name === "netcheck-agent");
  const read = async () => ({
    cpu: new Map(agents.map((agent) => [agent.node, cpuMs(agent)])),
    bytes: (await Promise.all(agents.map((agent) => sentBytes(cluster, agent)))).reduce((sum, one) => sum + one, 0),
    atMs: performance.now(),
  });
  const before = await read();
  await sleep(ms);
  const after = await read();
  const tookMs = after.atMs - before.atMs;
  return {
    cpu: new Map([...after.cpu].map(([node, used]) => [node, (used - (before.cpu.get(node) ?? 0)) / tookMs])),
    bitsPerSecond: ((after.bytes - before.bytes) * 8_000) / tookMs,
  };
}

/** CPU time of everything that ran in a pod's cgroup (cgroup v2 counts it in every tree), milliseconds. */
function cpuMs({ node, uid }: LabPod): number {
  const tree = usableHierarchies().find(({ type }) => type === "cgroup2");
  const labs = tree === undefined ? [] : readdirSync(tree.own).filter((name) => name.startsWith("netcheck-lab-"));
  for (const lab of labs) {
    const file = join(tree?.own ?? "", lab, node, "kubepods", "burstable", `pod${uid}`, "cpu.stat");
    if (existsSync(file)) return Number(/usage_usec (\d+)/.exec(readFileSync(file, "utf8"))?.[1] ?? Number.NaN) / 1_000;
  }
  return Number.NaN;
}

type LabPod = LabCluster["pods"] extends ReadonlyMap<string, infer P> ? P : never;

async function sentBytes(cluster: LabCluster, agent: LabPod): Promise<number> {
  const child = cluster.exec(agent, agent.containers[0]?.name ?? "", [
    "cat",
    "/sys/class/net/eth0/statistics/tx_bytes",
  ]);
  child.stdin?.end();
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return Number(text);
}
