import { expect, test } from "vitest";
import { evidenceOf } from "#src/core/evidence.ts";
import { pingEvidence } from "#src/core/leg-evidence.ts";
import type { Plan } from "#src/core/plan.ts";
import { underlayDrop } from "#src/rules/underlay-drop.ts";
import { loses, type Packet, play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type HopChange, hopsFound } from "./capture-scene.ts";

const cut = loses(1, ({ fromNode, toNode }: Packet) => fromNode === "ulm" && toNode === "graz");
const hop = (lost: number, from = 4): HopChange => ({ from, way: "forward", lost, sent: 1_000 });
const recorded = (change?: HopChange) => (plan: Plan) => [hopsFound(plan, change ? [change] : [])];
/** A box says so many times that it refuses what ulm sends to graz. */
const refusing = (scene: Scene, box: string, count: number) => (plan: Plan) => {
  const { evidence } = play(scene);
  const id = "pod/shop/api-0>pod/shop/api-1";
  const data = evidence.get(pingEvidence, id);
  const error = { from: box, reason: "prohibited" as const, text: "Packet filtered", count };
  return data && plan.legs.some((leg) => leg.id === id)
    ? [evidenceOf(pingEvidence, id, 0, { ...data, errors: [error] })]
    : [];
};
const scene: Scene = { faults: [cut] };

test.each<{ name: string; scene: Scene; more: (plan: Plan) => ReturnType<ReturnType<typeof recorded>>; want: string }>([
  {
    name: "all that leaves one NIC is not seen at the other",
    scene,
    more: recorded(hop(1_000)),
    want: "ulm>graz certain",
  },
  {
    name: "a box says that it refuses",
    scene,
    more: (plan) => refusing(scene, "192.0.2.1", 9)(plan),
    want: "ulm>graz certain",
  },
  // What can fool it.
  { name: "all is well", scene: {}, more: recorded(), want: "cleared" },
  {
    name: "a part of everything is lost: a bad wire",
    scene: { faults: [loses(0.3, ({ fromNode, toNode }: Packet) => fromNode === "ulm" && toNode === "graz")] },
    more: recorded(hop(300)),
    want: "cleared",
  },
  { name: "it is lost within a node", scene, more: recorded(hop(1_000, 3)), want: "cleared" },
  {
    name: "a node of the cluster refuses",
    scene,
    more: (plan) => refusing(scene, "172.20.7.21", 9)(plan),
    want: "unknown",
  },
  { name: "it said so once", scene, more: (plan) => refusing(scene, "192.0.2.1", 1)(plan), want: "unknown" },
  { name: "packets were not recorded", scene, more: () => [], want: "unknown" },
])("underlay-drop says $want when $name", ({ scene: played, more, want }) => {
  expect(ask(underlayDrop, played, more).brief).toBe(want);
});

test("it says the stretch, the numbers, and the box where that speaks", () => {
  expect(because(ask(underlayDrop, scene, recorded(hop(1_000))).verdict)).toContain(
    "1,000 of 1,000 packets that left ulm ens5 were not seen at graz ens5: 100 %",
  );
  expect(because(ask(underlayDrop, scene, refusing(scene, "192.0.2.1", 9)).verdict)).toContain(
    "192.0.2.1 refused 9 packets from ulm to graz: administratively prohibited (ICMP)",
  );
});
