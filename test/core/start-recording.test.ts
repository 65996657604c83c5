import { expect, test } from "vitest";
import type { CheckRequest } from "#src/core/check.ts";
import { EvidenceSet } from "#src/core/evidence.ts";
import { makePlan } from "#src/core/make-plan.ts";
import { type NodeState, newMeasureState, untouchedNode } from "#src/core/measure-state.ts";
import { withRecorders } from "#src/core/start-recording.ts";
import { probes } from "#src/probes/index.ts";
import { cluster, endOf, requestFor, viewOf } from "./simulate.ts";

const world = cluster(2);
const START = 1_800_000_000_000;
const request: CheckRequest = { ...requestFor(60), capture: { full: false } };

/** A capture so many seconds after its window began, of whose nodes nobody has told a device yet. */
function after(seconds: number, node: Partial<NodeState>) {
  const ends = { from: endOf(world, "shop/api-0"), to: endOf(world, "shop/api-1") };
  const window = { startMs: START, endMs: START + 60_000 };
  const plan = makePlan({ request, window, ...ends, view: viewOf(world), probes });
  const nodes = Object.fromEntries(world.nodes.map(({ name }) => [name, { ...untouchedNode, ...node }]));
  const state = { ...newMeasureState("nc-1", "w", START), plan, nodes };
  return withRecorders(request, state, new EvidenceSet(), START + seconds * 1_000).plan;
}

test.each<[string, number, Partial<NodeState>, boolean]>([
  ["started in time, and silent for 14 s: awaited", 14, { status: "running", startedAtMs: START - 2_000 }, false],
  ["started in time, and silent for 16 s: given up", 16, { status: "running", startedAtMs: START - 2_000 }, true],
  ["started 10 s late, and silent for 6 s since: awaited", 16, { status: "running", startedAtMs: START + 10_000 }, false],
  ["started 10 s late, and silent for 16 s since: given up", 26, { status: "running", startedAtMs: START + 10_000 }, true],
  ["never started: given up after 15 s", 16, { status: "pending" }, true],
  ["failed: given up at once", 1, { status: "failed" }, true],
])("devices of nodes that were %s", (_, seconds, node, givenUp) => {
  const plan = after(seconds, node);
  expect(plan?.taps).toEqual(givenUp ? [] : undefined);
  expect(plan?.gaps.filter(({ probe }) => probe === "record")).toHaveLength(givenUp ? 2 : 0);
});
