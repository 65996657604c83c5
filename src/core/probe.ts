import type { Window } from "./check.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { Evidence } from "./evidence.ts";
import type { Leg, Plan, Vantage } from "./plan.ts";

/** Takes a task's output as it arrives, in any cut, and says at any time what it means so far. */
export type Reader = {
  readonly push: (chunk: string) => void;
  /** Everything known now. `nowMs` and `done` tell an answer that is still awaited from one that is lost. */
  readonly evidence: (at: { readonly nowMs: number; readonly done: boolean }) => readonly Evidence[];
};

/** What a stream is asked to do. `index` numbers the legs of the check, so that intervals can differ a little. */
export type StreamContext = {
  readonly leg: Leg;
  readonly from: Vantage;
  readonly window: Window;
  readonly index: number;
  /** The check's id; echoes carry a number made of it. */
  readonly check: string;
};

/** One finished run of a reading's command. Times are Unix milliseconds of the node's clock. */
export type Sample = {
  readonly atMs: number;
  readonly exitCode: number;
  readonly stdout: string;
};

/** A probe that runs along a leg for the whole window and writes as it goes: ping, TCP connect. */
export type StreamProbe = {
  readonly kind: "stream";
  readonly name: string;
  readonly wants: (leg: Leg) => boolean;
  readonly argv: (context: StreamContext) => readonly string[];
  readonly maxBytes: (context: StreamContext) => number;
  readonly open: (context: StreamContext) => Reader;
};

/**
 * A probe that listens at one vantage point for the whole window and says what it saw of every leg that ends there.
 */
export type TapProbe = {
  readonly kind: "tap";
  readonly name: string;
  /** Whether there is something to hear: `legs` are those that end at this vantage point. */
  readonly wants: (vantage: Vantage, legs: readonly Leg[]) => boolean;
  readonly argv: (context: TapContext) => readonly string[];
  readonly maxBytes: (context: TapContext) => number;
  readonly open: (context: TapContext) => Reader;
};

/** What a tap is asked to do: it needs the whole plan to tell legs from each other. */
export type TapContext = {
  readonly at: Vantage;
  readonly plan: Pick<Plan, "check" | "window" | "legs" | "vantages" | "dns">;
};

/**
 * A probe that runs at one vantage point for the whole window and asks several targets in turn: name servers, packet
 * sizes, source ports. Its subject is the vantage point. It learns its targets when the check is planned, and prints them
 * with every answer, so that its output can be read without knowing the cluster.
 */
export type SurveyProbe = {
  readonly kind: "survey";
  readonly name: string;
  readonly wants: (context: SurveyContext) => boolean;
  readonly argv: (context: SurveyContext) => readonly string[];
  readonly maxBytes: (context: SurveyContext) => number;
  /** What it puts on the network, answers included, on average over the window of a healthy check. */
  readonly traffic?: (context: SurveyContext) => Traffic;
  readonly open: (context: TapContext) => Reader;
};

export type Traffic = { readonly packetsPerSecond: number; readonly bytesPerSecond: number };

/** What a survey is asked to do: the plan so far, and what the cluster said when it was made. */
export type SurveyContext = TapContext & { readonly view: ClusterView };

/**
 * A short command repeated every few seconds in a network namespace: addresses, routes, counters, sockets.
 * All readings of one node share one node task (`netcheck-read`), so that they are taken together and cheaply.
 */
export type ReadingProbe = {
  readonly kind: "reading";
  readonly name: string;
  /** "netns" = at every vantage point; "node" = once per node. */
  readonly scope: "netns" | "node";
  /** What differs by place, such as a pod's UID (`vantage.netns`), comes from the vantage point; the plan tells who else is there. */
  readonly argv:
    | readonly string[]
    | ((vantage: Vantage, plan: Pick<Plan, "vantages" | "from" | "to">) => readonly string[]);
  /** Reads only what stands below the line `== NAME`. Probes whose command is the same share one run of it. */
  readonly section?: string;
  /** "often" = every round, "seldom" = the first, every sixth and the last: for what is large or hardly changes. */
  readonly pace: "often" | "seldom";
  /** Where there is nothing to read; absent = everywhere that `scope` says. */
  readonly wants?: (vantage: Vantage, plan: Pick<Plan, "vantages">) => boolean;
  /** All samples so far, oldest first. The first is baseline, never a finding. */
  readonly read: (
    samples: readonly Sample[],
    context: { readonly subject: string; readonly vantage: Vantage },
  ) => readonly Evidence[];
};

/** What the Kubernetes API says, before and after. Read by the worker itself, not by a node task. */
export type ClusterProbe = {
  readonly kind: "cluster";
  readonly name: string;
  readonly read: (views: readonly ClusterView[]) => readonly Evidence[];
};

/** A probe is data, not a process: it cannot choose where it runs or how long it lives. */
export type Probe = StreamProbe | TapProbe | SurveyProbe | ReadingProbe | ClusterProbe;
