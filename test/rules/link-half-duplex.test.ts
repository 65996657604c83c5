import { expect, test } from "vitest";
import { linkHalfDuplex } from "#src/rules/link-half-duplex.ts";
import { delays, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { bondFile } from "./bond-scene.ts";
import { type FakeNic, fast, GIGABIT, withNics } from "./nic-scene.ts";

const half: FakeNic = { speed: 10, duplex: "half", supports: GIGABIT };
const nics = (graz: FakeNic, rest: { readonly ulm?: FakeNic; readonly bern?: FakeNic } = {}): Pick<Scene, "facts"> => ({
  facts: withNics({ ulm: [rest.ulm ?? fast], graz: [graz], bern: [rest.bern ?? fast] }, startOf),
});

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "a link of the path is half duplex, which it need not be", scene: nics(half), want: "graz certain" },
  {
    name: "only the files of the kernel tell it, and others run full duplex",
    scene: nics({ ...half, withoutEthtool: true }),
    want: "graz certain",
  },
  {
    name: "nothing tells whether it could do better",
    scene: nics({ speed: 100, duplex: "half" }, { ulm: {}, bern: {} }),
    want: "graz likely",
  },
  {
    name: "the NIC knows half duplex only",
    scene: nics({ speed: 10, duplex: "half", supports: ["10baseT/Half"] }, { ulm: {}, bern: {} }),
    want: "graz possible",
  },
  {
    name: "it is a slave of a bond",
    scene: {
      facts: withNics(
        {
          ulm: [fast],
          graz: [
            { device: "bond0", physical: false, speed: 10, duplex: "full" },
            { ...half, device: "p1p1", role: "lower" },
          ],
        },
        startOf,
      ),
    },
    want: "graz certain",
  },
  {
    name: "it is the idle standby of a bond",
    scene: {
      facts: (at, probe, atMs) =>
        probe === "bonds" && at.id === "node/graz"
          ? bondFile({ active: "p1p2", slaves: [{ name: "p1p1" }, { name: "p1p2" }] })
          : withNics(
              {
                graz: [
                  { device: "bond0", physical: false, speed: 1_000, duplex: "full" },
                  { ...half, device: "p1p1", role: "lower" },
                  { ...fast, device: "p1p2", role: "lower" },
                ],
                ulm: [fast],
              },
              startOf,
            )(at, probe, atMs),
    },
    want: "cleared",
  },
  { name: "all links are full duplex", scene: nics(fast), want: "cleared" },
  // What can fool it.
  { name: "it is a node beside the path", scene: nics(fast, { bern: half }), want: "cleared" },
  { name: "virtual NICs do not tell", scene: nics({}, { ulm: {}, bern: {} }), want: "unknown" },
  { name: "the link is down", scene: nics({ ...half, carrier: 0 }), want: "cleared" },
  { name: "nothing was read", scene: { facts: withNics({ ulm: [fast] }, startOf) }, want: "unknown" },
  {
    name: "the path does not leave its node",
    scene: { ...nics(half), from: "shop/api-1", to: "shop/cart-1" },
    want: "cleared",
  },
])("link-half-duplex says $want when $name", ({ scene, want }) => {
  expect(ask(linkHalfDuplex, scene).brief).toBe(want);
});

test("it tells mode, ability, the others, what collisions it gained and who suffers; not totals", () => {
  const { verdict, all } = ask(linkHalfDuplex, {
    faults: [delays([20, 60], through("graz"))],
    facts: withNics(
      {
        ulm: [fast],
        graz: (atS) => [{ ...half, files: { collisions: 69 + 2 * atS }, driver: { rx_crc_errors: 12 } }],
        bern: [fast],
      },
      startOf,
    ),
  });
  expect(all[0]?.where).toEqual({ kind: "node", name: "graz", device: "ens5" });
  const text = because(verdict);
  expect(text).toContain("the link of graz (ens5) runs at 10 Mb/s half duplex");
  expect(text).toContain("the NIC supports up to 1 Gb/s full duplex");
  expect(text).toContain("ulm/ens5 1 Gb/s full duplex");
  expect(text).toMatch(/ens5 counted 4\d collisions during the check/);
  expect(text).toMatch(/\d+ of \d+ legs through graz lost packets or had late ones/);
});
