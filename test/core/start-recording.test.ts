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
const request = (seconds: number): CheckRequest => ({ ...requestFor(seconds), capture: { full: false } });

/** A capture so many seconds after its window began, of whose nodes nobody has told a device yet. */
function after(seconds: number, node: Partial<NodeState>, duration: number) {
  const ends = { from: endOf(world, "shop/api-0"), to: endOf(world, "shop/api-1") };
  const window = { startMs: START, endMs: START + duration * 1_000 };
  const plan = makePlan({ request: request(duration), window, ...ends, view: viewOf(world), probes });
  const nodes = Object.fromEntries(world.nodes.map(({ name }) => [name, { ...untouchedNode, ...node }]));
  const state = { ...newMeasureState("nc-1", "w", START), plan, nodes };
  return withRecorders(request(duration), state, new EvidenceSet(), START + seconds * 1_000).plan;
}

test.each<[string, number, Partial<NodeState>, number, boolean]>([
  ["started in time, half of a minute not over: awaited", 29, { startedAtMs: START - 2_000 }, 60, false],
  ["started in time, half of a minute over: given up", 31, { startedAtMs: START - 2_000 }, 60, true],
  ["started 10 s late, silent for 29 s since: awaited", 39, { startedAtMs: START + 10_000 }, 60, false],
  ["started 10 s late, silent for 31 s since: given up", 41, { startedAtMs: START + 10_000 }, 60, true],
  ["of a short check: awaited for 15 s at least", 14, { startedAtMs: START }, 20, false],
  ["of hours: given up after a minute", 61, { startedAtMs: START }, 36_000, true],
  ["never started: given up as well", 31, { status: "pending" }, 60, true],
  ["failed: given up at once", 1, { status: "failed" }, 60, true],
])("devices of nodes %s", (_, seconds, node, duration, givenUp) => {
  const plan = after(seconds, { status: "running", ...node }, duration);
  expect(plan?.taps).toEqual(givenUp ? [] : undefined);
  expect(plan?.gaps.filter(({ probe }) => probe === "record")).toHaveLength(givenUp ? 2 : 0);
});
