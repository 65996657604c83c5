import type { Part } from "../core/across.ts";
import type { Assessed } from "../core/assess.ts";
import type { Recording } from "../core/capture.ts";
import type { Trigger } from "../core/capture-triggers.ts";
import type { CheckRequest, Window } from "../core/check.ts";
import type { ClusterView } from "../core/cluster-view.ts";
import type { Evidence, EvidenceSet } from "../core/evidence.ts";
import type { Inventory } from "../core/inventory.ts";
import type { ClockEstimate } from "../core/node-clock.ts";
import type { End, Gap, Plan, TaskSpec } from "../core/plan.ts";
import type { Probe, Reader } from "../core/probe.ts";
import type { Target } from "../core/target.ts";
import type { Log } from "../log.ts";

/** How a task fares; the words are those of `task-reply.ts`. */
export type TaskAnswer = {
  readonly id: string;
  readonly state: "running" | "done" | "orphaned" | "absent" | "refused";
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
};

/** The piece of a task's output that was asked for; `bytes` begins at `offset`. */
export type TaskOutput = TaskAnswer & {
  readonly totalBytes: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The beginning of its error output. */
  readonly stderr: string;
};

/** `offsetEstimateMs`: how far the node's clock is ahead of ours. */
export type NodeOutput = { readonly offsetEstimateMs: number; readonly tasks: readonly TaskOutput[] };

type CallOptions = { readonly signal?: AbortSignal };

/** What the engine needs of the node tasks (`node-tasks.ts`). All may be repeated. */
export type NodeCalls = {
  readonly start: (
    node: string,
    order: {
      readonly check: string;
      readonly leaseSeconds: number;
      readonly window: Window;
      readonly tasks: readonly TaskSpec[];
    },
    options?: CallOptions,
  ) => Promise<ClockEstimate & { readonly tasks: readonly TaskAnswer[] }>;
  /** Renews the lease too. `offsets` by task id: how much of each output is here already. */
  readonly sync: (
    node: string,
    check: string,
    offsets: ReadonlyMap<string, number>,
    options?: CallOptions,
  ) => Promise<NodeOutput>;
  /** Without ids: all tasks of the check. */
  readonly stop: (node: string, check: string, ids?: readonly string[], options?: CallOptions) => Promise<unknown>;
  readonly remove: (node: string, check: string, options?: CallOptions) => Promise<unknown>;
};

/** What recorders of one node have closed. */
export type ClosedFiles = {
  readonly check: string;
  readonly node: string;
  /** What each recorder says of itself, by task. */
  readonly recordings: ReadonlyMap<string, Recording>;
};

/** What all recorders of a check have said. */
export type Recorded = {
  readonly plan: Plan;
  /** By task; times by the clock of its node. */
  readonly recordings: ReadonlyMap<string, Recording>;
  /** How far the clocks of nodes are ahead of ours, milliseconds, where they are too far apart to be taken for one. */
  readonly aheadMs: Readonly<Record<string, number>>;
  /** Nodes of which not everything is read that they have to say: they may have closed more files. */
  readonly behind: ReadonlySet<string>;
  /** What the kernels of the path's nodes said, as far as it is known. */
  readonly kernel: readonly Trigger[];
};

/** Brings recorded packets from the nodes and says what they mean. */
export type Captures = {
  /**
   * Fetches closed files that are not here yet, for about `limitMs`, and lets the node delete what is here. Answers how many
   * are still to come; 0 also when they cannot be kept, which is a gap of `analyse`.
   */
  readonly fetch: (
    files: ClosedFiles,
    options: { readonly limitMs: number; readonly signal?: AbortSignal },
  ) => Promise<number>;
  /** Begins to analyse what lies whole behind us, and lets go what does not fit. Comes back at once. */
  readonly advance: (recorded: Recorded) => void;
  /** Everything that was recorded, as evidence; runs outside the event loop. */
  readonly analyse: (
    recorded: Recorded,
  ) => Promise<{ readonly evidence: readonly Evidence[]; readonly gaps: readonly Gap[] }>;
};

/** What a view has to show of a cluster that is too large to be read whole. */
export type About = {
  readonly targets: readonly Target[];
  /** Nodes that are shown with their pods. Absent: those of the targets, and some to compare with. */
  readonly nodes?: readonly string[];
  /** Namespaces whose policies count, besides those of the targets. */
  readonly namespaces?: readonly string[];
};

/** Everything a part of a check needs; the queue worker and the terminal command give the same. */
export type MeasureDeps = {
  readonly cluster: string;
  /** host:pid, shown to people when a worker is lost. */
  readonly worker: string;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  readonly readView: (about: About) => Promise<ClusterView>;
  /** `from`: where a host name is looked up. */
  readonly resolve: (target: Target, view: ClusterView, options: { readonly from?: End }) => Promise<End>;
  /** The names that the workers of another cluster have published; undefined where they have not. */
  readonly namesOf: (cluster: string) => Promise<Inventory | undefined>;
  /** Does `work` as one step of the check that is traced around it, if one is. */
  readonly span: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly nodes: NodeCalls;
  readonly captures: Captures;
  readonly probes: readonly Probe[];
  readonly makePlan: (from: {
    readonly request: CheckRequest;
    readonly window: Window;
    readonly view: ClusterView;
    readonly from: End;
    readonly to: End;
    readonly probes: readonly Probe[];
  }) => Plan;
  readonly openReader: (task: TaskSpec, plan: Plan, probes: readonly Probe[]) => Reader;
  /** A diagnosis of what is known so far; called about once per second. */
  readonly assess: (seen: {
    readonly request: Part;
    readonly plan: Plan;
    readonly evidence: EvidenceSet;
    readonly gaps: readonly Gap[];
    readonly nowMs: number;
  }) => Assessed;
};
