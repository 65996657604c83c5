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
/** A round of readings comes this often. */
const ROUND_MS = 5_000;

/** Faults that cut a path off, and how a user asks; each is played in a fresh cluster. */
const hard = {
  "port closed": [{ kind: "port-closed", pod: "default/db-0", port: 5432 }],
  "node crash": [{ kind: "node-crash", node: "node-2" }],
  "route missing": [{ kind: "route-missing", node: "node-1", to: "node-2" }],
  "DNS dead": [{ kind: "dns", mode: "drop" }],
  "MTU black hole": [{ kind: "mtu", node: "node-2", bytes: 1_300 }],
  "service rules missing": [{ kind: "service-rules-missing", node: "node-1", kubeProxy: "crashing" }],
} as const;

/** What a check costs the nodes and the network. */
export const cost: Bench = { name: "cost", run: costs };

/** How soon a check speaks. */
export const speed: Bench = {
  name: "speed",
  async *run() {
    for (const [name, faults] of Object.entries(hard)) yield* speeds(name, faults);
  },
};

const figureOf =
  (bench: string) =>
  (metric: string, value: number, unit: string): Figure => ({ bench, metric, value, unit });

/** CPU of the agents and bytes on the wire while a healthy check is measuring, without its first and last seconds. */
async function* costs(): AsyncGenerator<Figure> {
  const figure = figureOf("cost");
  await using session = await startSession({ name: "bench-check", topology: await loadTopology() });
  const { cluster } = session.lab;
  const idle = await taken(cluster, 5_000);
  const playing = playCommand(session, "web-0 db-0 60s", { timeoutMs: 120_000 });
  await sleep(STEADY_FROM_MS);
  const busy = await taken(cluster, STEADY_MS);
  const { report } = await playing;
  for (const [node, { probes, readings, all }] of busy.cpu) {
    yield figure(`probes on ${node}, of one core`, round(probes * 100), "%");
    yield figure(`readings on ${node}, of one core`, round(readings * 100), "%");
    yield figure(`a round of readings on ${node}, CPU`, Math.round(readings * ROUND_MS), "ms");
    yield figure(`agent on ${node} in all, of one core`, round(all * 100), "%");
  }
  yield figure(
    "on the wire between all nodes",
    Math.round((busy.bitsPerSecond - idle.bitsPerSecond) / 1_000),
    "kbit/s",
  );
  yield figure("legs", report.measurements.length, "legs");
}

async function* speeds(name: string, faults: readonly unknown[]): AsyncGenerator<Figure> {
  const figure = figureOf("speed");
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
): Promise<{ readonly cpu: ReadonlyMap<string, Used>; readonly bitsPerSecond: number }> {
  const agents = [...cluster.pods.values()].filter(({ owner }) => owner?.name === "netcheck-agent");
  const read = async () => ({
    cpu: new Map(agents.map((agent) => [agent.node, used(agent)])),
    bytes: (await Promise.all(agents.map((agent) => sentBytes(cluster, agent)))).reduce((sum, one) => sum + one, 0),
    atMs: performance.now(),
  });
  const before = await read();
  await sleep(ms);
  const after = await read();
  const tookMs = after.atMs - before.atMs;
  return {
    cpu: new Map(
      [...after.cpu].map(([node, { probes, readings, all }]) => {
        const start = before.cpu.get(node) ?? { probes: 0, readings: 0, all: 0 };
        const share = (now: number, then: number): number => (now - then) / tookMs;
        return [
          node,
          {
            probes: share(probes, start.probes),
            readings: share(readings, start.readings),
            all: share(all, start.all),
          },
        ];
      }),
    ),
    bitsPerSecond: ((after.bytes - before.bytes) * 8_000) / tookMs,
  };
}

/** What the CPU time of an agent goes to: its node tasks that send or listen, its readings, and everything together. */
type Used = { readonly probes: number; readonly readings: number; readonly all: number };

const HOUSEKEEPING = /netcheck-(task|supervise|agent)|tini|sleep/;
const TICK_MS = 10;

/** CPU time so far, milliseconds: of the whole cgroup (v2 counts it in every tree), and of the processes that live in it. */
function used({ node, uid }: LabPod): Used {
  const tree = usableHierarchies().find(({ type }) => type === "cgroup2");
  const labs = tree === undefined ? [] : readdirSync(tree.own).filter((name) => name.startsWith("netcheck-lab-"));
  const folder = labs
    .map((lab) => join(tree?.own ?? "", lab, node, "kubepods", "burstable", `pod${uid}`))
    .find((path) => existsSync(path));
  if (folder === undefined) throw new Error(`no cgroup of the agent on ${node}`);
  const all = Number(/usage_usec (\d+)/.exec(readFileSync(join(folder, "cpu.stat"), "utf8"))?.[1]) / 1_000;
  const containers = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const pids = containers.flatMap(({ name }) =>
    readFileSync(join(folder, name, "cgroup.procs"), "utf8")
      .trim()
      .split("\n"),
  );
  let probes = 0;
  let readings = 0;
  for (const pid of pids) {
    const [words, ms] = processTime(pid);
    if (words.includes("netcheck-read")) readings += ms;
    else if (!HOUSEKEEPING.test(words)) probes += ms;
  }
  return { probes, readings, all };
}

/** Command line of a process, and its CPU time with that of the children it has waited for, milliseconds. */
function processTime(pid: string): readonly [string, number] {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [readFileSync(`/proc/${pid}/cmdline`, "latin1"), ticks * TICK_MS];
  } catch {
    return ["sleep", 0]; // it has just ended
  }
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
