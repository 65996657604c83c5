import type { MeasureState } from "../core/measure-state.ts";
import type { Progress } from "../core/progress.ts";
import { phaseOf, progressSteps } from "../core/progress-steps.ts";

/** A takeover is told for this long. */
const TAKEOVER_TOLD_MS = 30_000;
const NAMED_NODES = 3;

const clock = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

/** What people see of a state. */
export function progressOf(
  state: MeasureState,
  { cluster, nowMs, soFar }: { readonly cluster: string; readonly nowMs: number; readonly soFar: Progress["soFar"] },
): Progress {
  const phase = phaseOf(state, nowMs);
  const stopped = state.result?.ended;
  const trouble = troubleOf(state, cluster, nowMs);
  return {
    check: state.check,
    cluster,
    rev: state.rev,
    atMs: nowMs,
    worker: state.worker,
    phase,
    steps: [...progressSteps(phase, state.plan, stopped && { failed: stopped.text })],
    ...(state.plan && { window: state.plan.window }),
    ...(soFar && { soFar }),
    ...(state.firstFinding && { firstFinding: state.firstFinding }),
    ...(trouble !== undefined && { trouble }),
  };
}

/** A trouble that is not an end, with its time and what happens meanwhile. */
function troubleOf(state: MeasureState, cluster: string, nowMs: number): string | undefined {
  if (state.result) return undefined;
  if (state.cancelled) return "Cancelled; what was measured is being collected.";
  const seconds = (sinceMs: number) => `${Math.max(1, Math.round((nowMs - sinceMs) / 1_000))} s`;
  const begun = Object.values(state.nodes).some(({ status }) => status !== "pending");
  if (state.readFailures > 0 && !begun)
    return `Cluster ${cluster} cannot be read since ${seconds(state.beganAtMs)}; trying again.`;
  const silent = Object.entries(state.nodes).flatMap(([name, { status, outages }]) => {
    const last = outages.at(-1);
    return status !== "failed" && status !== "removed" && last && last.toMs === undefined
      ? [{ name, sinceMs: last.fromMs }]
      : [];
  });
  if (silent.length > 0) {
    const names = silent
      .slice(0, NAMED_NODES)
      .map(({ name }) => name)
      .join(", ");
    const more = silent.length > NAMED_NODES ? ` and ${silent.length - NAMED_NODES} more` : "";
    const sinceMs = Math.min(...silent.map((node) => node.sinceMs));
    return `${names}${more} cannot be reached since ${seconds(sinceMs)}; what runs there goes on.`;
  }
  const { takeover } = state;
  if (takeover && nowMs - takeover.atMs < TAKEOVER_TOLD_MS)
    return `Worker ${takeover.from} was lost at ${clock(takeover.lostAtMs)}; resumed on ${state.worker}.`;
  return undefined;
}
