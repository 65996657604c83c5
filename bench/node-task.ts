import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentShell, agentBin } from "#test/support/agent-shell.ts";
import type { Bench } from "./figure.ts";

const TASKS = 20;
const RUNS = 20;
const CHECK = "nc-bench";

/** What the agent's scripts cost a node, in CPU time of all their processes. The shell is the system's /bin/sh. */
export const nodeTask: Bench = {
  name: "node-task",
  async *run() {
    using agent = new AgentShell("dash");
    const figure = (metric: string, value: number) => ({
      bench: "node-task",
      metric,
      value: Math.round(value * 10) / 10,
      unit: "ms",
    });
    const tasks = Array.from({ length: TASKS }, (_, n) => ({
      id: `ping-${n}`,
      argv: ["ping", "-n", "-D", "-i", "0.2", "127.0.0.1"],
    }));
    await agent.start(CHECK, tasks, { inMs: 500, forMs: 60_000 });
    await sleep(3_000);
    const cpu = (words: readonly string[], runs: number) => cpuMs(agent, `"$0" "$@" >/dev/null`, words, runs);
    const sync = (offset: number) => ["sync", CHECK, "500000", ...tasks.flatMap(({ id }) => [id, String(offset)])];
    yield figure(`sync of ${TASKS} tasks, each with new output: CPU`, cpu(sync(0), RUNS));
    yield figure(`sync of ${TASKS} tasks, nothing new: CPU`, cpu(sync(900_000), RUNS));
    await agent.task("rm", CHECK);

    const startMs = Date.now() + 60_000;
    const words = tasks.flatMap(({ id, argv }) => ["--task", id, "node", "100000", String(argv.length), ...argv]);
    yield figure(
      `start of ${TASKS} tasks: CPU`,
      cpu(["start", CHECK, "60", `${startMs}`, `${startMs + 1_000}`, "1", ...words], 1),
    );
    await agent.task("rm", CHECK);

    const reading = ["--read", "node", "4", "ip", "-j", "-s", "link"];
    const round = ["5", ...Array.from({ length: TASKS }, () => reading).flat()];
    const script = `timeout -s TERM 1 sh "${join(agentBin, "netcheck-read")}" "$@" >/dev/null; true`;
    yield figure(`${TASKS} readings, first and last round together: CPU`, cpuMs(agent, script, round, 2));
  },
};

/** Milliseconds of CPU, user and system, that a script and all it started take per run. */
function cpuMs({ env }: AgentShell, script: string, words: readonly string[], runs: number): number {
  const loop = `i=0; while [ $i -lt ${runs} ]; do ${script}; i=$((i + 1)); done; times >&2`;
  const { stderr } = spawnSync("bash", ["-c", loop, join(agentBin, "netcheck-task"), ...words], { env });
  const children = stderr.toString().trim().split("\n").at(-1) ?? "";
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return (seconds.reduce((sum, value) => sum + value, 0) * 1_000) / runs;
}
