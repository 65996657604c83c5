import { expect, test } from "vitest";
import { linkRateLimited } from "#src/rules/link-rate-limited.ts";
import { delays, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { fast, nicState } from "./nic-scene.ts";
import { type FakeQueue, withQueues } from "./qdisc-scene.ts";

const late = { faults: [delays([10, 80], through("graz"))] };
/** A shaper of 1 Mb/s that holds back so many packets a second. */
const shaper =
  (perSecond: number, more: FakeQueue = {}) =>
  (atS: number): readonly FakeQueue[] => [
    { kind: "tbf", rateBytes: 125_000, ...more, overlimits: Math.round(700 + perSecond * atS) },
  ];
const queues = (graz: (atS: number) => readonly FakeQueue[], bytesPerSecond = 0): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) => {
    const atS = (atMs - startOf) / 1_000;
    if (probe === "nics" && at.node === "graz")
      return nicState([{ ...fast, files: { tx_bytes: Math.round(bytesPerSecond * atS) } }]);
    return withQueues({ graz }, startOf)(at, probe, atMs);
  },
});

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a full shaper holds packets back while they are late",
    scene: { ...queues(shaper(20), 124_000), ...late },
    want: "graz certain",
  },
  {
    name: "it cannot be seen whether it is full",
    scene: { ...queues(shaper(20, { kind: "htb" })), ...late },
    want: "graz likely",
  },
  { name: "there is no shaper", scene: { ...queues(() => [{}]), ...late }, want: "cleared" },
  // What can fool it.
  { name: "a shaper that is not reached", scene: { ...queues(shaper(0)), ...late }, want: "cleared" },
  { name: "a shaper at work that harms nobody", scene: queues(shaper(20)), want: "cleared" },
  {
    name: "fq_codel counts what it postpones",
    scene: { ...queues(shaper(20, { kind: "fq_codel" })), ...late },
    want: "cleared",
  },
])("link-rate-limited says $want when $name", ({ scene, want }) => {
  expect(ask(linkRateLimited, scene).brief).toBe(want);
});

test("it tells the limit and how full it was", () => {
  const { verdict } = ask(linkRateLimited, { ...queues(shaper(20), 124_000), ...late });
  expect(because(verdict)).toMatch(/the shaper of graz\/ens5 \(tbf, 1 Mb\/s\) held packets back \d+ times/);
  expect(because(verdict)).toContain("the device carried up to 99.2 % of that rate");
});
