import { expect, test } from "vitest";
import type { PodView } from "#src/core/cluster-view.ts";
import { ipamLeak } from "#src/rules/ipam-leak.ts";
import { loses, type Packet, play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const target = "shop/api-1";
const twin = (change: Partial<PodView> = {}): Pick<Scene, "views"> => ({
  views: (view) => [
    {
      ...view,
      pods: [
        ...view.pods,
        {
          namespace: "batch",
          name: "job-7",
          uid: "twin",
          node: "bern",
          ip: "10.42.1.5",
          hostNetwork: false,
          phase: "Running",
          ready: true,
          labels: {},
          containers: [],
          ...change,
        },
      ],
    },
  ],
});
const bad = loses(0.5, ({ from, to }: Packet) => from === target || to === target);

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "another pod has its address", scene: { ...twin(), faults: [bad] }, want: `${target} certain` },
  // What can fool it.
  { name: "all is well", scene: {}, want: "cleared" },
  { name: "another one has it and packets pass", scene: twin(), want: "cleared" },
  {
    name: "the other one has ended and keeps it in the API",
    scene: { ...twin({ phase: "Succeeded" }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "the other one is being deleted",
    scene: { ...twin({ deletedAtMs: 1_799_999_990_000 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "the other one shares its node's network",
    scene: { ...twin({ hostNetwork: true }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "the other one has another address",
    scene: { ...twin({ ip: "10.42.1.99" }), faults: [bad] },
    want: "cleared",
  },
])("ipam-leak says $want when $name", ({ scene, want }) => {
  expect(ask(ipamLeak, scene).brief).toBe(want);
});

test("it names both pods, and is unknown without the Kubernetes API", () => {
  const scene: Scene = { ...twin(), faults: [bad] };
  expect(because(ask(ipamLeak, scene).verdict)).toContain(
    "10.42.1.5 belongs to shop/api-1 on graz and to batch/job-7 on bern as well",
  );
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["ipam-leak"]);
  expect(play({ faults: [bad], views: () => [] }).report.unknown.map(({ cause }) => cause)).toContain("ipam-leak");
});
