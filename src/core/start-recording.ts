import type { Tap } from "./capture.ts";
import { captureFilter } from "./capture-filter.ts";
import type { CheckRequest } from "./check.ts";
import type { EvidenceSet } from "./evidence.ts";
import type { MeasureState } from "./measure-state.ts";
import type { Gap, Plan, TaskSpec } from "./plan.ts";
import { FULL_SNAP, pathAddresses, planTaps, RECORD, tunnelPorts } from "./plan-taps.ts";
import { type RecordOrder, recordArgv, recordMaxBytes } from "./recorder.ts";
import { say } from "./sentence.ts";

const UNASKED: Gap = {
  probe: RECORD,
  subject: "path",
  reason: say("the filter cannot be asked inside a tunnel: all packets between the two ends were recorded"),
};

/** Recording is not worth its start for less. */
const SHORTEST_MS = 5_000;
/**
 * The devices of a node that has not told them since it could are not awaited longer than half of the window, within these: a
 * busy node is slow to tell, and without its devices there is nothing to compare.
 */
const PATIENCE_MS = { least: 15_000, most: 60_000 } as const;
/** What all recorders of a node may leave unfetched on its disk, bytes; rings of whole packets the same again. */
const NODE_BYTES = 1_000_000_000;
/** What the kernel holds for each recorder while that is not running: a second of 50,000 headers. */
const BUFFER_KIB = 8_192;
/** Of one core, per cent. */
const MOST_CPU = 50;
/** What is sealed late is told late, and what is sealed often costs an exec each. */
const SEGMENT_BYTES = 8_000_000;
const OLDEST_SEGMENT_S = { ring: 10, short: 15, long: 60 } as const;
const LONG_MS = 30 * 60_000;

/**
 * The state of a check with recorders at every point between its ends, once there is a reason to record: it was asked for, or
 * something was found wrong. The same state where there is none, or where the devices are not known yet.
 */
export function withRecorders(
  { capture, durationMs }: CheckRequest,
  state: MeasureState,
  evidence: EvidenceSet,
  nowMs: number,
): MeasureState {
  const { plan, cancelled, firstFinding } = state;
  const wish = capture ?? (firstFinding ? { full: false } : undefined);
  if (!plan || plan.taps || cancelled || !wish || plan.window.endMs - nowMs < SHORTEST_MS) return state;
  const { startMs, endMs } = plan.window;
  const patienceMs = Math.min(PATIENCE_MS.most, Math.max(PATIENCE_MS.least, (endMs - startMs) / 2));
  const silent = Object.entries(state.nodes).filter(
    ([, { status, startedAtMs = startMs }]) =>
      status === "failed" || nowMs - Math.max(startMs, startedAtMs) > patienceMs,
  );
  const made = planTaps(plan, evidence, { wish, unreachable: new Set(silent.map(([name]) => name)) });
  if (!made) return state;
  // Inside a tunnel nobody can ask it: some points would show less than others, and that would look like loss.
  const unasked = wish.filter !== undefined && made.taps.some(({ kind }) => kind === "tunnel");
  const filter = unasked ? undefined : wish.filter;
  const tasks = made.taps.flatMap((tap) => recorders(tap, { plan, evidence, taps: made.taps, filter, durationMs }));
  const grown: Plan = {
    ...plan,
    tasks: [...plan.tasks, ...tasks],
    taps: [...made.taps],
    recordingAsked: capture !== undefined,
    // Nobody who did not ask for packets misses them.
    gaps: [...plan.gaps, ...(capture ? made.gaps : []), ...(unasked ? [UNASKED] : [])],
  };
  const growing = new Set(tasks.map(({ node }) => node));
  const nodes = Object.entries(state.nodes).map(([name, node]) =>
    growing.has(name) && node.status === "running"
      ? [name, { ...node, status: "growing", retryAtMs: nowMs } as const]
      : ([name, node] as const),
  );
  return { ...state, plan: grown, nodes: Object.fromEntries(nodes) };
}

/** Whether a recorder that died with the agent of its node is worth to be started again. */
export function mayGoOn({ tasks, window }: Plan, task: string, nowMs: number): boolean {
  return window.endMs - nowMs >= SHORTEST_MS && tasks.some(({ id, probe }) => id === task && probe === RECORD);
}

/** The recorder of a point, and the ring of whole packets beside it where there is to be one. */
function recorders(
  { task, label, node, netns, device, kind, snapLength, ring }: Tap,
  {
    plan,
    evidence,
    taps,
    filter,
    durationMs,
  }: {
    readonly plan: Plan;
    readonly evidence: EvidenceSet;
    readonly taps: readonly Tap[];
    readonly filter: string | undefined;
    readonly durationMs: number;
  },
): readonly TaskSpec[] {
  const beside = taps.filter((tap) => tap.node === node).length;
  // Whole packets do not wait long: what is worth fetching of them has to be known soon.
  const soon = ring !== undefined || durationMs <= LONG_MS;
  const order: RecordOrder = {
    device,
    snapLength,
    bufferKib: BUFFER_KIB,
    segmentBytes: SEGMENT_BYTES,
    segmentSeconds: soon ? OLDEST_SEGMENT_S.short : OLDEST_SEGMENT_S.long,
    ringBytes: Math.floor(NODE_BYTES / beside),
    totalBytes: 0,
    cpuPercent: MOST_CPU,
    filter: captureFilter({
      ...pathAddresses(plan),
      kind,
      tunnelPorts: tunnelPorts(plan, evidence),
      ...(filter === undefined ? {} : { user: filter }),
    }),
  };
  const spec = (id: string, asked: RecordOrder): TaskSpec => ({
    ...{ id, probe: RECORD, subject: label, node, netns, argv: recordArgv(asked), maxBytes: recordMaxBytes(asked) },
  });
  const whole = { ...order, snapLength: FULL_SNAP, segmentSeconds: OLDEST_SEGMENT_S.ring };
  return [spec(task, order), ...(ring === undefined ? [] : [spec(ring, whole)])];
}
