import type { MeasureState } from "../core/measure-state.ts";
import type { Progress } from "../core/progress.ts";
import { phaseOf, progressSteps } from "../core/progress-steps.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { clockText } from "../core/units.ts";

/** A takeover is told for this long. */
const TAKEOVER_TOLD_MS = 30_000;

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
function troubleOf(state: MeasureState, cluster: string, nowMs: number): Sentence | undefined {
  if (state.result) return undefined;
  if (state.cancelled) return say("Cancelled; what was measured is being collected.");
  const seconds = (sinceMs: number) => `${Math.max(1, Math.round((nowMs - sinceMs) / 1_000))} s`;
  const begun = Object.values(state.nodes).some(({ status }) => status !== "pending");
  if (state.readFailures > 0 && !begun)
    return say("Cluster {cluster} cannot be read since {time}; trying again.", {
      cluster,
      time: seconds(state.beganAtMs),
    });
  const silent = Object.entries(state.nodes).flatMap(([name, { status, outages }]) => {
    const last = outages.at(-1);
    return status !== "failed" && status !== "removed" && last && last.toMs === undefined
      ? [{ name, sinceMs: last.fromMs }]
      : [];
  });
  if (silent.length > 0) {
    const sinceMs = Math.min(...silent.map((node) => node.sinceMs));
    return say("{nodes} cannot be reached since {time}; what runs there goes on.", {
      nodes: listed(silent.map(({ name }) => name)),
      time: seconds(sinceMs),
    });
  }
  const { takeover } = state;
  if (takeover && nowMs - takeover.atMs < TAKEOVER_TOLD_MS)
    return say("Worker {from} was lost at {at}; resumed on {worker}.", {
      from: takeover.from,
      at: clockText(takeover.lostAtMs),
      worker: state.worker,
    });
  return undefined;
}
