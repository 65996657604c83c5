import { expect, test } from "vitest";
import { linkFlapping } from "#src/rules/link-flapping.ts";
import { loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type FakeNic, fast, withNics } from "./nic-scene.ts";

const counted = (changes: number, more: FakeNic = fast): FakeNic => ({ ...more, files: { carrier_changes: changes } });
const graz = (nics: (atS: number) => readonly FakeNic[]): Pick<Scene, "facts"> => ({
  facts: withNics({ ulm: [fast], graz: nics, bern: [fast] }, startOf),
});
const flaps = (atS: number) => [counted(4 + (atS >= 10 ? 2 : 0))];
const gone = (from: number, to: number) => ({
  faults: [
    loses(
      1,
      (packet) =>
        through("graz")(packet) && packet.atMs >= startOf + from * 1_000 && packet.atMs < startOf + to * 1_000,
    ),
  ],
});

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "the carrier goes and packets with it", scene: { ...graz(flaps), ...gone(7, 8.5) }, want: "graz certain" },
  { name: "the carrier goes and nothing is lost", scene: graz(flaps), want: "graz likely" },
  {
    name: "the carrier is gone for good",
    scene: { ...graz((atS) => [atS < 9 ? counted(4) : counted(5, { ...fast, carrier: 0 })]), ...gone(8, 99) },
    want: "graz certain",
  },
  {
    name: "there was no carrier from the beginning",
    scene: { ...graz(() => [counted(5, { ...fast, carrier: 0 })]), ...gone(0, 99) },
    want: "graz certain",
  },
  {
    name: "a slave goes and the bond above it does not",
    scene: graz((atS) => [
      { ...counted(1), device: "bond0", physical: false },
      { ...counted(4 + (atS >= 10 ? 1 : 0)), device: "p1", role: "lower" },
      { ...counted(2), device: "p2", role: "lower" },
    ]),
    want: "graz likely",
  },
  { name: "all is well", scene: graz(() => [counted(4)]), want: "cleared" },
  // What can fool it.
  { name: "the count is old", scene: { ...graz(() => [counted(4_711)]), ...gone(7, 8.5) }, want: "cleared" },
  {
    name: "an unused port of a bond is down",
    scene: graz(() => [
      { ...counted(1), device: "bond0", physical: false },
      { ...counted(4), device: "p1", role: "lower", carrier: 0 },
      { ...counted(2), device: "p2", role: "lower" },
    ]),
    want: "cleared",
  },
  {
    name: "it is a node beside the path",
    scene: { facts: withNics({ ulm: [fast], graz: [fast], bern: flaps }, startOf) },
    want: "cleared",
  },
  { name: "nothing was read", scene: { facts: withNics({ ulm: [fast] }, startOf) }, want: "unknown" },
])("link-flapping says $want when $name", ({ scene, want }) => {
  expect(ask(linkFlapping, scene).brief).toBe(want);
});

test("it says how often and when", () => {
  const { verdict, all } = ask(linkFlapping, { ...graz(flaps), ...gone(7, 8.5) });
  expect(all[0]?.where).toEqual({ kind: "node", name: "graz", device: "ens5" });
  expect(because(verdict)).toContain("the link of graz (ens5) went down 1 time during the check (2 carrier changes)");
  expect(because(verdict)).toMatch(/seen in the readings at \d\d:\d\d:\d\d UTC/);
});
