import type { Window } from "./check.ts";
import type { MeasureState, NodeState } from "./measure-state.ts";
import type { Text } from "./sentence.ts";

/** Answers to the last packets are awaited this long after the window. */
export const LATE_REPLY_MS = 3_000;
/** The window begins this long after the plan is made, so that all nodes can be told before it … */
const LEAD_MS = 2_500;
/** … and longer when an earlier plan came too late, as on a machine that is busy. */
export const leadMs = (planned: number): number => LEAD_MS * Math.min(3, planned + 1);
/** Tasks that are started closer to the window than this might miss its beginning. */
const START_MARGIN_MS = 300;
const MAX_PLANS = 6;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 6_000;
/** How long the names of a cluster that does not answer are asked for. */
export const READ_PATIENCE_MS = 5 * 60_000;
/** How long the output of a node that does not answer is asked for after the end, when other nodes do answer … */
const NODE_PATIENCE_MS = 6_000;
/** … and when none does, which is the cluster's API rather than the nodes. */
const CLUSTER_PATIENCE_MS = 30_000;
const REMOVE_TRIES = 4;
/** Patience is looked at this often even when no node is due. */
const LONGEST_WAIT_MS = 1_500;
const FINISH_POLL_MS = 500;

/** The pause after so many failures in a row, milliseconds. */
export const retryDelayMs = (failures: number): number =>
  Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));

/** Often enough to be live, rarely enough for a check of hours. */
export const pollMs = ({ startMs, endMs }: Window): number =>
  Math.min(5_000, Math.max(1_500, Math.round((endMs - startMs) / 400)));

export type NodeAction = "start" | "grow" | "sync" | "stop" | "collect" | "give-up" | "remove";

export type Step =
  | { readonly do: "plan"; readonly again: boolean }
  | { readonly do: "nodes"; readonly actions: ReadonlyMap<string, NodeAction> }
  | { readonly do: "wait"; readonly delayMs: number }
  /** All that can be known is known. */
  | { readonly do: "conclude" }
  | { readonly do: "done" };

/** What the worker at hand knows beyond the saved state: nodes whose tasks have ended and whose output is all here. */
export type Known = { readonly collected: ReadonlySet<string>; readonly nowMs: number };

/**
 * What the next tick has to do. Pure: every outage is a row of a table. Whatever it answers may be done twice, or by two
 * workers at once.
 */
export function nextStep(state: MeasureState, { collected, nowMs }: Known): Step {
  if (state.result) return tidy(state, nowMs);
  if (!state.plan) return beforePlan(state, nowMs);
  const { window } = state.plan;
  const endMs = state.cancelled?.atMs ?? window.endMs + LATE_REPLY_MS;
  // Where recorders are to be started, more will come.
  const open = Object.entries(state.nodes).filter(
    ([name, { status }]) => status === "growing" || (status !== "failed" && !collected.has(name)),
  );
  if (open.length === 0) return { do: "conclude" };
  if (missedStart(state, window, nowMs))
    return state.retryAtMs > nowMs ? { do: "wait", delayMs: state.retryAtMs - nowMs } : { do: "plan", again: true };
  const ended = nowMs >= endMs;
  const someAnswer = Object.values(state.nodes).some(({ touched, failures }) => touched && failures === 0);
  const patienceMs = someAnswer ? NODE_PATIENCE_MS : CLUSTER_PATIENCE_MS;
  return due(open, nowMs, (node) => {
    if (ended && isHopeless(node, { endMs, nowMs, patienceMs })) return "give-up";
    if (node.retryAtMs > nowMs) return undefined;
    if (node.status === "pending") return ended ? "give-up" : "start";
    if (node.status === "stopped") return "collect";
    if (node.status === "growing" && !ended) return "grow";
    return ended ? "stop" : "sync";
  });
}

function beforePlan(state: MeasureState, nowMs: number): Step {
  if (state.cancelled || nowMs - state.beganAtMs > READ_PATIENCE_MS) return { do: "conclude" };
  return state.retryAtMs > nowMs ? { do: "wait", delayMs: state.retryAtMs - nowMs } : { do: "plan", again: false };
}

/** True when no node is known to have started and the window is too near; then all of it is planned anew. */
function missedStart(state: MeasureState, { startMs }: Window, nowMs: number): boolean {
  const untold = Object.values(state.nodes).every(({ status }) => status === "pending" || status === "failed");
  const worthIt = state.planned < MAX_PLANS && nowMs - state.beganAtMs < READ_PATIENCE_MS;
  return untold && worthIt && !state.cancelled && nowMs > startMs - START_MARGIN_MS;
}

function isHopeless(
  node: NodeState,
  { endMs, nowMs, patienceMs }: { readonly endMs: number; readonly nowMs: number; readonly patienceMs: number },
): boolean {
  const down = node.outages.at(-1);
  if (node.failures === 0 || !down || down.toMs !== undefined) return false;
  return nowMs - Math.max(endMs, down.fromMs) > patienceMs;
}

/** Nodes that were never touched have nothing to remove; those that do not answer are left to the janitor. */
function tidy(state: MeasureState, nowMs: number): Step {
  const left = Object.entries(state.nodes).filter(([, node]) => mustRemove(node));
  return left.length === 0
    ? { do: "done" }
    : due(left, nowMs, (node) => (node.retryAtMs > nowMs ? undefined : "remove"));
}

const mustRemove = (node: NodeState): boolean =>
  node.status !== "removed" && node.touched && node.failures < REMOVE_TRIES;

function due(
  nodes: readonly (readonly [string, NodeState])[],
  nowMs: number,
  actionOf: (node: NodeState) => NodeAction | undefined,
): Step {
  const actions = new Map<string, NodeAction>();
  for (const [name, node] of nodes) {
    const action = actionOf(node);
    if (action) actions.set(name, action);
  }
  if (actions.size > 0) return { do: "nodes", actions };
  const nextMs = Math.min(...nodes.map(([, node]) => node.retryAtMs));
  return { do: "wait", delayMs: Math.min(LONGEST_WAIT_MS, Math.max(0, nextMs - nowMs)) };
}

/** The node after a call that was answered. `next` is its new status; it is asked again after the usual pause. */
export function answered(node: NodeState, next: NodeState["status"], retryAtMs: number, nowMs: number): NodeState {
  const last = node.outages.at(-1);
  const outages =
    last && last.toMs === undefined ? [...node.outages.slice(0, -1), { ...last, toMs: nowMs }] : node.outages;
  const { reason: _, ...rest } = node;
  return { ...rest, status: next, failures: 0, retryAtMs, outages, touched: true };
}

const MAX_OUTAGES = 20;

/** The node after a call that was not answered; `fromMs` is when it was last known to answer. */
export function unanswered(node: NodeState, reason: Text, fromMs: number, nowMs: number): NodeState {
  const last = node.outages.at(-1);
  const outages = last && last.toMs === undefined ? node.outages : [...node.outages, { fromMs }].slice(-MAX_OUTAGES);
  const failures = node.failures + 1;
  return { ...node, failures, retryAtMs: nowMs + retryDelayMs(failures), outages, reason, touched: true };
}

/** When a node whose call was answered is to be asked again, Unix milliseconds. */
export function nextPollMs(window: Window, nowMs: number): number {
  if (nowMs < window.startMs) return window.startMs + 1_000;
  return nowMs + (nowMs >= window.endMs - FINISH_POLL_MS ? FINISH_POLL_MS : pollMs(window));
}
