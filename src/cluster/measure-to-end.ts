import { setTimeout as sleep } from "node:timers/promises";
import type { CheckRequest } from "../core/check.ts";
import type { MeasureState } from "../core/measure-state.ts";
import type { Measured, Progress } from "../core/progress.ts";
import type { Cancel, Measurer } from "./measure.ts";

/**
 * Drives a check to its end in this process, for the terminal: the state is kept in memory. An aborted `signal` cancels
 * the check, which still tidies the nodes and gives what was measured.
 */
export async function runToEnd(
  measurer: Measurer,
  request: CheckRequest,
  {
    onProgress,
    signal,
    nowMs,
  }: { readonly onProgress: (progress: Progress) => void; readonly signal: AbortSignal; readonly nowMs: () => number },
): Promise<{ readonly measured: Measured; readonly leftOn: readonly string[] }> {
  let state: MeasureState | undefined;
  let cancelled: Cancel | undefined;
  for (;;) {
    if (signal.aborted) cancelled ??= { by: "you", atMs: nowMs() };
    const tick = await measurer.tick(request, state, cancelled);
    state = tick.state;
    onProgress(tick.progress);
    if (tick.next.do === "done") return tick.next;
    const waiting = cancelled ? undefined : { signal };
    await sleep(tick.next.delayMs, undefined, waiting).catch(() => undefined);
  }
}
