import { expect, test } from "vitest";
import { linkRateLimited } from "#src/rules/link-rate-limited.ts";
import { delays, type Fault, loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type FakeNic, fast, nicState } from "./nic-scene.ts";

const SECONDS = 30;

/** One queue for all that passes graz: it fills up and is drained again, as the windows of senders do. */
const queue =
  ([low, high]: readonly [number, number], fromS = 0): Fault =>
  (packet) => {
    const atS = (packet.atMs - startOf) / 1_000;
    if (!through("graz")(packet) || packet.toNode !== "graz" || atS < fromS) return undefined;
    return { lateMs: low + (high - low) * ((atS / 1.7) % 1) };
  };

/** What the NIC of graz carried inwards by then, from its rate in Mbit/s at each moment. */
const carries = (mbit: (atS: number) => number, nic: FakeNic = fast, resent = 0): Pick<Scene, "facts" | "seconds"> => ({
  seconds: SECONDS,
  facts: (at, probe, atMs) => {
    if (probe === "counters" && resent > 0)
      return JSON.stringify({ kernel: { TcpRetransSegs: Math.round((resent * (atMs - startOf)) / 1_000) + 7 } });
    if (probe !== "nics" || at.node !== "graz") return undefined;
    let bytes = 5_000;
    for (let atS = 0; atS < (atMs - startOf) / 1_000; atS++) bytes += (mbit(atS) * 1e6) / 8;
    return nicState([{ ...nic, files: { rx_bytes: Math.round(bytes), tx_bytes: 4_000 } }]);
  },
});
const unknownSpeed: FakeNic = { withoutEthtool: true };
const steady = () => 2;

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "one queue before a flat ceiling, and nothing waits while less is sent",
    scene: { ...carries((atS) => (atS < 15 ? 0.4 : 2)), faults: [queue([90, 240], 15)] },
    want: "graz certain",
  },
  {
    name: "one queue before a flat ceiling all the time, and programs send again",
    scene: { ...carries(steady, fast, 1), faults: [queue([90, 240])] },
    want: "graz likely",
  },
  {
    name: "the NIC does not tell its speed",
    scene: { ...carries(steady, unknownSpeed, 1), faults: [queue([90, 240])] },
    want: "graz likely",
  },
  // What can fool it.
  {
    name: "a constant delay with a steady load",
    scene: { ...carries(steady), faults: [delays([40, 40], through("graz"))] },
    want: "cleared",
  },
  {
    name: "a constant delay with a steady load and losses",
    scene: { ...carries(steady), faults: [delays([40, 40], through("graz")), loses(0.1, through("graz"))] },
    want: "cleared",
  },
  {
    name: "a delay that is drawn for each packet anew",
    scene: { ...carries(steady), faults: [delays([20, 200], through("graz"))] },
    want: "cleared",
  },
  {
    name: "a path whose time changes while the load is steady and nothing is sent again",
    scene: { ...carries(steady), faults: [queue([90, 240])] },
    want: "cleared",
  },
  {
    name: "others fill what is shared: the throughput is not flat",
    scene: {
      ...carries((atS) => [2, 0.9, 1.4, 0.6, 1][Math.floor(atS / 5)] ?? 1, fast, 1),
      faults: [queue([90, 240])],
    },
    want: "cleared",
  },
  {
    name: "an idle node: what it sends fills no queue",
    scene: { ...carries(() => 0.1, fast, 1), faults: [queue([90, 240])] },
    want: "cleared",
  },
  {
    name: "a link that is full at its nominal speed",
    scene: { ...carries(() => 9.2, { speed: 10, duplex: "full" }, 1), faults: [queue([30, 60])] },
    want: "cleared",
  },
  { name: "the same load and nothing late", scene: carries(steady), want: "cleared" },
])("a limit that no node sees: $want when $name", ({ scene, want }) => {
  expect(ask(linkRateLimited, scene).brief).toBe(want);
});

test("it tells the ceiling, the wait and the queue", () => {
  const { verdict } = ask(linkRateLimited, {
    ...carries((atS) => (atS < 15 ? 0.4 : 2)),
    faults: [queue([90, 240], 15)],
  });
  expect(because(verdict)).toContain("at most 2 Mb/s came in while packets were late");
  expect(because(verdict)).toContain("the link itself runs at 1 Gb/s");
  expect(because(verdict)).toContain("at 0.4 Mb/s or less nothing was late");
  expect(because(verdict)).toMatch(/the wait at that rate makes a queue of \d\d kB/);
});
