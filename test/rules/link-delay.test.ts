import { expect, test } from "vitest";
import { linkDelay } from "#src/rules/link-delay.ts";
import { cluster, delays, everyNth, type Packet, type Scene, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const oneWay = ({ fromNode, toNode }: Packet) => fromNode === "ulm" && toNode === "graz";

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "every packet between two nodes is late",
    scene: { faults: [delays([50, 50], oneWay)] },
    want: "ulm>graz likely",
  },
  {
    name: "every packet through a node is late by the same",
    scene: { faults: [delays([40, 50], through("graz"))] },
    want: "graz certain",
  },
  {
    name: "every packet through a node is late, one more than the other",
    scene: { faults: [delays([20, 60], through("graz"))] },
    want: "graz likely",
  },
  {
    name: "most packets are late by an uncertain time",
    scene: { faults: [delays([0, 30], through("graz"))] },
    want: "graz likely",
  },
  {
    name: "packets are late in bursts",
    scene: {
      faults: [delays([20, 80], (packet) => through("graz")(packet) && Math.floor(packet.atMs / 1_000) % 4 === 0)],
    },
    want: "graz likely",
  },
  {
    name: "the only two nodes are far apart",
    scene: { world: cluster(2), base: { local: 0.05, cross: () => 20 } },
    want: "ulm>graz possible",
  },
  { name: "all is well", scene: {}, want: "cleared" },
  // What can fool it.
  {
    name: "the nodes are in different zones",
    scene: { base: { local: 0.05, cross: (a, b) => ([a, b].includes("graz") ? 1.5 : 0.3) } },
    want: "cleared",
  },
  {
    name: "the zones say that a node is far away",
    scene: {
      world: cluster(3, ["a", "b", "a"]),
      base: { local: 0.05, cross: (a, b) => ([a, b].includes("graz") ? 40 : 0.3) },
    },
    want: "cleared",
  },
  {
    name: "the only two nodes are in two zones",
    scene: { world: cluster(2, ["a", "b"]), base: { local: 0.05, cross: () => 20 } },
    want: "cleared",
  },
  { name: "the observer is busy", scene: { busy: { share: 0.5, meanMs: 25 } }, want: "cleared" },
  {
    name: "one packet in four is late: that is a NIC",
    scene: { faults: [everyNth("graz", 4, [200, 400])] },
    want: "cleared",
  },
])("link-delay says $want when $name", ({ scene, want }) => {
  expect(ask(linkDelay, scene).brief).toBe(want);
});

test("it says how much more, against what is normal, and that every packet has it", () => {
  const { verdict } = ask(linkDelay, { faults: [delays([50, 50], oneWay)] });
  expect(because(verdict)).toMatch(
    /round trips between ulm and graz take 50 ms \(50 ms\) more than the normal 0\.\d+ ms: (\d+) of \1 \(100 %/,
  );
  expect(because(verdict)).toContain("even the fastest packets have it");
});
