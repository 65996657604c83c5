import { otherEnd, otherEndNamed, type Part } from "../core/across.ts";
import { recordingEvidence } from "../core/capture.ts";
import type { ClusterView } from "../core/cluster-view.ts";
import { fullText, NetcheckError } from "../core/errors.ts";
import { EvidenceSet } from "../core/evidence.ts";
import { type MeasureState, newMeasureState, untouchedNode } from "../core/measure-state.ts";
import { leadMs, type NodeAction, nextStep, READ_PATIENCE_MS, retryDelayMs } from "../core/measure-step.ts";
import type { Plan } from "../core/plan.ts";
import { RECORD } from "../core/plan-taps.ts";
import type { Measured, Progress } from "../core/progress.ts";
import { say } from "../core/sentence.ts";
import { mayGoOn, withRecorders } from "../core/start-recording.ts";
import { kernelTriggers } from "../probes/timeline/kernel-triggers.ts";
import { actOnNode } from "./measure-node.ts";
import type { About, MeasureDeps, Recorded } from "./measure-ports.ts";
import { progressOf } from "./measure-progress.ts";
import { aboutPlan, earlyEnd, gapsOf, packEvidence, packView, unpackView } from "./measure-result.ts";
import { MeasureSession } from "./measure-session.ts";
import { settled, within } from "./within.ts";

/** Another worker counts as lost when the check was not looked at for this long. */
const TAKEOVER_MS = 10_000;
const VIEW_EVERY_MS = 10_000;
/** Nodes are polled in the same tick, so they do not wait long for the Kubernetes API; the plan does. */
const VIEW_MS = 5_000;
const FIRST_VIEW_MS = 12_000;
/** A tick waits so long for the analysis of what was recorded, which goes on beside the ticks: a job is never held for minutes. */
const ANALYSIS_WAIT_MS = 2_000;
/** What was read of a check that no tick has come for is dropped after this long. */
const SESSION_TTL_MS = 5 * 60_000;
/**
 * To say what looks wrong so far, all that is known is looked at: ever more in a long check. The checks of a worker together rest this
 * many times as long as it took, so that what else it does need not wait for it; but none rests longer than so.
 */
const ASSESS_REST = 4;
const LONGEST_REST_MS = 30_000;

/** What a trace tells of a tick that does several things, the first of these. */
const TOLD: readonly (readonly [NodeAction, string])[] = [
  ["start", "start tasks"],
  ["grow", "start recorders"],
  ["stop", "stop tasks"],
  ["remove", "tidy"],
];

export type Tick = {
  /** To be saved before anything else is done. */
  readonly state: MeasureState;
  readonly progress: Progress;
  readonly next:
    | { readonly do: "again"; readonly delayMs: number }
    | { readonly do: "done"; readonly measured: Measured; readonly leftOn: readonly string[] };
};

export type Cancel = { readonly by: string; readonly atMs: number };

export type Measurer = {
  /** One bounded, repeatable piece of work. `saved` is the state of the tick before, undefined for the first. */
  readonly tick: (request: Part, saved: MeasureState | undefined, cancelled?: Cancel) => Promise<Tick>;
};

