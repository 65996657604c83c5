import { StringDecoder } from "node:string_decoder";
import type { Recording } from "../core/capture.ts";
import type { Trigger } from "../core/capture-triggers.ts";
import type { ClusterView } from "../core/cluster-view.ts";
import { EvidenceSet } from "../core/evidence.ts";
import { byOurClock } from "../core/node-clock.ts";
import type { Plan, TaskSpec } from "../core/plan.ts";
import { RECORD } from "../core/plan-taps.ts";
import type { Probe, Reader } from "../core/probe.ts";
import type { Progress } from "../core/progress.ts";
import type { MeasureDeps, NodeOutput, TaskAnswer } from "./measure-ports.ts";
import { nearPlan } from "./measure-result.ts";

type TaskReading = {
  readonly spec: TaskSpec;
  readonly reader: Reader;
  readonly decoder: StringDecoder;
  offset: number;
  totalBytes: number;
  state: string;
};

/** Views beyond the first that are kept; when there are more, every other one goes. */
const MAX_VIEWS = 30;

/**
 * What one worker has read of a running check. It lives in memory only: the output stays on the nodes until the check has
 * ended, so a worker that takes over reads it again from the start.
 */
export class MeasureSession {
  readonly #probes: readonly Probe[];
  readonly #openReader: MeasureDeps["openReader"];
  #plan: Plan;
  readonly #byNode = new Map<string, Map<string, TaskReading>>();
  /** Node clock minus ours, milliseconds, by node: as its newest answer says, and as its times are corrected. */
  readonly #skewMs = new Map<string, number>();
  readonly #aheadMs = new Map<string, number>();
  readonly #synced = new Set<string>();
  readonly #unfetched = new Map<string, number>();
  /** Readers that threw, by task: bugs. */
  readonly failures = new Map<string, unknown>();
  views: ClusterView[] = [];
  usedAtMs = 0;
  viewTriedAtMs = 0;
  soFar: Progress["soFar"];
  /** Not before is it said again what looks wrong so far. */
  assessAgainMs = 0;
  #analysis: ReturnType<MeasureDeps["captures"]["analyse"]> | undefined;
  /** What the kernels of the path's nodes had said when it was last assessed. */
  kernel: readonly Trigger[] = [];
  /** Plans count from 1; readers of an earlier plan are worthless. */
  readonly planned: number;

  constructor(plan: Plan, planned: number, { probes, openReader }: Pick<MeasureDeps, "probes" | "openReader">) {
    this.planned = planned;
    this.#probes = probes;
    this.#openReader = openReader;
    this.#plan = plan;
    this.follow(plan);
  }

  /** Reads the tasks of the plan that are not read yet: recorders come in the middle of a check. */
  follow(plan: Plan): void {
    this.#plan = plan;
    for (const spec of plan.tasks) {
      const tasks = this.#byNode.get(spec.node) ?? new Map<string, TaskReading>();
      if (tasks.has(spec.id)) continue;
      const reader = this.#openReader(spec, plan, this.#probes);
      tasks.set(spec.id, {
        spec,
        reader,
        decoder: new StringDecoder("utf8"),
        offset: 0,
        totalBytes: 0,
        state: "unknown",
      });
      this.#byNode.set(spec.node, tasks);
    }
  }

