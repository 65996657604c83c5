import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { udpBufferOverflow } from "#src/rules/udp-buffer-overflow.ts";
import { type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** Counters of a pod's namespace: what it dropped before the check, drops and datagrams a second, and how long. */
const udp =
  (label: string, { before = 0, drops = 0, came = 100, forS = 100 }): NonNullable<Scene["facts"]> =>
  (at: Vantage, probe: string, atMs: number) => {
    if (probe !== "counters" || at.label !== label) return undefined;
    const seconds = (atMs - startOf) / 1_000;
    const dropped = before + Math.round(drops * Math.min(forS, seconds));
    return JSON.stringify({
      kernel: { UdpRcvbufErrors: dropped, UdpInErrors: dropped + 50 * seconds, UdpInDatagrams: came * seconds },
    });
  };

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "the target drops", scene: { facts: udp("shop/api-1", { drops: 20 }) }, want: "shop/api-1 likely" },
  { name: "the source drops", scene: { facts: udp("shop/api-0", { drops: 300 }) }, want: "shop/api-0 likely" },
  { name: "all is well", scene: { facts: udp("shop/api-1", {}) }, want: "cleared" },
  // What can fool it.
  { name: "it dropped before the check", scene: { facts: udp("shop/api-1", { before: 90_000 }) }, want: "cleared" },
  { name: "a neighbour drops", scene: { facts: udp("shop/cart-1", { drops: 20 }) }, want: "cleared" },
  { name: "the node drops", scene: { facts: udp("graz", { drops: 20 }) }, want: "cleared" },
  { name: "one burst", scene: { facts: udp("shop/api-1", { drops: 20, forS: 4 }) }, want: "cleared" },
  { name: "one in a thousand", scene: { facts: udp("shop/api-1", { drops: 2, came: 2_000 }) }, want: "cleared" },
])("udp-buffer-overflow says $want when $name", ({ scene, want }) => {
  expect(ask(udpBufferOverflow, scene).brief).toBe(want);
});

test("it says how many of how many", () => {
  expect(because(ask(udpBufferOverflow, { facts: udp("shop/api-1", { drops: 20, came: 80 }) }).verdict)).toMatch(
    /dropped 400 of 2,000 datagrams that came by UDP.*\nthat is 20 %, in 4 of 4 readings/,
  );
});
