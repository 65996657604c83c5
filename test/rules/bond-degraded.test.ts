import { expect, test } from "vitest";
import { bondDegraded } from "#src/rules/bond-degraded.ts";
import { loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type FakeBond, type Hardware, LACP, withHardware } from "./bond-scene.ts";

const healthy: FakeBond = {
  active: "p1p1",
  slaves: [
    { name: "p1p1", failures: 3 },
    { name: "p1p2", failures: 1 },
  ],
};
const broken: FakeBond = {
  active: "p1p2",
  slaves: [
    { name: "p1p1", up: false, failures: 4 },
    { name: "p1p2", failures: 1 },
  ],
};
const hardware = (bonds: Hardware["bonds"], nics?: Hardware["nics"], node = "graz"): Pick<Scene, "facts"> => ({
  facts: withHardware(node, { ...(bonds ? { bonds } : {}), ...(nics ? { nics } : {}) }, startOf),
});
const always = (bond: FakeBond) => () => [bond];
const lossy = (when: (atS: number) => boolean = () => true) => ({
  faults: [loses(0.2, (packet) => through("graz")(packet) && when((packet.atMs - startOf) / 1_000))],
});
const lacp = (more: Partial<FakeBond>): FakeBond => ({
  mode: LACP,
  aggregator: 1,
  partner: "44:38:39:ff:00:17",
  slaves: [
    { name: "ens3f0", aggregator: 1 },
    { name: "ens3f1", aggregator: 1 },
  ],
  ...more,
});

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a slave is down and packets are lost",
    scene: { ...hardware(always(broken)), ...lossy() },
    want: "graz likely",
  },
  { name: "a slave is down and nothing suffers", scene: hardware(always(broken)), want: "graz possible" },
  {
    name: "a slave fails while packets are lost",
    scene: { ...hardware((atS) => [atS < 9 ? healthy : broken]), ...lossy((atS) => atS > 7 && atS < 11) },
    want: "graz certain",
  },
  {
    name: "a slave fails and nobody notices",
    scene: hardware((atS) => [atS < 9 ? healthy : broken]),
    want: "graz likely",
  },
  {
    name: "the active slave changes with both up",
    scene: hardware((atS) => [{ ...healthy, active: atS < 9 ? "p1p1" : "p1p2" }]),
    want: "graz likely",
  },
  {
    name: "the switch does not speak LACP",
    scene: { ...hardware(always(lacp({ partner: "00:00:00:00:00:00" }))), ...lossy() },
    want: "graz likely",
  },
  {
    name: "a slave is in another group",
    scene: {
      ...hardware(
        always(
          lacp({
            slaves: [
              { name: "a", aggregator: 1 },
              { name: "b", aggregator: 2 },
            ],
          }),
        ),
      ),
      ...lossy(),
    },
    want: "graz likely",
  },
  {
    name: "LACP does not settle",
    scene: {
      ...hardware(
        always(
          lacp({
            slaves: [
              { name: "a", aggregator: 1, churned: true },
              { name: "b", aggregator: 1 },
            ],
          }),
        ),
      ),
      ...lossy(),
    },
    want: "graz possible",
  },
  {
    name: "the switch does not speak LACP and nobody suffers",
    scene: hardware(always(lacp({ partner: "00:00:00:00:00:00" }))),
    want: "cleared",
  },
  { name: "there is no bond", scene: hardware(() => []), want: "cleared" },
  // What can fool it.
  { name: "failure counts are old", scene: { ...hardware(always(healthy)), ...lossy() }, want: "cleared" },
  { name: "the standby of active-backup is idle", scene: hardware(always(healthy)), want: "cleared" },
  {
    name: "nobody speaks LACP because the mode is another",
    scene: hardware(always({ ...healthy, aggregator: 1, partner: "00:00:00:00:00:00" })),
    want: "cleared",
  },
  {
    name: "the address lies on a NIC of its own",
    scene: { ...hardware(always(broken), [{ device: "eno1", speed: 1_000, duplex: "full" }]), ...lossy() },
    want: "cleared",
  },
  { name: "it is on a node beside the path", scene: hardware(always(broken), undefined, "bern"), want: "cleared" },
])("bond-degraded says $want when $name", ({ scene, want }) => {
  expect(ask(bondDegraded, scene).brief).toBe(want);
});

test("it names slave, mode, what is left, and what was gained during the check", () => {
  const { verdict, all } = ask(bondDegraded, { ...hardware((atS) => [atS < 9 ? healthy : broken]), ...lossy() });
  expect(all[0]?.where).toEqual({ kind: "node", name: "graz", device: "p1p1" });
  const text = because(verdict);
  expect(text).toContain("bond0 of graz: p1p1 down, 1 of 2 slaves left");
  expect(text).toMatch(/seen at \d\d:\d\d:\d\d UTC: p1p1 went down/);
  expect(text).toContain("the active slave changed from p1p1 to p1p2");
  expect(text).toContain("p1p1 down (link failures: 4 in all, 1 during the check)");
});