/** The measuring engine of one cluster. It knows nothing of queues: whoever drives it saves the state between ticks. */
export function createMeasurer(deps: MeasureDeps): Measurer {
  const sessions = new Map<string, MeasureSession>();

  async function tick(request: Part, saved: MeasureState | undefined, cancelled?: Cancel): Promise<Tick> {
    const nowMs = deps.nowMs();
    const state = welcome(saved ?? newMeasureState(request.id, deps.worker, nowMs), nowMs, cancelled);
    const session = sessionOf(state, nowMs);
    const step = nextStep(state, { collected: session?.collected() ?? new Set(), nowMs });
    switch (step.do) {
      case "plan":
        return ended(request, await deps.span("plan", () => plan(request, state)));
      case "nodes":
        return ended(request, await traced(step.actions, () => act(request, state, step.actions)));
      case "wait":
        return ended(request, state);
      case "conclude":
        return ended(request, await deps.span("conclude", () => conclude(request, state)));
      case "done":
        return finished(request, state);
    }
  }

  /** Polls are too many to be told one by one; what changes a node is told. */
  function traced<T>(actions: ReadonlyMap<string, NodeAction>, work: () => Promise<T>): Promise<T> {
    const title = TOLD.find(([action]) => [...actions.values()].includes(action))?.[1];
    return title === undefined ? work() : deps.span(title, work);
  }

  /** Takes note of a cancellation, and of another worker that was lost. */
  function welcome(state: MeasureState, nowMs: number, cancelled: Cancel | undefined): MeasureState {
    const lost = state.worker !== deps.worker && nowMs - state.savedAtMs > TAKEOVER_MS;
    return {
      ...state,
      ...(cancelled && !state.result && { cancelled: state.cancelled ?? cancelled }),
      ...(lost && { takeover: { from: state.worker, lostAtMs: state.savedAtMs, atMs: nowMs } }),
    };
  }

  /** What this worker has read so far; begun anew when another worker or another plan came before. */
  function sessionOf({ check, plan, planned, result }: MeasureState, nowMs: number): MeasureSession | undefined {
    for (const [id, session] of sessions) if (nowMs - session.usedAtMs > SESSION_TTL_MS) sessions.delete(id);
    if (!plan || result) return undefined;
    const known = sessions.get(check);
    const session = known?.planned === planned ? known : new MeasureSession(plan, planned, deps);
    session.usedAtMs = nowMs;
    session.follow(plan);
    sessions.set(check, session);
    return session;
  }

  async function plan(request: Part, state: MeasureState): Promise<MeasureState> {
    try {
      const targets = request.otherEnd ? [request.from] : [request.from, request.to];
      const view = await deps.span("read cluster", () => viewWithin(FIRST_VIEW_MS, { targets }));
      const { from, to } = await deps.span("resolve", () => resolve(request, view));
      const startMs = deps.nowMs() + leadMs(state.planned);
      const window = { startMs, endMs: startMs + request.durationMs };
      const made = deps.makePlan({ request, window, view, from, to, probes: deps.probes });
      const names = [...new Set(made.tasks.map(({ node }) => node))];
      deps.log.info(
        { check: request.id, legs: made.legs.length, tasks: made.tasks.length, nodes: names },
        "check planned",
      );
      const next = {
        ...state,
        plan: made,
        planned: state.planned + 1,
        nodes: Object.fromEntries(
          names.map((name) => [name, { ...(state.nodes[name] ?? untouchedNode), retryAtMs: 0 }]),
        ),
        before: packView(view, made),
        readFailures: 0,
      };
      sessionOf(next, deps.nowMs())?.addView(view);
      return next;
    } catch (error) {
      return afterFailedRead(request, state, error);
    }
  }

  async function resolve(request: Part, view: ClusterView) {
    const from = await deps.resolve(request.from, view, {});
    const { otherEnd: other } = request;
    if (!other) return { from, to: await deps.resolve(request.to, view, { from }) };
    const address = otherEnd(other, await deps.namesOf(other.cluster));
    return { from, to: otherEndNamed(await deps.resolve(address, view, { from }), other) };
  }

  /** A user's mistake or a refusal ends this cluster's part; a cluster that does not answer is asked again. */
  function afterFailedRead(request: Part, state: MeasureState, error: unknown): MeasureState {
    if (!(error instanceof NetcheckError)) throw error;
    if (error.code !== "cluster-unreachable" && error.code !== "exec-failed") {
      return {
        ...state,
        result: { cluster: deps.cluster, gaps: [], ended: { code: error.code, text: fullText(error) } },
      };
    }
    if (state.readFailures === 0) deps.log.warn({ check: request.id, err: error }, "cluster cannot be read");
    const readFailures = state.readFailures + 1;
    // The tasks of an earlier plan may still start in time; a new one needs the cluster.
    return { ...state, readFailures, retryAtMs: deps.nowMs() + retryDelayMs(readFailures) };
  }

  async function act(
    request: Part,
    state: MeasureState,
    actions: ReadonlyMap<string, NodeAction>,
  ): Promise<MeasureState> {
    const { plan } = state;
    if (!plan) throw new Error("nodes without a plan");
    const session = sessionOf({ ...state, result: undefined }, deps.nowMs());
    if (!session) throw new Error("no session for a plan");
    const measuring = !state.result;
    const [results] = await Promise.all([
      Promise.all(
        [...actions].map(async ([name, action]) => ({
          name,
          ...(await actOnNode(name, action, { state, plan, session }, deps)),
        })),
      ),
      measuring ? refreshView(session, plan) : undefined,
    ]);
    const nodes = { ...state.nodes };
    const ended = { ...state.ended };
    for (const { name, node, tasks } of results) {
      nodes[name] = node;
      for (const task of tasks) {
        const stopped = node.status === "stopped";
        if (task.state === "orphaned" && node.status === "running" && mayGoOn(plan, task.id, deps.nowMs())) {
          nodes[name] = { ...node, status: "growing", retryAtMs: deps.nowMs() };
          continue;
        }
        const reason = earlyEnd(task, { nowMs: deps.nowMs(), endMs: plan.window.endMs, stopped });
        if (reason !== undefined) ended[task.id] ??= { atMs: deps.nowMs(), reason };
      }
    }
    if (measuring && plan.taps && plan.taps.length > 0)
      deps.captures.advance(recordedOf({ ...state, nodes }, plan, session));
    return measuring ? assessed(request, { ...state, nodes, ended }, session) : { ...state, nodes };
  }

  /** Says what looks wrong so far, once it looked so twice in a row. */
  function assessed(request: Part, state: MeasureState, session: MeasureSession): MeasureState {
    const { plan } = state;
    const nowMs = deps.nowMs();
    if (nowMs < session.assessAgainMs) return state;
    const running = Object.entries(state.nodes).filter(
      ([, { status, failures }]) => (status === "running" || status === "growing") && failures === 0,
    );
    if (!plan || running.length === 0 || !running.every(([name]) => session.caughtUp(name))) return state;
    const evidence = session.evidence({ nowMs, done: false, before: unpackView(state.before) });
    const { finding, soFar } = assessedSafely({ request, plan, evidence, gaps: gapsOf(state, plan), nowMs });
    const tookMs = deps.nowMs() - nowMs;
    session.assessAgainMs = deps.nowMs() + Math.min(LONGEST_REST_MS, ASSESS_REST * sessions.size * tookMs);
    if (plan.taps) session.kernel = kernelTriggers({ plan, evidence });
    const { suspicion: before, ...rest } = state;
    session.soFar = soFar;
    const told =
      state.firstFinding ?? (finding && finding.key === before ? { atMs: nowMs, text: finding.text } : undefined);
    const seen = { ...rest, ...(finding && { suspicion: finding.key }), ...(told && { firstFinding: told }) };
    return withRecorders(request, seen, evidence, nowMs);
  }

  /** A bug in a rule costs the progress line now, and shows in the report; it must not cost the measurement. */
  function assessedSafely(seen: Parameters<MeasureDeps["assess"]>[0]): ReturnType<MeasureDeps["assess"]> {
    try {
      return deps.assess(seen);
    } catch (error) {
      deps.log.error({ check: seen.request.id, err: error }, "a running check cannot be assessed");
      return {};
    }
  }

  const viewWithin = (limitMs: number, about: About) =>
    within(limitMs, () => deps.readView(about), "cluster-unreachable", "The Kubernetes API");

  async function refreshView(session: MeasureSession, plan: Plan): Promise<void> {
    const newest = session.views.at(-1)?.atMs ?? 0;
    if (deps.nowMs() - Math.max(newest, session.viewTriedAtMs) < VIEW_EVERY_MS) return;
    session.viewTriedAtMs = deps.nowMs();
    try {
      session.addView(await viewWithin(VIEW_MS, aboutPlan(plan)));
    } catch (error) {
      deps.log.debug({ err: error }, "cluster cannot be read while measuring");
    }
  }

  async function conclude(request: Part, state: MeasureState): Promise<MeasureState> {
    const { plan, cancelled } = state;
    const end = cancelled
      ? { ended: { code: "cancelled", text: say("Cancelled by {who}.", { who: cancelled.by }) } }
      : {};
    const finding = state.firstFinding && { firstFindingAtMs: state.firstFinding.atMs };
    if (!plan) {
      const minutes = READ_PATIENCE_MS / 60_000;
      const text = say("Cluster {cluster} could not be read for {minutes} minutes; nothing was measured.", {
        cluster: deps.cluster,
        minutes,
      });
      const unread = cancelled ? end : { ended: { code: "cluster-unreachable", text } };
      return { ...state, result: { cluster: deps.cluster, gaps: [], ...unread } };
    }
    const session = sessionOf(state, deps.nowMs());
    const before = unpackView(state.before);
    const analysis = session?.analysed(() => {
      const evidence = session.evidence({ nowMs: deps.nowMs(), done: true, before });
      session.kernel = kernelTriggers({ plan, evidence });
      return analysed(state, plan, session);
    });
    const recorded = await settled(analysis, ANALYSIS_WAIT_MS);
    if (analysis && !recorded) return state;
    const last = await viewWithin(VIEW_MS, aboutPlan(plan)).catch(() => undefined);
    if (last) session?.addView(last);
    const measured = session?.evidence({ nowMs: deps.nowMs(), done: true, before }) ?? new EvidenceSet();
    const read = measured.toArray().filter(({ kind }) => kind !== recordingEvidence.name);
    const evidence = [...read, ...(recorded?.evidence ?? [])];
    const packed = packEvidence(evidence);
    for (const [task, err] of session?.failures ?? [])
      deps.log.error({ check: request.id, task, err }, "output cannot be read");
    const unreadable = plan.tasks
      .filter(({ id }) => session?.failures.has(id))
      .map(({ probe, subject }) => ({ probe, subject, reason: say("internal error while reading its output") }));
    const unread = last
      ? []
      : [
          {
            probe: "cluster",
            subject: `cluster/${deps.cluster}`,
            reason: say("the Kubernetes API did not answer at the end"),
          },
        ];
    const unrecorded =
      request.capture && !plan.taps
        ? [{ probe: RECORD, subject: "path", reason: say("it was over before the devices of the path were known") }]
        : [];
    const gaps = [
      ...gapsOf(state, plan),
      ...unrecorded,
      ...(recorded?.gaps ?? []),
      ...packed.gaps,
      ...unreadable,
      ...unread,
    ];
    deps.log.info(
      { check: request.id, evidence: evidence.length, bytes: packed.evidence.length, gaps: gaps.length },
      "check measured",
    );
    const result: Measured = { cluster: deps.cluster, plan, evidence: packed.evidence, gaps, ...end, ...finding };
    // Nodes that failed while measuring get a fresh chance to be tidied.
    return { ...state, result };
  }

  /** A bug in the analysis of captures, or a disk that is full, must not cost the rest of the check. */
  async function analysed(
    state: MeasureState,
    plan: Plan,
    session: MeasureSession,
  ): ReturnType<MeasureDeps["captures"]["analyse"]> {
    if (!plan.taps || plan.taps.length === 0) return { evidence: [], gaps: [] };
    try {
      return await deps.span("analyse captures", () => deps.captures.analyse(recordedOf(state, plan, session)));
    } catch (error) {
      deps.log.error({ check: plan.check, err: error }, "captures cannot be analysed");
      const reason = error instanceof NetcheckError ? error.text : say("internal error, see the worker's log");
      return { evidence: [], gaps: [{ probe: RECORD, subject: "path", reason }] };
    }
  }

  const recordedOf = ({ nodes }: MeasureState, plan: Plan, session: MeasureSession): Recorded => ({
    plan,
    recordings: session.recorded(),
    behind: new Set(
      Object.entries(nodes).flatMap(([name, { status, failures }]) =>
        status !== "failed" && (failures > 0 || !session.caughtUp(name)) ? [name] : [],
      ),
    ),
    aheadMs: Object.fromEntries(Object.entries(nodes).map(([name, { aheadMs = 0 }]) => [name, aheadMs])),
    kernel: session.kernel,
  });

  function finished(request: Part, state: MeasureState): Tick {
    const { state: last, progress } = ended(request, state);
    sessions.delete(request.id);
    if (!state.result) throw new Error("a check cannot be done without a result");
    const leftOn = Object.entries(state.nodes).filter(([, { status, touched }]) => touched && status !== "removed");
    return {
      state: last,
      progress,
      next: { do: "done", measured: state.result, leftOn: leftOn.map(([name]) => name) },
    };
  }

  function ended(request: Part, state: MeasureState): Tick {
    const nowMs = deps.nowMs();
    const saved: MeasureState = { ...state, rev: state.rev + 1, savedAtMs: nowMs, worker: deps.worker };
    const session = sessions.get(request.id);
    const next = nextStep(saved, { collected: session?.collected() ?? new Set(), nowMs });
    const progress = progressOf(saved, { cluster: deps.cluster, nowMs, soFar: session?.soFar });
    return { state: saved, progress, next: { do: "again", delayMs: next.do === "wait" ? next.delayMs : 0 } };
  }

  return { tick };
}
