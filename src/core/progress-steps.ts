import type { MeasureState } from "./measure-state.ts";
import type { Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";

type ProgressStep = Progress["steps"][number];
type Status = ProgressStep["status"];
type Phase = Progress["phase"];

const order: readonly Phase[] = ["queued", "resolving", "starting", "measuring", "finishing", "done"];

function statusOf(phase: Phase, first: Phase, last: Phase = first): Status {
  const at = order.indexOf(phase);
  if (at < order.indexOf(first)) return "pending";
  return at > order.indexOf(last) ? "complete" : "in_progress";
}

const titles: Readonly<Record<string, string>> = { ping: "Ping", tcp: "TCP connect" };
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

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
  { failed }: { readonly failed?: string } = {},
): readonly ProgressStep[] {
  const resolve: ProgressStep = {
    id: "resolve",
    title: "Resolve targets",
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
      title: `${titles[probe] ?? probe} on ${counted(legs, "leg")}`,
      status,
    })),
    ...readings(plan, status),
    { id: "collect", title: "Collect and compare", status: statusOf(phase, "finishing") },
  ];
}

function ends({ from, to }: Plan): string {
  const at = (end: Plan["from"]) =>
    end.node === undefined || end.kind === "node" ? end.name : `${end.name} on ${end.node}`;
  const same = from.node !== undefined && from.node === to.node ? ", same node" : "";
  return `${at(from)}, ${at(to)}${same}`;
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
    : [{ id: "readings", title: `Read counters and routes of ${counted(nodes.size, "node")}`, status }];
}
