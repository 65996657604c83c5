import { errorPolicy, NetcheckError } from "../core/errors.ts";
import type { MeasureState, NodeState } from "../core/measure-state.ts";
import { answered, type NodeAction, nextPollMs, unanswered } from "../core/measure-step.ts";
import { otherThan } from "../core/node-clock.ts";
import type { Plan } from "../core/plan.ts";
import { say, type Text } from "../core/sentence.ts";
import type { MeasureDeps, TaskAnswer, TaskOutput } from "./measure-ports.ts";
import type { MeasureSession } from "./measure-session.ts";
import { within } from "./within.ts";

/** A task ends by itself this long after the last worker asked for it. */
export const LEASE_SECONDS = 120;
/** One node that hangs must not hold up the others for longer. */
const CALL_MS = 5_000;
/** Recorded files are fetched for so long in one go; the node's other output waits meanwhile. */
const FETCH_MS = 1_500;
/** Dozens of processes on a busy node take their time. */
const START_MS = 10_000;

/** `tasks`: what the node said about them, if it was asked. */
export type NodeResult = { readonly node: NodeState; readonly tasks: readonly (TaskAnswer | TaskOutput)[] };

/** Obeys one decision about one node. Never throws: a node that does not answer is a state, not a failure. */
export async function actOnNode(
  name: string,
  action: NodeAction,
  { state, plan, session }: { readonly state: MeasureState; readonly plan: Plan; readonly session: MeasureSession },
  { nodes, captures, nowMs, log }: Pick<MeasureDeps, "nodes" | "captures" | "nowMs" | "log">,
): Promise<NodeResult> {
  const node = state.nodes[name];
  if (!node) throw new Error(`no such node in the state: ${name}`);
  const { check, window } = plan;
  const beganAtMs = nowMs();
  const limited = <T>(call: (signal: AbortSignal) => Promise<T>, limitMs = CALL_MS) =>
    within(limitMs, call, "exec-failed", name);
  const result = (status: NodeState["status"], retryAtMs: number, tasks: NodeResult["tasks"] = []): NodeResult => ({
    node: answered(node, status, retryAtMs, nowMs()),
    tasks,
  });
  const started = (tasks: NodeResult["tasks"], learnt: Pick<NodeState, "aheadMs"> = {}): NodeResult => {
    const { node: running } = result("running", nextPollMs(window, nowMs()));
    return { node: { ...running, ...learnt, startedAtMs: nowMs() }, tasks };
  };
  async function sync(status: "running" | "stopped", pauseMs?: number): Promise<NodeResult> {
    const output = await limited((signal) => nodes.sync(name, check, session.offsets(name), { signal }));
    session.take(name, output, node?.aheadMs);
    const recordings = session.recordings(name);
    if (recordings.size > 0) {
      const fetching = limited(
        (signal) => captures.fetch({ check, node: name, recordings }, { limitMs: FETCH_MS, signal }),
        FETCH_MS + CALL_MS,
      );
      // The node has answered: files that take longer are fetched on, and are no reason to give it up.
      const left = await fetching.catch((err: unknown) => {
        log.debug({ check, node: name, err }, "recorded packets are slow to come");
        return Number.POSITIVE_INFINITY;
      });
      session.fetched(name, left);
    }
    const again = pauseMs === undefined ? nextPollMs(window, nowMs()) : nowMs() + pauseMs;
    return result(status, session.caughtUp(name) ? again : nowMs(), output.tasks);
  }
  /** Tasks wait for the window by their node's clock. */
  const start = (aheadMs: number) => {
    const order = {
      check,
      leaseSeconds: LEASE_SECONDS,
      window: { startMs: window.startMs + aheadMs, endMs: window.endMs + aheadMs },
      tasks: plan.tasks.filter((task) => task.node === name),
    };
    return limited((signal) => nodes.start(name, order, { signal }), START_MS);
  };
  const remove = () => limited((signal) => nodes.remove(name, check, { signal }));
  try {
    switch (action) {
      case "start": {
        // Tasks of an earlier plan may be there; they would be taken for these.
        if (state.planned > 1) await remove();
        const thought = node.aheadMs ?? 0;
        const answer = await start(thought);
        const aheadMs = otherThan(thought, answer);
        if (aheadMs === undefined) return started(answer.tasks);
        // Its tasks would wait for another moment, or end before it.
        await remove();
        const { tasks } = await start(aheadMs);
        return started(tasks, { aheadMs });
      }
      case "grow": {
        // What runs is adopted as it is; only recorders are new, or go on where they died.
        const { tasks } = await start(node.aheadMs ?? 0);
        session.started(name, tasks);
        return result("running", nextPollMs(window, nowMs()), tasks);
      }
      case "sync":
        return await sync("running");
      case "stop":
        await limited((signal) => nodes.stop(name, check, [], { signal }));
        return await sync("stopped", COLLECT_POLL_MS);
      case "collect":
        return await sync("stopped", COLLECT_POLL_MS);
      case "remove":
        await remove();
        return result("removed", nowMs());
      case "give-up":
        return {
          node: { ...node, status: "failed", reason: node.reason ?? say("it was not reached before the check ended") },
          tasks: [],
        };
    }
  } catch (error) {
    const { reason, lasting } = meaning(error, action);
    if (node.failures === 0) log.warn({ check, node: name, action, err: error }, "node call failed");
    if (lasting) return { node: { ...node, status: "failed", reason }, tasks: [] };
    return { node: unanswered(node, reason, beganAtMs, nowMs()), tasks: [] };
  }
}

/** Stopped tasks get a few seconds to end; asking without a pause would not make them quicker. */
const COLLECT_POLL_MS = 300;

/**
 * A node that cannot be started on (no agent, a refusal) will not get better within the check. Later on even a missing
 * agent may come back, and what it measured is still there.
 */
function meaning(error: unknown, action: NodeAction): { readonly reason: Text; readonly lasting: boolean } {
  if (!(error instanceof NetcheckError)) return { reason: say("internal error, see the worker's log"), lasting: false };
  return { reason: error.text, lasting: action === "start" && !errorPolicy[error.code].retry };
}
