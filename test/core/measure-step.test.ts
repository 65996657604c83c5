import { expect, test } from "vitest";
import { type MeasureState, type NodeState, newMeasureState, untouchedNode } from "#src/core/measure-state.ts";
import { answered, nextPollMs, nextStep, pollMs, retryDelayMs, unanswered } from "#src/core/measure-step.ts";
import type { Plan } from "#src/core/plan.ts";

const window = { startMs: 10_000, endMs: 70_000 };
const end = { kind: "pod", name: "shop/web-0", ip: "10.0.0.1" } as const;
const plan: Plan = { check: "nc-test", window, from: end, to: end, vantages: [], legs: [], tasks: [], gaps: [] };
const fresh = newMeasureState("nc-test", "a:1", 7_000);
const node = (more: Partial<NodeState>): NodeState => ({ ...untouchedNode, touched: true, ...more });
const running = node({ status: "running", retryAtMs: 20_000 });
const silent = (fromMs: number, retryAtMs: number) =>
  node({ status: "running", failures: 3, retryAtMs, outages: [{ fromMs }] });
const planned = (nodes: Record<string, NodeState>, more: Partial<MeasureState> = {}): MeasureState => ({
  ...fresh,
  plan,
  planned: 1,
  nodes,
  ...more,
});
const result = { cluster: "lab", gaps: [] };
const cancelled = { by: "<@U1>", atMs: 30_000 };

test.each<{ name: string; state: MeasureState; nowMs: number; collected?: string[]; step: unknown }>([
  { name: "nothing is known", state: fresh, nowMs: 7_000, step: { do: "plan", again: false } },
  {
    name: "the cluster could not be read a moment ago",
    state: { ...fresh, readFailures: 1, retryAtMs: 7_500 },
    nowMs: 7_100,
    step: { do: "wait", delayMs: 400 },
  },
  { name: "the cluster could not be read for minutes", state: fresh, nowMs: 308_000, step: { do: "conclude" } },
  { name: "it was cancelled before the plan", state: { ...fresh, cancelled }, nowMs: 30_000, step: { do: "conclude" } },
  { name: "the plan has no nodes", state: planned({}), nowMs: 8_000, step: { do: "conclude" } },
  {
    name: "a plan was made",
    state: planned({ n1: node({}), n2: node({}) }),
    nowMs: 8_000,
    step: ["n1 start", "n2 start"],
  },
  {
    name: "the worker died before any node was told and the window has begun",
    state: planned({ n1: node({}) }),
    nowMs: 10_001,
    step: { do: "plan", again: true },
  },
  {
    name: "planning anew failed a moment ago",
    state: planned({ n1: node({}) }, { readFailures: 2, retryAtMs: 12_500 }),
    nowMs: 12_000,
    step: { do: "wait", delayMs: 500 },
  },
  {
    name: "one node runs and another was not reached in time",
    state: planned({ n1: running, n2: node({ failures: 2, retryAtMs: 11_000 }) }),
    nowMs: 11_000,
    step: ["n2 start"],
  },
  { name: "the poll is due", state: planned({ n1: running }), nowMs: 20_000, step: ["n1 sync"] },
  { name: "the poll is not due", state: planned({ n1: running }), nowMs: 19_400, step: { do: "wait", delayMs: 600 } },
  {
    name: "a silent node waits for its turn and the other is due",
    state: planned({ n1: running, n2: silent(15_000, 23_000) }),
    nowMs: 20_000,
    step: ["n1 sync"],
  },
  {
    name: "all that ran on a node has died, and its recorders are to go on",
    state: planned({ n1: { ...running, status: "growing", retryAtMs: 20_000 } }),
    nowMs: 20_000,
    collected: ["n1"],
    step: ["n1 grow"],
  },
  { name: "late replies are awaited", state: planned({ n1: running }), nowMs: 72_900, step: ["n1 sync"] },
  {
    name: "the window and the late replies are over",
    state: planned({ n1: running }),
    nowMs: 73_000,
    step: ["n1 stop"],
  },
  { name: "it is cancelled", state: planned({ n1: running }, { cancelled }), nowMs: 30_001, step: ["n1 stop"] },
  {
    name: "a node was never reached before the end",
    state: planned({ n1: node({ failures: 9, retryAtMs: 0 }), n2: running }),
    nowMs: 73_000,
    step: ["n1 give-up", "n2 stop"],
  },
  {
    name: "a node was told to stop",
    state: planned({ n1: node({ status: "stopped" }) }),
    nowMs: 73_500,
    step: ["n1 collect"],
  },
  {
    name: "a node is silent when the check ends and another answers",
    state: planned({ n1: silent(20_000, 80_000), n2: running }),
    nowMs: 79_100,
    collected: ["n2"],
    step: ["n1 give-up"],
  },
  {
    name: "no node answers at the end, which may be the API",
    state: planned({ n1: silent(60_000, 95_000), n2: silent(60_000, 95_000) }),
    nowMs: 95_000,
    step: ["n1 stop", "n2 stop"],
  },
  {
    name: "all output is here",
    state: planned({ n1: running }),
    nowMs: 70_400,
    collected: ["n1"],
    step: { do: "conclude" },
  },
  {
    name: "all output is here or given up",
    state: planned({ n1: running, n2: node({ status: "failed" }) }),
    nowMs: 74_000,
    collected: ["n1"],
    step: { do: "conclude" },
  },
  {
    name: "the result is saved",
    state: planned(
      { n1: running, n2: node({ status: "removed" }), n3: { ...untouchedNode, status: "failed" } },
      { result },
    ),
    nowMs: 74_000,
    step: ["n1 remove"],
  },
  {
    name: "a node does not answer when it is to be tidied",
    state: planned({ n1: node({ status: "failed", failures: 4 }) }, { result }),
    nowMs: 74_000,
    step: { do: "done" },
  },
  {
    name: "every node is tidy",
    state: planned({ n1: node({ status: "removed" }) }, { result }),
    nowMs: 74_000,
    step: { do: "done" },
  },
])("the next step is $step when $name", ({ state, nowMs, collected = [], step }) => {
  const next = nextStep(state, { collected: new Set(collected), nowMs });
  expect(next.do === "nodes" ? [...next.actions].map(([name, action]) => `${name} ${action}`) : next).toEqual(step);
});

test("a node that does not answer is asked ever more rarely and its outage has a beginning and an end", () => {
  const once = unanswered(running, "no answer", 20_000, 25_000);
  const twice = unanswered(once, "no answer", 25_500, 30_500);
  expect(twice).toMatchObject({ failures: 2, retryAtMs: 31_500, outages: [{ fromMs: 20_000 }], reason: "no answer" });
  const back = answered(twice, "running", 33_000, 32_000);
  expect(back).toMatchObject({ failures: 0, outages: [{ fromMs: 20_000, toMs: 32_000 }] });
  expect(back).not.toHaveProperty("reason");
  expect([1, 2, 3, 4, 5, 6].map(retryDelayMs)).toEqual([500, 1_000, 2_000, 4_000, 6_000, 6_000]);
});

test("polls are live in a short check and rare in a long one", () => {
  expect(pollMs({ startMs: 0, endMs: 60_000 })).toBe(1_500);
  expect(pollMs({ startMs: 0, endMs: 6 * 3_600_000 })).toBe(5_000);
  expect(nextPollMs(window, 8_000)).toBe(11_000);
  expect(nextPollMs(window, 70_100)).toBe(70_600);
});
