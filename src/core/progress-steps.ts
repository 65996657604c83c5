import type { MeasureState } from "./measure-state.ts";
import type { Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { counted, type Sentence, say, type Text } from "./sentence.ts";

type ProgressStep = Progress["steps"][number];
type Status = ProgressStep["status"];
type Phase = Progress["phase"];

const order: readonly Phase[] = ["queued", "resolving", "starting", "measuring", "finishing", "done"];

function statusOf(phase: Phase, first: Phase, last: Phase = first): Status {
  const at = order.indexOf(phase);
  if (at < order.indexOf(first)) return "pending";
  return at > order.indexOf(last) ? "complete" : "in_progress";
}

/** Which phase the state is in at `nowMs`. */
export function phaseOf(state: MeasureState, nowMs: number): Phase {
  if (state.result) return "done";
  if (!state.plan) return "resolving";
  const { startMs, endMs } = state.plan.window;
  if (state.cancelled || nowMs >= endMs) return "finishing";
  const started = Object.values(state.nodes).some(({ status }) => status !== "pending");
  return started && nowMs >= startMs ? "measuring" : "starting";
}

/** The steps of a check as people see them. `failed` marks the one at hand when the check ended early. */
export function progressSteps(
  phase: Phase,
  plan: Plan | undefined,
  { failed }: { readonly failed?: Text } = {},
): readonly ProgressStep[] {
  const resolve: ProgressStep = {
    id: "resolve",
    title: say("Resolve targets"),
    status: statusOf(phase, "resolving"),
    ...(plan && { detail: ends(plan) }),
  };
  if (failed !== undefined && !plan) return [{ ...resolve, status: "error", detail: failed }];
  if (!plan) return [resolve];
  const status = statusOf(phase, "starting", "measuring");
  return [
    resolve,
    ...streams(plan).map(({ probe, legs }) => ({
      id: probe,
      title: streamText(probe, counted(legs, "leg")),
      status,
    })),
    ...readings(plan, status),
    ...recorders(plan, status),
    { id: "collect", title: say("Collect and compare"), status: statusOf(phase, "finishing") },
  ];
}

function ends({ from, to }: Plan): Sentence {
  const at = ({ name, node, kind }: Plan["from"]): Text =>
    node === undefined || kind === "node" ? name : say("{name} on {node}", { name, node });
  const said = { from: at(from), to: at(to) };
  return from.node !== undefined && from.node === to.node
    ? say("{from}, {to}, same node", said)
    : say("{from}, {to}", said);
}

function streamText(probe: string, legs: Sentence): Sentence {
  if (probe === "ping") return say("Ping on {legs}", { legs });
  return probe === "tcp" ? say("TCP connect on {legs}", { legs }) : say("{probe} on {legs}", { probe, legs });
}

function streams(plan: Plan): readonly { readonly probe: string; readonly legs: number }[] {
  const legs = new Set(plan.legs.map(({ id }) => id));
  const counts = new Map<string, number>();
  for (const { probe, subject } of plan.tasks) if (legs.has(subject)) counts.set(probe, (counts.get(probe) ?? 0) + 1);
  return [...counts].map(([probe, count]) => ({ probe, legs: count }));
}

function readings(plan: Plan, status: Status): readonly ProgressStep[] {
  const nodes = new Set(plan.tasks.filter(({ readings }) => readings).map(({ node }) => node));
  return nodes.size === 0
    ? []
    : [
        {
          id: "readings",
          title: say("Read counters and routes of {nodes}", { nodes: counted(nodes.size, "node") }),
          status,
        },
      ];
}

function recorders({ taps = [] }: Plan, status: Status): readonly ProgressStep[] {
  if (taps.length === 0) return [];
  return [
    { id: "record", title: say("Record packets at {points}", { points: counted(taps.length, "point") }), status },
  ];
}
