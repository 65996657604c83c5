import { expect, test } from "vitest";
import { compare } from "#src/core/compare.ts";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import { httpEvidence, httpOutcomes } from "#src/core/http-evidence.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { Suspicion, Verdict } from "#src/core/rule.ts";
import { cpuThrottled } from "#src/rules/cpu-throttled.ts";
import { play, type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const id = "c".repeat(64);

/** A pod's container of which a share of its CPU periods is throttled, from one second on to another. */
const throttled =
  (label: string, share: number, { fromS = 0, toS = 1_000 } = {}): NonNullable<Scene["facts"]> =>
  (at: Vantage, probe: string, atMs: number) => {
    if (probe !== "cgroups" || at.label !== label) return undefined;
    const seconds = (atMs - startOf) / 1_000;
    const hit = Math.round(10 * share * Math.max(0, Math.min(seconds, toS) - fromS));
    return [
      `${id}/cpu.stat:nr_periods ${500 + Math.round(10 * seconds)}`,
      `${id}/cpu.stat:nr_throttled ${200 + hit}`,
      `${id}/cpu.stat:throttled_usec ${9_000_000 + hit * 80_000}`,
      `${id}/cpu.max:5000 100000`,
      "",
    ].join("\n");
  };

/** What the rule says when the target answers HTTP requests that begin at each second after so many milliseconds. */
function says(scene: Scene, waits?: (second: number) => number): Suspicion | Verdict {
  const { plan, evidence } = play({ port: 7000, ...scene });
  const set = new EvidenceSet(evidence.toArray());
  const leg = plan.legs.find(({ port, part }) => port === 7000 && part === "end-to-end");
  if (leg && waits) {
    const requests = Array.from({ length: 20 }, (_, s): [number, number, number, number] => [
      s * 1_000,
      httpOutcomes.indexOf("answer"),
      waits(s),
      200,
    ]);
    const spread = { min: 0.2, p50: 0.3, p99: 1, max: 1 };
    const data = { from: leg.from, to: leg.to, port: 7000, mode: "head" as const, sent: 20, outcomes: { answer: 20 } };
    const more = { statuses: {}, connectMs: spread, resent: 0, acknowledged: 0, startMs: startOf, requests };
    set.add(evidenceOf(httpEvidence, leg.id, startOf, { ...data, ...more }));
  }
  const said = cpuThrottled.evaluate({ plan, evidence: set, comparison: compare(plan, set) });
  return Array.isArray(said) ? (said[0] as Suspicion) : (said as Verdict);
}
const verdictOf = (said: Suspicion | Verdict): string =>
  said.status === "suspected" ? `${said.where.name} ${said.confidence}` : said.status;

test.each<{ name: string; scene: Scene; waits?: (second: number) => number; want: string }>([
  {
    name: "throttled, and answers are slow",
    scene: { facts: throttled("shop/api-1", 0.9) },
    waits: () => 400,
    want: "shop/api-1 certain",
  },
  {
    name: "throttled a little, in the slow seconds",
    scene: { facts: throttled("shop/api-1", 0.15) },
    waits: () => 300,
    want: "shop/api-1 likely",
  },
  {
    name: "throttled for part of the time, and slow only then",
    scene: { facts: throttled("shop/api-1", 0.8, { fromS: 5, toS: 10 }) },
    waits: (s) => (s >= 5 && s < 10 ? 500 : 2),
    want: "shop/api-1 certain",
  },
  {
    name: "throttled nearly always, and nobody could time the answers",
    scene: { facts: throttled("shop/api-1", 0.9) },
    want: "shop/api-1 likely",
  },
  { name: "all is well", scene: { facts: throttled("shop/api-1", 0) }, waits: () => 2, want: "cleared" },
  // What can fool it.
  {
    name: "throttled, and answers are fast all the same",
    scene: { facts: throttled("shop/api-1", 0.9) },
    waits: () => 3,
    want: "cleared",
  },
  { name: "slow, and not throttled", scene: { facts: throttled("shop/api-1", 0) }, waits: () => 900, want: "cleared" },
  {
    name: "throttled in other seconds than the slow ones",
    scene: { facts: throttled("shop/api-1", 0.8, { fromS: 14, toS: 20 }) },
    waits: (s) => (s < 6 ? 500 : 2),
    want: "cleared",
  },
  {
    name: "a neighbour of the target is throttled",
    scene: { facts: throttled("shop/cart-1", 0.9) },
    waits: () => 2,
    want: "unknown",
  },
  {
    name: "throttled a little, and nobody could time the answers",
    scene: { facts: throttled("shop/api-1", 0.3) },
    want: "cleared",
  },
])("cpu-throttled says $want when $name", ({ scene, waits, want }) => {
  expect(verdictOf(says(scene, waits))).toBe(want);
});

test("it names the container, its limit, and says that it is not the network", () => {
  const text = because(says({ facts: throttled("shop/api-1", 0.9) }, () => 400));
  expect(text).toMatch(/of shop\/api-1 had to stop in 180 of 200 CPU periods \(90 %\)/);
  expect(text).toContain("its limit is 50m: 5 ms of CPU in every 100 ms");
  expect(text).toContain("it is not the network");
});

test("without cgroups it says nothing", () => {
  expect(ask(cpuThrottled, { port: 7000 }).brief).toBe("unknown");
});
