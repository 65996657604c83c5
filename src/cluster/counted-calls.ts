import { NetcheckError } from "../core/errors.ts";
import type { Metrics } from "../metrics.ts";
import { ExecError } from "./exec-error.ts";
import type { runExec } from "./exec-run.ts";
import { LEASE_SECONDS } from "./measure-node.ts";
import type { NodeTasks } from "./node-tasks.ts";

/** Counts every single exec, those included that are repeated. The verb is the second word of the command: `netcheck-task sync …`. */
export function countedExec(run: typeof runExec, { execSeconds, execFailures }: Metrics): typeof runExec {
  return async (access, request, options) => {
    const verb = request.command[1] ?? "none";
    const stop = execSeconds.startTimer({ verb });
    try {
      return await run(access, request, options);
    } catch (error) {
      execFailures.inc({ verb, reason: reasonOf(error) });
      throw error;
    } finally {
      stop();
    }
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof ExecError) return error.kind === "http" ? `http-${error.code}` : error.kind;
  return error instanceof NetcheckError ? error.code : "internal";
}

/** Counts what is read from nodes, and the leases that are renewed from here with the tasks beneath them. */
export function countedNodes(nodes: NodeTasks, metrics: Metrics, nowMs: () => number): NodeTasks {
  const { fetched, leases, tasks } = metrics;
  /** Running tasks by check and node. */
  const kept = new Map<string, { readonly running: number; readonly atMs: number }>();
  const keyOf = (node: string, check: string): string => `${check} ${node}`;

  function keep(node: string, check: string, answers: readonly { readonly state: string }[]): void {
    const running = answers.filter(({ state }) => state === "running").length;
    if (running > 0) kept.set(keyOf(node, check), { running, atMs: nowMs() });
    else kept.delete(keyOf(node, check));
  }
  metrics.beforeRead(() => {
    // After that another worker keeps the lease, or nobody.
    for (const [key, { atMs }] of kept) if (nowMs() - atMs > LEASE_SECONDS * 1_000) kept.delete(key);
    leases.set(kept.size);
    tasks.set([...kept.values()].reduce((sum, { running }) => sum + running, 0));
  });

  return {
    ...nodes,
    start: async (node, order, options) => {
      const answer = await nodes.start(node, order, options);
      keep(node, order.check, answer.tasks);
      return answer;
    },
    sync: async (node, check, offsets, options) => {
      const answer = await nodes.sync(node, check, offsets, options);
      fetched.inc(
        { kind: "output" },
        answer.tasks.reduce((sum, { bytes }) => sum + bytes.length, 0),
      );
      keep(node, check, answer.tasks);
      return answer;
    },
    segment: async (node, check, task, number, offset, options) => {
      const part = await nodes.segment(node, check, task, number, offset, options);
      fetched.inc({ kind: "packets" }, part.bytes.length);
      return part;
    },
    stop: async (node, check, ids, options) => {
      const answer = await nodes.stop(node, check, ids, options);
      keep(node, check, answer.tasks);
      return answer;
    },
    remove: async (node, check, options) => {
      const answer = await nodes.remove(node, check, options);
      kept.delete(keyOf(node, check));
      return answer;
    },
  };
}
