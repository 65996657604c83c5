import { expect, test } from "vitest";
import { linkSlow } from "#src/rules/link-slow.ts";
import { cluster, delays, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type FakeNic, fast, GIGABIT, withNics } from "./nic-scene.ts";

const ten: FakeNic = { speed: 10_000, duplex: "full", supports: ["1000baseT/Full", "10000baseT/Full"] };
const nics = (graz: FakeNic, others: FakeNic = fast): Pick<Scene, "facts"> => ({
  facts: withNics({ ulm: [others], graz: [graz], bern: [others] }, startOf),
});
const late = { faults: [delays([20, 60], through("graz"))] };
/** A link that is used up to a share of its speed. */
const used = (nic: FakeNic, share: number): Pick<Scene, "facts"> => ({
  facts: withNics(
    {
      ulm: [ten],
      graz: (atS) => [{ ...nic, files: { tx_bytes: Math.round(((nic.speed ?? 0) * 1e6 * share * atS) / 8) } }],
      bern: [ten],
    },
    startOf,
  ),
});
const hundred: FakeNic = { speed: 100, duplex: "full", supports: GIGABIT };

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "100 Mb/s among 1 Gb/s, and the NIC could do that", scene: nics(hundred), want: "graz certain" },
  { name: "10 Mb/s among 1 Gb/s", scene: nics({ ...hundred, speed: 10 }), want: "graz certain" },
  {
    name: "what the NIC supports is not told",
    scene: nics({ speed: 100, duplex: "full" }),
    want: "graz likely",
  },
  {
    name: "nobody else tells a speed and the legs suffer",
    scene: { ...nics(hundred, {}), ...late },
    want: "graz likely",
  },
  {
    name: "nobody else tells a speed and nothing suffers",
    scene: nics(hundred, {}),
    want: "graz possible",
  },
  {
    name: "1 Gb/s among 10 Gb/s is full and suffers",
    scene: { ...used({ ...fast, supports: ["1000baseT/Full", "10000baseT/Full"] }, 0.9), ...late },
    want: "graz likely",
  },
  { name: "all links are equal", scene: nics(fast), want: "cleared" },
  // What can fool it.
  { name: "1 Gb/s among 10 Gb/s and nothing suffers", scene: nics(fast, ten), want: "cleared" },
  {
    name: "1 Gb/s among 10 Gb/s, hardly used, and something else makes packets late",
    scene: { ...used(fast, 0.05), ...late },
    want: "cleared",
  },
  { name: "the NIC is of an older kind", scene: nics({ ...hundred, supports: ["100baseT/Full"] }), want: "cleared" },
  {
    name: "the slow link is beside the path",
    scene: { facts: withNics({ ulm: [fast], graz: [fast], bern: [hundred] }, startOf) },
    want: "cleared",
  },
  { name: "virtual NICs tell no speed", scene: nics({}, {}), want: "unknown" },
  { name: "one virtual NIC tells none", scene: nics({}), want: "cleared" },
  {
    name: "there are two nodes, one of them slow",
    scene: { world: cluster(2), facts: withNics({ ulm: [fast], graz: [hundred] }, startOf) },
    want: "graz certain",
  },
])("link-slow says $want when $name", ({ scene, want }) => {
  expect(ask(linkSlow, scene).brief).toBe(want);
});

test("a slower link without symptoms is noted with both speeds", () => {
  expect(because(ask(linkSlow, nics(fast, ten)).verdict)).toBe(
    "the link of graz (ens5) runs at 1 Gb/s full duplex, others at 10 Gb/s; nothing on the path suffers from it",
  );
});
