import { expect, test } from "vitest";
import { opticsDegraded } from "#src/rules/optics-degraded.ts";
import { loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type Hardware, sfp, withHardware } from "./bond-scene.ts";
import type { FakeNic } from "./nic-scene.ts";

const nic: FakeNic = { device: "ens5", speed: 10_000, duplex: "full" };
const optics = (modules: Hardware["modules"], more: Hardware = {}, node = "graz"): Pick<Scene, "facts"> => ({
  facts: withHardware(node, { nics: [nic], ...(modules ? { modules } : {}), ...more }, startOf),
});
const always =
  (text: string, device = "ens5") =>
  () => ({ [device]: text });
const lossy = { faults: [loses(0.1, through("graz"))] };
const bond = () => [{ active: "p1p1", slaves: [{ name: "p1p1" }, { name: "p1p2" }] }];
const bonded: Hardware = { bonds: bond, nics: [{ ...nic, device: "bond0", physical: false }] };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "it gets too little light and packets are lost",
    scene: { ...optics(always(sfp({ rx: -19.5, flag: "On" }))), ...lossy },
    want: "graz certain",
  },
  { name: "only the threshold tells", scene: { ...optics(always(sfp({ rx: -17 }))), ...lossy }, want: "graz certain" },
  { name: "nothing suffers yet", scene: optics(always(sfp({ rx: -19.5, flag: "On" }))), want: "graz possible" },
  {
    name: "light is short of the warning and packets are lost",
    scene: { ...optics(always(sfp({ rx: -14.5 }))), ...lossy },
    want: "graz possible",
  },
  {
    name: "light fades while we watch",
    scene: { ...optics((atS) => ({ ens5: sfp({ rx: atS < 10 ? -4 : -9 }) })), seconds: 20, ...lossy },
    want: "graz certain",
  },
  {
    name: "the active slave of a bond gets too little light",
    scene: { ...optics(always(sfp({ rx: -20 }), "p1p1"), bonded), ...lossy },
    want: "graz certain",
  },
  { name: "all is well", scene: optics(always(sfp({ rx: -3 }))), want: "cleared" },
  // What can fool it.
  {
    name: "packets are lost and light is fine",
    scene: { ...optics(always(sfp({ rx: -3 }))), ...lossy },
    want: "cleared",
  },
  {
    name: "light is short of the warning and nothing suffers",
    scene: optics(always(sfp({ rx: -14.5 }))),
    want: "cleared",
  },
  {
    name: "the standby slave is dark",
    scene: { ...optics(always(sfp({ rx: -40 }), "p1p2"), bonded), ...lossy },
    want: "unknown",
  },
  {
    name: "a copper cable measures nothing",
    scene: { ...optics(always("\tIdentifier : 0x03 (SFP)\n\tConnector : 0x21 (Copper pigtail)\n")), ...lossy },
    want: "unknown",
  },
  {
    name: "there is no module",
    scene: { ...optics(always("netlink error: Operation not supported\n!! 1\n")), ...lossy },
    want: "unknown",
  },
  {
    name: "it is a node beside the path",
    scene: { ...optics(always(sfp({ rx: -30 })), {}, "bern"), ...lossy },
    want: "unknown",
  },
])("optics-degraded says $want when $name", ({ scene, want }) => {
  expect(ask(opticsDegraded, scene).brief).toBe(want);
});

test("it tells power, threshold and flags", () => {
  const { verdict } = ask(opticsDegraded, { ...optics(always(sfp({ rx: -19.5, flag: "On" }))), ...lossy });
  expect(because(verdict)).toContain(
    "the transceiver of graz (ens5): received -19.5 dBm (alarm below -15.9 dBm), sent -2.4 dBm",
  );
  expect(because(verdict)).toContain("it raises alarms: laser rx power low alarm");
});