  /** What the recorders of a node have said so far, by task. */
  recordings(node: string): ReadonlyMap<string, Recording> {
    const found = [...(this.#byNode.get(node)?.values() ?? [])]
      .filter(({ spec }) => spec.probe === RECORD)
      .flatMap((task) => this.#guarded(task, () => task.reader.evidence({ nowMs: 0, done: false })) ?? []);
    return new Map(found.map(({ subject, data }) => [subject, data as Recording]));
  }

  /** The same of all nodes. */
  recorded(): ReadonlyMap<string, Recording> {
    return new Map([...this.#byNode.keys()].flatMap((node) => [...this.recordings(node)]));
  }

  /** Notes how many closed files of a node are still to be fetched. */
  fetched(node: string, left: number): void {
    this.#unfetched.set(node, left);
  }

  /** How much of each task's output is here, by task id, bytes. */
  offsets(node: string): ReadonlyMap<string, number> {
    return new Map([...(this.#byNode.get(node) ?? [])].map(([id, { offset }]) => [id, offset]));
  }

  /** Takes what a node answered. A piece that does not begin where the last one ended came twice and is left out. */
  take(node: string, { offsetEstimateMs, tasks }: NodeOutput, aheadMs = 0): void {
    this.#skewMs.set(node, offsetEstimateMs);
    this.#aheadMs.set(node, aheadMs);
    this.#synced.add(node);
    for (const { id, state, totalBytes, offset, bytes } of tasks) {
      const task = this.#byNode.get(node)?.get(id);
      if (!task) continue;
      task.state = state;
      task.totalBytes = totalBytes;
      if (offset !== task.offset) continue;
      task.offset += bytes.length;
      const text = task.decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      this.#guarded(task, () => task.reader.push(text));
    }
  }

  /** The analysis of what was recorded, begun by the first who asks. */
  analysed(
    begin: () => ReturnType<MeasureDeps["captures"]["analyse"]>,
  ): ReturnType<MeasureDeps["captures"]["analyse"]> {
    this.#analysis ??= begin();
    return this.#analysis;
  }

  /** Takes what a node answered when tasks were started there. */
  started(node: string, tasks: readonly TaskAnswer[]): void {
    for (const { id, state } of tasks) {
      const task = this.#byNode.get(node)?.get(id);
      if (task) task.state = state;
    }
  }

  /** True when there is nothing left to read there for the moment. */
  caughtUp(node: string): boolean {
    const tasks = [...(this.#byNode.get(node)?.values() ?? [])];
    return this.#synced.has(node) && tasks.every(({ offset, totalBytes }) => offset >= totalBytes);
  }

  /** Nodes whose tasks have all ended and whose output is all here, recorded files included. */
  collected(): ReadonlySet<string> {
    const ended = (node: string) =>
      [...(this.#byNode.get(node)?.values() ?? [])].every(({ state }) => state !== "running");
    const all = (node: string) => (this.#unfetched.get(node) ?? 0) === 0;
    return new Set([...this.#byNode.keys()].filter((node) => this.caughtUp(node) && ended(node) && all(node)));
  }

  /** The newest view is kept whole; of those before it only what the plan is about, because there are many of them. */
  addView(view: ClusterView): void {
    const before = this.views.pop();
    if (before) this.views.push(nearPlan(before, this.#plan));
    this.views.push(view);
    if (this.views.length > MAX_VIEWS) this.views = this.views.filter((_, index) => index === 0 || index % 2 === 1);
  }

  /** One output that its reader cannot bear costs that measurement, not the check; each is told once. */
  #guarded<T>(task: TaskReading, read: () => T): T | undefined {
    if (this.failures.has(task.spec.id)) return undefined;
    try {
      return read();
    } catch (error) {
      this.failures.set(task.spec.id, error);
      return undefined;
    }
  }

  /** Everything known now. `before` is the view that an earlier worker read at the start. */
  evidence({
    nowMs,
    done,
    before,
  }: {
    readonly nowMs: number;
    readonly done: boolean;
    readonly before?: ClusterView | undefined;
  }): EvidenceSet {
    const set = new EvidenceSet();
    for (const [node, tasks] of this.#byNode) {
      const nodeMs = nowMs + (this.#skewMs.get(node) ?? 0);
      for (const task of tasks.values())
        for (const evidence of this.#guarded(task, () => task.reader.evidence({ nowMs: nodeMs, done })) ?? [])
          set.add(byOurClock(evidence, this.#aheadMs.get(node) ?? 0));
    }
    const views = before && this.views[0]?.atMs !== before.atMs ? [before, ...this.views] : this.views;
    for (const probe of this.#probes)
      if (probe.kind === "cluster") for (const evidence of probe.read(views)) set.add(evidence);
    return set;
  }
}
