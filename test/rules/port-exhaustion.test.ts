import { expect, test } from "vitest";
import { compare } from "#src/core/compare.ts";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import { tcpEvidence, tcpOutcomes } from "#src/core/leg-evidence.ts";
import type { Suspicion, Verdict } from "#src/core/rule.ts";
import { socketsEvidence } from "#src/probes/sockets.ts";
import { portExhaustion } from "#src/rules/port-exhaustion.ts";
import { play } from "../core/simulate.ts";
import { because } from "./ask.ts";

type Sockets = { readonly ip: string; readonly port: number; readonly total: number; readonly waiting: number };
const noPort = tcpOutcomes.indexOf("no-port");

/** A check of a pod's port in which every n-th connect gets no local port, with the sockets that the source has. */
function says({
  every = 0,
  sockets,
  range = [32_768, 60_999] as [number, number],
}: {
  every?: number;
  sockets?: Sockets;
  range?: [number, number];
}): Verdict | Suspicion {
  const { plan, evidence } = play({ port: 7000 });
  const set = new EvidenceSet(evidence.toArray());
  const leg = plan.legs.find(({ port, part }) => port === 7000 && part === "end-to-end");
  const data = leg && evidence.get(tcpEvidence, leg.id);
  if (!leg || !data) throw new Error("no leg");
  const attempts = data.attempts.map((attempt, n): typeof attempt =>
    every > 0 && n % every === 0 ? [attempt[0], noPort, 0, 0] : attempt,
  );
  const failed = attempts.filter(([, outcome]) => outcome === noPort).length;
  const outcomes = { connected: data.sent - failed, ...(failed > 0 ? { "no-port": failed } : {}) };
  set.add(evidenceOf(tcpEvidence, leg.id, 1, { ...data, attempts, outcomes }));
  const destinations = sockets ? [{ source: "10.42.0.5", ...sockets }] : [];
  set.add(evidenceOf(socketsEvidence, leg.from, 1, { range, destinations, states: {} }));
  const said = portExhaustion.evaluate({ plan, evidence: set, comparison: compare(plan, set) });
  return Array.isArray(said) ? (said[0] as Suspicion) : (said as Verdict);
}
const target = { ip: "10.42.1.5", port: 7000 };

test.each<{ name: string; scene: Parameters<typeof says>[0]; want: string }>([
  {
    name: "connects get no port and the range is full",
    scene: { every: 1, sockets: { ...target, total: 28_000, waiting: 27_500 } },
    want: "certain",
  },
  {
    name: "a narrow range is full",
    scene: { every: 2, range: [40_000, 40_049], sockets: { ...target, total: 50, waiting: 50 } },
    want: "certain",
  },
  {
    name: "connects get no port between two readings",
    scene: { every: 3, sockets: { ...target, total: 900, waiting: 900 } },
    want: "likely",
  },
  { name: "connects get no port and nothing was read", scene: { every: 1 }, want: "likely" },
  { name: "all is well", scene: {}, want: "cleared" },
  // What can fool it.
  {
    name: "many sockets wait, below the range",
    scene: { sockets: { ...target, total: 20_000, waiting: 19_990 } },
    want: "cleared",
  },
  {
    name: "another destination has the whole range",
    scene: { sockets: { ip: "10.42.1.9", port: 80, total: 28_232, waiting: 28_232 } },
    want: "cleared",
  },
  {
    name: "the range is full and ports are reused",
    scene: { sockets: { ...target, total: 28_232, waiting: 28_232 } },
    want: "cleared",
  },
])("port-exhaustion says $want when $name", ({ scene, want }) => {
  const verdict = says(scene);
  expect(verdict.status === "suspected" ? verdict.confidence : verdict.status).toBe(want);
  if (verdict.status === "suspected") expect(verdict.where).toEqual({ kind: "pod", name: "shop/api-0" });
});

test("it says how many connects failed, of how many ports how many are taken, and that all of it is broken", () => {
  const verdict = says({ every: 1, sockets: { ...target, total: 28_000, waiting: 27_500 } });
  expect(because(verdict)).toMatch(/(\d+) of \1 connects from shop\/api-0 to shop\/api-1:7000 got no local port/);
  expect(because(verdict)).toContain(
    "28,000 of 28,232 local ports taken for 10.42.1.5:7000: 27,500 in TIME_WAIT, 500 open",
  );
  expect(verdict).toMatchObject({ breaks: true });
});
