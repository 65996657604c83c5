import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { channelNamed } from "#lab/play.ts";
import { allocatorEnv, nodeFlags, type Product, startProduct } from "#lab/product.ts";
import { startSlack } from "#lab/slack/server.ts";
import type { Target } from "#src/core/target.ts";
import { bigCluster } from "#test/support/big-cluster.ts";
import type { TestApi } from "#test/support/lab-api.ts";
import type { Resolved } from "./big-cluster-resolve.ts";
import { type Bench, type Figure, quantile } from "./figure.ts";

const SIZE = { nodes: 5_000, pods: 100_000 };
const RUNS = 5;
/** How long names are followed while pods change, which is some five times all of them published; how many pods do in a second. */
const FOLLOW_MS = 60_000;
const CHANGES_PER_SECOND = 20;
/** proc(5), clear_refs. */
const RESET_PEAK = "5";

const targets: Readonly<Record<string, Target>> = {
  "a pod": { kind: "pod", namespace: "team-007", name: "payments-gateway-0207-7d4b9c6f5-xx3zu" },
  "a pod without its namespace": { kind: "pod", name: "payments-gateway-0207-7d4b9c6f5-xx3zu" },
  "a Service": { kind: "service", namespace: "team-100", name: "payments-api-0100" },
  "a deployment": { kind: "deployment", name: "payments-api-0100" },
  "a node": { kind: "node", name: "big-04999" },
  "an address": { kind: "address", ip: "10.64.9.196" },
  "an ambiguous name": { kind: "pod", name: "cache-0" },
  "an unknown name, with the right ones": { kind: "pod", name: "paymnets-api-0100-7d4b9c6f5-xxxxx" },
};

/**
 * The largest cluster that Kubernetes supports, as far as netcheck sees it: the API stand-in has 5,000 nodes and 100,000 pods. Names
 * are resolved in a process of its own; bot and worker are the product's own processes, with a Redis of their own.
 */
export const largeCluster: Bench = {
  name: "big-cluster",
  async *run() {
    await using api = await bigCluster(SIZE);
    yield* checking(api);
    yield* resolving(api);
  },
};

const figure = (metric: string, value: number, unit: string, most?: number): Figure => ({
  bench: "big-cluster",
  metric,
  value,
  unit,
  ...(most === undefined ? {} : { wanted: `below ${most} ${unit}`, met: value < most }),
});

async function* resolving({ api }: TestApi): AsyncGenerator<Figure> {
  const child = fork(new URL("big-cluster-resolve.ts", import.meta.url), [api.workerKubeconfig], {
    stdio: "inherit",
    execArgv: [...nodeFlags],
    env: { ...process.env, ...allocatorEnv },
  });
  const ready = await answerOf<{ readonly namesMs: number }>(child);
  yield figure("listing all names, once", Math.round(ready.namesMs), "ms");
  for (const [name, target] of Object.entries(targets)) {
    const before = api.counts();
    const all: Resolved[] = [];
    for (let run = 0; run < RUNS; run++) all.push(await askOf(child, target));
    const median = (figures: readonly number[]) => Math.round(quantile(figures, 0.5));
    const after = api.counts();
    yield figure(`resolving ${name}, median of ${RUNS}`, median(all.map(({ ms }) => ms)), "ms", 2_000);
    yield figure(`CPU for ${name}, median`, median(all.map(({ cpuMs }) => cpuMs)), "ms");
    yield figure(`objects read for ${name}`, Math.round((after.listed - before.listed) / RUNS), "objects");
  }
  yield figure("memory of the resolving process, most", mostMb(child.pid), "MB", 300);
  child.kill();
  await once(child, "exit");
}

async function askOf(child: ChildProcess, target: Target): Promise<Resolved> {
  child.send(target);
  return answerOf<Resolved>(child);
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  const ended = once(child, "exit", over).then(() => {
    throw new Error("the process that resolves has ended");
  });
  try {
    const [answer] = await Promise.race([once(child, "message", over), ended]);
    return answer;
  } finally {
    over.abort();
  }
}

/** A command in Slack, until the first node task is asked for; then memory while names are followed. */
async function* checking({ api, lab }: TestApi): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "netcheck-bench-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const slack = stack.use(await startSlack({ port: 0 }));
  const env = {
    NETCHECK_SLACK_BOT_TOKEN: slack.botToken,
    NETCHECK_SLACK_APP_TOKEN: slack.appToken,
    NETCHECK_SLACK_API_URL: slack.apiUrl,
    NETCHECK_DATA_DIR: folder,
    NETCHECK_CLUSTER: "lab",
    KUBECONFIG: api.workerKubeconfig,
  };
  const began = performance.now();
  const bot = stack.use(startProduct({ entry: "bot", env, folder }));
  const worker = stack.use(startProduct({ entry: "worker", env, folder }));
  await Promise.all([bot.ready(), worker.ready()]);
  yield figure("bot and worker ready, all names published", Math.round(performance.now() - began), "ms");
  yield figure("CPU of the worker until then", Math.round(cpuMs(worker.pid())), "ms");
  yield* memory("until then", { bot, worker });

  const channel = channelNamed(slack, "network");
  const acks: number[] = [];
  const starts: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const execs = api.counts().execs;
    const asked = performance.now();
    const text = "/netcheck shop/web-0 shop/db-0 5s";
    const { ackMs, failed } = await slack.command({ channel, user: slack.state().me.id, text });
    if (failed !== undefined) throw new Error(`the command failed: ${failed}`);
    acks.push(ackMs ?? Number.NaN);
    while (api.counts().execs === execs) await sleep(5);
    starts.push(performance.now() - asked);
    // The next one should not find this one's nodes busy: nothing runs there, so it ends by itself.
    await sleep(10_000);
  }
  yield figure(`a command until Slack has an answer, median of ${RUNS}`, Math.round(quantile(acks, 0.5)), "ms", 3_000);
  yield figure(
    `a command until its first node task, median of ${RUNS}`,
    Math.round(quantile(starts, 0.5)),
    "ms",
    2_000,
  );

  yield* memory(`over ${RUNS} checks`, { bot, worker });

  const pods = Array.from({ length: 50 }, (_, index) => lab.pod(`shop/changing-${index}`, { node: "node-4" }));
  const until = performance.now() + FOLLOW_MS;
  const cpu = cpuMs(worker.pid());
  for (let change = 0; performance.now() < until; change++) {
    const pod = pods[change % pods.length];
    if (pod) lab.change(pod, { ready: change % 2 === 0 });
    await sleep(1_000 / CHANGES_PER_SECOND);
  }
  const share = ((cpuMs(worker.pid()) - cpu) / FOLLOW_MS) * 100;
  yield figure(`CPU of the worker, ${CHANGES_PER_SECOND} pods changing a second`, Math.round(share), "%");
  yield* memory("while pods change", { bot, worker });
}

/** The most since this was last asked: the kernel begins anew from what is resident now. */
function* memory(when: string, processes: Readonly<Record<string, Product>>): Generator<Figure> {
  for (const [name, { pid }] of Object.entries(processes)) {
    yield figure(`memory of the ${name} ${when}, most`, mostMb(pid()), "MB", 300);
    writeFileSync(`/proc/${pid()}/clear_refs`, RESET_PEAK);
  }
}

/** What a process had resident at most, MB (10^6 bytes), by the kernel. */
function mostMb(pid: number | undefined): number {
  const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round((Number(kib) * 1_024) / 1e6);
}

/** CPU time of a process so far; a tick of the kernel's clock is 10 ms. */
function cpuMs(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
