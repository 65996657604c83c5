import { expect, test } from "vitest";
import { nicPeriodicDelay } from "#src/rules/nic-periodic-delay.ts";
import { cluster, delays, everyNth, type Packet, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

test.each<{ name: string; scene: () => Scene; want: string }>([
  {
    name: "every fourth packet that leaves the node is late",
    scene: () => ({ faults: [everyNth("graz", 4, [200, 400])] }),
    want: "graz certain",
  },
  {
    name: "other traffic shares the counter",
    scene: () => ({ faults: [everyNth("graz", 4, [200, 400], { others: 10 })] }),
    want: "graz likely",
  },
  {
    name: "no third node tells the two ends apart",
    scene: () => ({ world: cluster(2), faults: [everyNth("graz", 4, [200, 400])] }),
    want: "graz>ulm likely",
  },
  { name: "all is well", scene: () => ({}), want: "cleared" },
  // What can fool it.
  { name: "the observer is busy", scene: () => ({ busy: { share: 0.3, meanMs: 40 } }), want: "cleared" },
  {
    name: "every packet is late: that is a delay",
    scene: () => ({ faults: [delays([200, 400], through("graz"))] }),
    want: "cleared",
  },
  {
    name: "one pair only is late: that is a path",
    scene: () => ({
      faults: [
        (
          (fault) => (packet: Packet, random: () => number) =>
            packet.toNode === "ulm" ? fault(packet, random) : undefined
        )(everyNth("graz", 4, [200, 400])),
      ],
    }),
    want: "cleared",
  },
  {
    name: "packets are late in bursts, as from a queue",
    scene: () => ({
      faults: [delays([20, 80], (packet) => through("graz")(packet) && Math.floor(packet.atMs / 1_000) % 4 === 0)],
    }),
    want: "cleared",
  },
])("nic-periodic-delay says $want when $name", ({ scene, want }) => {
  expect(ask(nicPeriodicDelay, scene()).brief).toBe(want);
});

test("it states the pattern, the numbers, the place with its device, and how the rest fares", () => {
  const { verdict, all } = ask(nicPeriodicDelay, { faults: [everyNth("graz", 4, [200, 400])] });
  expect(all[0]?.where).toEqual({ kind: "node", name: "graz", device: "ens5" });
  expect(because(verdict)).toMatch(
    /^(about )?1 in 4 packets \(2\d\.?\d? %, \d+ of [\d,]+\) through graz \(ens5, outgoing\) are 200–400 ms late/,
  );
  expect(because(verdict)).toContain("more evenly than chance allows");
  expect(because(verdict)).toContain("every pair through graz is affected, with ulm and bern at the other end");
  expect(because(verdict)).toMatch(/9 legs that do not cross it: 0 of \d+ late/);
});

test.each([
  { way: "in" as const, text: "(ens5, incoming)" },
  { way: "both" as const, text: "(ens5) are" },
])("packets late $way are counted one way", ({ way, text }) => {
  const { verdict } = ask(nicPeriodicDelay, { faults: [everyNth("graz", 4, [200, 400], { way })] });
  expect(because(verdict)).toMatch(/^(about )?1 in 4 packets/);
  expect(because(verdict)).toContain(text);
});

test("when it began in the middle, it says so and counts from there", () => {
  const fault = everyNth("graz", 4, [200, 400]);
  const { verdict } = ask(nicPeriodicDelay, {
    faults: [(packet, random) => (packet.atMs > startOf + 10_000 ? fault(packet, random) : undefined)],
  });
  expect(because(verdict)).toMatch(/^(about )?1 in 4 packets/);
  expect(because(verdict)).toMatch(/it began at 08:00:1\d UTC and lasted \d+ s/);
});
