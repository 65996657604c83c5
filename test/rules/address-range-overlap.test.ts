import { expect, test } from "vitest";
import { addressRangeOverlap } from "#src/rules/address-range-overlap.ts";
import { loses, type Packet, play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** Routes of ulm, with one more. */
const routes =
  (more: object): NonNullable<Scene["facts"]> =>
  (at, probe) =>
    probe === "routes" && at.label === "ulm"
      ? JSON.stringify([
          { dst: "default", gateway: "172.20.7.1", dev: "ens5" },
          { dst: "172.20.7.0/24", dev: "ens5" },
          { type: "local", dst: at.ip, dev: "ens5", table: "local" },
          { dst: "10.42.0.0/24", dev: "cni0" },
          { dst: "10.42.1.0/24", gateway: "10.42.1.0", dev: "vx.7" },
          { dst: "10.42.2.0/24", gateway: "10.42.2.0", dev: "vx.7" },
          more,
        ])
      : undefined;
const cut = loses(
  1,
  ({ leg, fromNode, toNode }: Packet) =>
    leg.scope === "overlay" && [fromNode, toNode].includes("ulm") && [fromNode, toNode].includes("graz"),
);
const bridge = { dst: "10.42.1.0/25", dev: "br-7f3a" };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a bridge of the node covers the other's pods",
    scene: { facts: routes(bridge), faults: [cut] },
    want: "ulm certain",
  },
  {
    name: "two nodes have the same range",
    scene: {
      faults: [cut],
      views: (view) => [
        {
          ...view,
          nodes: view.nodes.map((node) => (node.name === "graz" ? { ...node, podCidrs: ["10.42.0.0/23"] } : node)),
        },
      ],
    },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "all is well", scene: { facts: routes({ dst: "10.99.0.0/16", dev: "docker0" }) }, want: "cleared" },
  { name: "it covers them and packets pass", scene: { facts: routes(bridge) }, want: "cleared" },
  {
    name: "a wider network contains the range, but the longer prefix wins",
    scene: { facts: routes({ dst: "10.42.0.0/16", dev: "br-7f3a" }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "the other network does not reach to these pods",
    scene: { facts: routes({ dst: "10.42.1.128/25", dev: "br-7f3a" }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "pods have addresses of the nodes' own network",
    scene: { facts: routes({ dst: "10.42.1.0/25", dev: "ens5" }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "nodes have no ranges of their own",
    scene: {
      faults: [cut],
      views: (view) => [{ ...view, nodes: view.nodes.map((node) => ({ ...node, podCidrs: [] })) }],
    },
    want: "cleared",
  },
])("address-range-overlap says $want when $name", ({ scene, want }) => {
  expect(ask(addressRangeOverlap, scene).brief).toBe(want);
});

test("it says which network takes whose packets; without routing tables it is unknown", () => {
  const scene: Scene = { facts: routes(bridge), faults: [cut] };
  expect(because(ask(addressRangeOverlap, scene).verdict)).toContain(
    "on ulm 10.42.1.0/25 on br-7f3a, a network of its own, covers shop/api-1 (10.42.1.5)",
  );
  expect(play(scene).report.causes[0]?.cause).toBe("address-range-overlap");
  const blind: Scene = { facts: (_, probe) => (probe === "routes" ? "garbage" : undefined), faults: [cut] };
  expect(play(blind).report.unknown.map(({ cause }) => cause)).toContain("address-range-overlap");
});
