import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { kernelLockup } from "#src/rules/kernel-lockup.ts";
import { type Fault, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** A node whose kernel reports a stuck CPU so many seconds into the check. */
const stuck =
  (node: string, atS: number): NonNullable<Scene["facts"]> =>
  (at: Vantage, probe: string, atMs: number) => {
    if (probe !== "kernel") return undefined;
    const seconds = (atMs - startOf) / 1_000;
    const line = `${(1_000 + atS).toFixed(3)} watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kworker/3:1:88]\n`;
    return `@now ${atMs} ${(1_000 + seconds).toFixed(2)} 40265\n${at.node === node && atS <= seconds ? line : ""}`;
  };
const stands: Fault = (packet) => {
  const after = packet.atMs - startOf - 6_000;
  return through("graz")(packet) && after >= 0 && after < 4_000 ? { lateMs: 4_000 - after } : undefined;
};

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "packets wait in the same seconds",
    scene: { facts: stuck("graz", 10), faults: [stands] },
    want: "graz likely",
  },
  { name: "all is well", scene: { facts: stuck("bern", -900) }, want: "cleared" },
  // What can fool it.
  { name: "nothing is late", scene: { facts: stuck("graz", 10) }, want: "cleared" },
  { name: "it was minutes before the check", scene: { facts: stuck("graz", -200), faults: [stands] }, want: "cleared" },
  { name: "another node's CPU was stuck", scene: { facts: stuck("bern", 10), faults: [stands] }, want: "cleared" },
  { name: "no log could be read", scene: { faults: [stands] }, want: "unknown" },
])("kernel-lockup says $want when $name", ({ scene, want }) => {
  expect(ask(kernelLockup, { seconds: 25, ...scene }).brief).toBe(want);
});

test("it quotes the line", () => {
  const { verdict } = ask(kernelLockup, { seconds: 25, facts: stuck("graz", 10), faults: [stands] });
  expect(because(verdict)).toContain("soft lockup - CPU#3 stuck for 22s");
});
