import type { NodeCalls, NodeOutput } from "#src/cluster/measure-ports.ts";
import type { Window } from "#src/core/check.ts";
import { NetcheckError } from "#src/core/errors.ts";
import type { TaskSpec } from "#src/core/plan.ts";

/** Every task of a fake node writes one numbered line per tenth of a second of its window. */
const LINE_MS = 100;

type Started = {
  readonly tasks: readonly TaskSpec[];
  readonly window: Window;
  leaseMs: number;
  stoppedAtMs: number | undefined;
};

/**
 * Nodes whose tasks run on by the clock alone, as real ones do when workers die. `down` names nodes that do not answer,
 * `without` those that have no agent, `ahead` by how many milliseconds a node's clock is. Each call is noted in `calls`.
 */
export function fakeNodes(ourMs: () => number) {
  const started = new Map<string, Started>();
  const down = new Set<string>();
  const without = new Set<string>();
  const ahead = new Map<string, number>();
  const calls: string[] = [];
  const clockOf = (node: string) => ({ offsetEstimateMs: ahead.get(node) ?? 0, offsetErrorMs: 50 });
  const at = (node: string): number => ourMs() + (ahead.get(node) ?? 0);

  function reach(verb: string, node: string, check: string): string {
    calls.push(`${verb} ${node}`);
    if (without.has(node)) throw new NetcheckError("not-found", `There is no netcheck agent on ${node}.`);
    if (down.has(node)) throw new NetcheckError("exec-failed", `${node} does not answer.`);
    return `${node}/${check}`;
  }

  /** When the tasks came to rest, or now while they run. */
  const endOf = ({ window, leaseMs, stoppedAtMs }: Started) =>
    Math.min(window.endMs, leaseMs, stoppedAtMs ?? Number.POSITIVE_INFINITY);

  function outputOf(all: Started, now: number): string {
    const lines = Math.max(0, Math.floor((Math.min(now, endOf(all)) - all.window.startMs) / LINE_MS));
    return Array.from({ length: lines }, (_, n) => `${n}\n`).join("");
  }

  const nodes: NodeCalls = {
    async start(node, { check, leaseSeconds, window, tasks }) {
      const key = reach("start", node, check);
      const nowMs = at(node);
      const answer = { ...clockOf(node), tasks: tasks.map(({ id }) => ({ id, state: "running" as const })) };
      if (started.has(key)) return answer;
      // What is started late begins late.
      const from = { startMs: Math.max(window.startMs, nowMs), endMs: window.endMs };
      started.set(key, { tasks, window: from, leaseMs: nowMs + leaseSeconds * 1_000, stoppedAtMs: undefined });
      return answer;
    },
    async sync(node, check, offsets): Promise<NodeOutput> {
      const all = started.get(reach("sync", node, check));
      const absent = { state: "absent", totalBytes: 0, offset: 0, bytes: new Uint8Array(), stderr: "" } as const;
      const nowMs = at(node);
      if (!all) return { ...clockOf(node), tasks: [...offsets.keys()].map((id) => ({ id, ...absent })) };
      const output = Buffer.from(outputOf(all, nowMs));
      const state = nowMs < endOf(all) ? "running" : "done";
      if (state === "running") all.leaseMs = nowMs + 120_000;
      const tasks = all.tasks.map(({ id }) => {
        const offset = offsets.get(id) ?? 0;
        const bytes = output.subarray(offset, offset + 200);
        return { id, state, totalBytes: output.length, offset, bytes, stderr: "" } as const;
      });
      return { ...clockOf(node), tasks };
    },
    async stop(node, check) {
      const all = started.get(reach("stop", node, check));
      if (all) all.stoppedAtMs ??= at(node);
    },
    async remove(node, check) {
      started.delete(reach("remove", node, check));
    },
  };
  return { nodes, started, down, without, ahead, calls };
}
