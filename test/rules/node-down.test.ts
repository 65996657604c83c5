import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { nodeDown } from "#src/rules/node-down.ts";
import { loses, type Packet, play, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const dies = (atS: number): Scene => ({
  silentAfterS: { graz: atS },
  faults: [loses(1, (packet: Packet) => packet.atMs > startOf + atS * 1_000 && through("graz")(packet))],
});
const reported = (change: Partial<ClusterView["nodes"][number]>): Pick<Scene, "views"> => ({
  views: (view) => [
    view,
    { ...view, nodes: view.nodes.map((node) => (node.name === "graz" ? { ...node, ...change } : node)) },
  ],
});

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "it fell silent before the check", scene: dies(0), want: "graz likely" },
  { name: "it fell silent in the middle", scene: dies(8), want: "graz likely" },
  {
    name: "it is NotReady as well",
    scene: { ...dies(0), ...reported({ ready: "Unknown", readyReason: "NodeStatusUnknown" }) },
    want: "graz certain",
  },
  {
    name: "its lease is old as well",
    scene: { ...dies(0), ...reported({ leaseAgeMs: 55_000 }) },
    want: "graz certain",
  },
  { name: "all is well", scene: {}, want: "cleared" },
  // What can fool it.
  {
    name: "the control plane lost a node whose traffic flows",
    scene: reported({ ready: "Unknown", leaseAgeMs: 90_000 }),
    want: "cleared",
  },
  {
    name: "its uplink is cut, but the node itself still measures",
    scene: { faults: [loses(1, through("graz"))] },
    want: "cleared",
  },
  { name: "its agent restarts while the node answers", scene: { silentAfterS: { graz: 6 } }, want: "cleared" },
  {
    name: "one pod of it is dead",
    scene: { faults: [loses(1, ({ from, to }) => [from, to].includes("shop/api-1"))] },
    want: "cleared",
  },
  {
    name: "a third node is down",
    scene: { silentAfterS: { bern: 0 }, faults: [loses(1, through("bern"))] },
    want: "cleared",
  },
])("node-down says $want when $name", ({ scene, want }) => {
  expect(ask(nodeDown, scene).brief).toBe(want);
});

test("it says since when, on how many legs, and what the cluster reports", () => {
  const { verdict } = ask(nodeDown, { ...dies(8), ...reported({ ready: "False", readyReason: "KubeletNotReady" }) });
  expect(because(verdict)).toMatch(/Ready is False \(KubeletNotReady\)/);
  expect(because(verdict)).toMatch(/\d+ of \d+ legs towards it are dead/);
  expect(because(verdict)).toMatch(/fell silent \d+ s before the others ended/);
});

test("a check whose asker died is broken, however well it went before", () => {
  const scene: Scene = {
    silentAfterS: { ulm: 8 },
    faults: [loses(1, (packet: Packet) => packet.atMs > startOf + 8_000 && through("ulm")(packet))],
  };
  const { report } = play(scene);
  expect(report.causes.map(({ cause, where }) => `${cause}@${where.name}`)).toEqual(["node-down@ulm"]);
  expect(report.status).toBe("broken");
});
