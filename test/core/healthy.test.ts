import { expect, test } from "vitest";
import { cluster, crossing, loses, play, type Scene } from "./simulate.ts";

/**
 * A false alarm is as bad as a miss. Every row is a network that is well, or an observer that is not; none of the runs
 * may name a cause.
 */
const RUNS = 125;

test.each<{ name: string; scene: (seed: number) => Scene }>([
  { name: "a quiet cluster", scene: (seed) => ({ seconds: 5 + (seed % 15) }) },
  {
    name: "both cores taken by others for one round trip in five",
    scene: () => ({ busy: { share: 0.2, meanMs: 20 } }),
  },
  { name: "an observer that waits for the CPU nearly always", scene: () => ({ busy: { share: 0.6, meanMs: 10 } }) },
  { name: "rare but long waits of the observer", scene: () => ({ busy: { share: 0.02, meanMs: 60 } }) },
  {
    name: "moments in which the whole machine stood still",
    scene: (seed) => ({
      stalls: [
        { atS: 3 + (seed % 7), ms: 200 + (seed % 900) },
        { atS: 14, ms: 80 },
      ],
    }),
  },
  {
    name: "nodes in several zones",
    scene: () => ({ base: { local: 0.05, cross: (a, b) => (a === "bern" || b === "bern" ? 1.5 : 0.3) } }),
  },
  {
    name: "a node in another region",
    scene: () => ({
      world: cluster(3, ["a", "a", "b"]),
      base: { local: 0.05, cross: (a, b) => (a === "bern" || b === "bern" ? 35 : 0.3) },
    }),
  },
  { name: "two nodes", scene: () => ({ world: cluster(2) }) },
  { name: "one node", scene: () => ({ world: cluster(1), to: "shop/cart-0" }) },
  { name: "nodes as targets", scene: () => ({ from: "ulm", to: "graz" }) },
  { name: "one packet in ten thousand lost anywhere", scene: () => ({ faults: [loses(1e-4, () => true)] }) },
  {
    name: "one crossing packet in two hundred late by up to 50 ms",
    scene: () => ({
      faults: [(packet, random) => (crossing(packet) && random() < 0.005 ? { lateMs: 5 + 45 * random() } : undefined)],
    }),
  },
  { name: "clocks that are seconds apart", scene: () => ({ clocks: { graz: 4_000, ulm: -2_500 } }) },
  { name: "no taps", scene: () => ({ withoutTaps: true }) },
  { name: "little time so far", scene: (seed) => ({ untilS: 1 + (seed % 6) }) },
  { name: "five nodes", scene: () => ({ world: cluster(5), to: "shop/api-3" }) },
])("no cause is named for $name", ({ scene }) => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const { report } = play({ seconds: 10, seed: seed * 31 + 7, ...scene(seed) });
    expect(report.causes, `seed ${seed * 31 + 7}`).toEqual([]);
    expect(["healthy", "partial"]).toContain(report.status);
  }
});
