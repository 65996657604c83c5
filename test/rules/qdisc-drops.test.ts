import { expect, test } from "vitest";
import { qdiscDrops } from "#src/rules/qdisc-drops.ts";
import { loses, type Packet, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type FakeQueue, withQueues } from "./qdisc-scene.ts";

const queues = (all: Record<string, (atS: number) => readonly FakeQueue[]>): Pick<Scene, "facts"> => ({
  facts: withQueues(all, startOf),
});
const growing =
  (perSecond: number, more: FakeQueue = {}) =>
  (atS: number): readonly FakeQueue[] => [{ ...more, drops: 5_000 + Math.round(perSecond * atS) }];
const late =
  (from: number) =>
  (atS: number): readonly FakeQueue[] => [{ drops: 40 + (atS >= from ? 200 : 0) }];
const lossy = { faults: [loses(0.1, (packet) => through("graz")(packet) && packet.fromNode === "graz")] };
const toPod = { faults: [loses(0.1, ({ to }: Packet) => to === "shop/api-1")] };
/** Only the first seconds are bad. */
const early = { faults: [loses(0.3, (packet) => through("graz")(packet) && packet.atMs < startOf + 4_000)] };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the queue of the NIC drops what is lost",
    scene: { ...queues({ graz: growing(8) }), ...lossy },
    want: "graz certain",
  },
  {
    name: "arrivals are policed",
    scene: { ...queues({ graz: growing(8, { ingress: true }) }), ...lossy },
    want: "graz certain",
  },
  {
    name: "it drops little of what is lost",
    scene: { ...queues({ graz: growing(0.5) }), ...lossy },
    want: "graz possible",
  },
  {
    name: "the node's end of a pod's cable drops",
    scene: { ...queues({ graz: growing(3, { device: "cali31", kind: "tbf", rateBytes: 125_000 }) }), ...toPod },
    want: "shop/api-1 certain",
  },
  {
    name: "the pod's own device drops",
    scene: { ...queues({ "shop/api-1": growing(3, { device: "eth0" }) }), ...toPod },
    want: "shop/api-1 certain",
  },
  { name: "no queue drops anything", scene: { ...queues({ graz: growing(0) }), ...lossy }, want: "cleared" },
  // What can fool it.
  { name: "drops are old", scene: { ...queues({ graz: () => [{ drops: 91_712 }] }), ...lossy }, want: "cleared" },
  { name: "nothing is lost", scene: queues({ graz: growing(8) }), want: "cleared" },
  { name: "it drops at another time", scene: { ...queues({ graz: late(16) }), ...early }, want: "cleared" },
  {
    name: "the cable of another pod drops",
    scene: { ...queues({ graz: growing(8, { device: "cali32" }) }), ...toPod },
    want: "cleared",
  },
  { name: "a node beside the path drops", scene: { ...queues({ bern: growing(8) }), ...lossy }, want: "cleared" },
])("qdisc-drops says $want when $name", ({ scene, want }) => {
  expect(ask(qdiscDrops, scene).brief).toBe(want);
});

test("it tells how much was dropped and lost, and what drops by design", () => {
  const { verdict } = ask(qdiscDrops, {
    ...queues({ graz: growing(8, { kind: "tbf", rateBytes: 125_000 }) }),
    ...lossy,
  });
  expect(because(verdict)).toMatch(/the queue of graz\/ens5 \(tbf\) dropped 1\d\d packets in seconds/);
  expect(because(verdict)).toMatch(/\d+ legs that pass it lost \d+ packets/);
  expect(because(verdict)).toContain("tbf holds a rate of 1 Mb/s by design: more than that was sent");
});
