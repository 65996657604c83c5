import { expect, test } from "vitest";
import { highLatency } from "#src/rules/high-latency.ts";
import { cluster, crossing, delays, type Scene, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const far = (ms: number): Pick<Scene, "base"> => ({ base: { local: 0.02, cross: () => ms } });
const oneZone = cluster(3, ["a", "a", "a"]);

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "all of one zone is 12 ms apart", scene: { world: oneZone, ...far(6) }, want: "ulm>graz possible" },
  {
    name: "two zones are 30 ms apart",
    scene: { world: cluster(3, ["a", "b", "c"]), ...far(15) },
    want: "ulm>graz possible",
  },
  // What can fool it.
  { name: "the path is fast", scene: { world: oneZone }, want: "cleared" },
  { name: "two zones are 5 ms apart", scene: { world: cluster(3, ["a", "b", "c"]), ...far(2.5) }, want: "cleared" },
  { name: "nobody knows how far 30 ms is", scene: far(15), want: "cleared" },
  {
    name: "the delay has a place",
    scene: { world: oneZone, faults: [delays([30, 40], through("graz"))] },
    want: "cleared",
  },
  { name: "one packet in ten is late", scene: { faults: [delays([0, 1], crossing)] }, want: "cleared" },
])("high-latency says $want when $name", ({ scene, want }) => {
  expect(ask(highLatency, scene).brief).toBe(want);
});

test("it says what is usual for the distance", () => {
  expect(because(ask(highLatency, { world: oneZone, ...far(6) }).verdict)).toContain("up to 8 ms would be usual");
});
