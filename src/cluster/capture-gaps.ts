import type { KeptTrigger } from "../core/capture.ts";
import { type Trigger, triggerNames } from "../core/capture-triggers.ts";
import type { Gap } from "../core/plan.ts";
import { RECORD } from "../core/plan-taps.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { keptTriggers, momentOf } from "../core/trigger-moments.ts";
import { clockText } from "../core/units.ts";
import type { InStore } from "./fetch-captures.ts";
import type { Recorded } from "./measure-ports.ts";

/** What of the recordings is missing, point by point. */
export function captureGaps({ plan, recordings }: Recorded, { kept, gone, troubles }: InStore): readonly Gap[] {
  return (plan.taps ?? []).flatMap(({ task, label, node, ring }): readonly Gap[] => {
    const recording = recordings.get(task);
    const gap = (reason: Gap["reason"]): Gap => ({ probe: RECORD, subject: label, reason });
    if (!recording?.listeningMs) return [gap(recording?.trouble ?? say("its recorder has not started"))];
    const whole = ring === undefined ? undefined : recordings.get(ring)?.trouble;
    const old = gone.get(task)?.size ?? 0;
    const missing = recording.segments.filter(
      ({ number }) => !kept.get(task)?.has(number) && !gone.get(task)?.has(number),
    );
    const reason = troubles.get(node)?.text ?? say("the check had to end");
    return [
      ...(recording.trouble === undefined ? [] : [gap(recording.trouble)]),
      ...(recording.resumed === undefined
        ? []
        : [
            gap(
              say("its recorder died with the agent of its node; started again at {times}", {
                times: listed(recording.resumed.map(({ atMs }) => clockText(atMs))),
              }),
            ),
          ]),
      ...(whole === undefined ? [] : [gap(say("whole packets: {reason}", { reason: whole }))]),
      ...(recording.letGo.length === 0
        ? []
        : [
            gap(
              say("{files} were let go on the node, because nobody had fetched them in time", {
                files: counted(recording.letGo.length, "recorded file"),
              }),
            ),
          ]),
      ...(old === 0
        ? []
        : [
            gap(
              say("{files} were let go, because there was no room for them: those far from triggers went first", {
                files: counted(old, "recorded file"),
              }),
            ),
          ]),
      ...(missing.length === 0
        ? []
        : [
            gap(
              say("{files} could not be fetched: {reason}", {
                files: counted(missing.length, "recorded file"),
                reason,
              }),
            ),
          ]),
    ];
  });
}

/** All triggers since recording began, and what is kept around them: of whole packets where there were rings. */
export function toldTriggers(
  recorded: Recorded,
  triggers: readonly Trigger[],
  fetched: InStore,
): { readonly whole: boolean; readonly triggers: KeptTrigger[] } {
  const { plan, recordings, aheadMs, kernel } = recorded;
  const taps = plan.taps ?? [];
  const whole = taps.some(({ ring }) => ring !== undefined);
  const recorders = taps.flatMap(({ task, ring = task, label, node }) => {
    const recording = recordings.get(ring);
    return recording ? [{ task: ring, tap: label, ahead: aheadMs[node] ?? 0, recording }] : [];
  });
  const begunMs = Math.min(...recorders.map(({ ahead, recording }) => (recording.listeningMs ?? Infinity) - ahead));
  const all = [...triggers, ...kernel].filter(({ worstS }) => (worstS + 1) * 1_000 >= begunMs);
  const files = recorders.flatMap(({ task, tap, ahead, recording: { segments, letGo } }) =>
    [...segments, ...letGo].map(({ number, bytes, fromMs, toMs }) => ({
      ...{ task, tap, number, bytes, fromMs: fromMs - ahead, toMs: toMs - ahead },
    })),
  );
  const here = new Set(files.filter(({ task, number }) => fetched.kept.get(task)?.has(number)));
  const broken = recorders.filter(({ recording }) => recording.trouble !== undefined);
  const wholeMs = Math.min(...broken.map(({ ahead, recording }) => (recording.endedMs ?? 0) - ahead));
  const told = keptTriggers(all, files, here).map((trigger) =>
    trigger.kept === "all" && momentOf(trigger).toMs > wholeMs ? { ...trigger, kept: "part" as const } : trigger,
  );
  return { whole, triggers: told };
}

const NAMED = 5;

/** Which triggers have not all of their packets, the worst named. */
export function triggerGaps({ whole, triggers }: ReturnType<typeof toldTriggers>): readonly Gap[] {
  // The same second is often seen at several points.
  const moments = Map.groupBy(triggers, ({ kind, worstS }) => `${kind} ${worstS}`);
  const missing = [...moments.values()].flatMap(([first]) => (first && first.kept !== "all" ? [first] : []));
  if (missing.length === 0) return [];
  const worst = missing.toSorted((one, other) => other.count - other.usual - (one.count - one.usual)).slice(0, NAMED);
  const names = listed(
    worst
      .toSorted((one, other) => one.worstS - other.worstS)
      .map(({ kind, worstS }) => say("{what} at {at}", { what: triggerNames[kind], at: clockText(worstS * 1_000) })),
  );
  const counts = { missing: missing.length, all: moments.size, names };
  const reason = whole
    ? say("whole packets around {missing} of {all} triggers were let go, or not all were kept: {names}", counts)
    : say("packets around {missing} of {all} triggers were let go, or not all were kept: {names}", counts);
  return [{ probe: RECORD, subject: "path", reason }];
}
