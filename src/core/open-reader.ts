import type { Plan, TaskSpec } from "./plan.ts";
import { RECORD } from "./plan-taps.ts";
import type { Probe, Reader } from "./probe.ts";
import { openReadings } from "./readings.ts";
import { openRecording } from "./recorder.ts";

/** The reader of any task of a plan. Throws when the plan names a probe, leg or place that it does not have: a bug. */
export function openReader(task: TaskSpec, plan: Plan, probes: readonly Probe[]): Reader {
  if (task.probe === RECORD) return openRecording(task.id);
  if (task.readings) return openReadings(task, plan, probes);
  const probe = probes.find(({ name }) => name === task.probe);
  if (probe?.kind === "tap" || probe?.kind === "survey") {
    const at = plan.vantages.find(({ id }) => id === task.subject);
    if (at) return probe.open({ at, plan });
  }
  if (probe?.kind === "stream") {
    const index = plan.legs.findIndex(({ id }) => id === task.subject);
    const leg = plan.legs[index];
    const from = plan.vantages.find(({ id }) => id === leg?.from);
    if (leg && from) return probe.open({ leg, from, index, window: plan.window, check: plan.check });
  }
  throw new Error(`task ${task.id} asks ${task.probe} about ${task.subject}, which its plan does not have`);
}
