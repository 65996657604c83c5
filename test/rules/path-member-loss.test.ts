import { expect, test } from "vitest";
import { compare } from "#src/core/compare.ts";
import { placeText } from "#src/core/place.ts";
import type { Suspicion, Verdict } from "#src/core/rule.ts";
import { openSourcePorts } from "#src/probes/source-ports.ts";
import { pathMemberLoss } from "#src/rules/path-member-loss.ts";
import { play, randomFrom } from "../core/simulate.ts";
import { because } from "./ask.ts";

const [FROM, THIRD] = ["pod/shop/api-0", "pod/shop/api-2"];
const [TO_IP, THIRD_IP] = ["10.42.1.5", "10.42.2.5"];
/** Loss of one source port of 32, by its number. */
type Loss = (port: number) => number;
type Told = {
  readonly tries?: number;
  readonly seed?: number;
  readonly direct?: Loss;
  readonly away?: Loss;
  readonly towards?: Loss;
};

function ask({ tries = 20, seed = 3, direct, away, towards }: Told) {
  const { plan, evidence } = play({ seconds: 20 });
  const random = randomFrom(seed);
  const counts = (loss: Loss): string =>
    Array.from({ length: 32 }, (_, n) => {
      const answered = Array.from({ length: tries }, () => random() >= loss(n)).filter(Boolean).length;
      return `${33_001 + 877 * n} ${tries} ${answered}\n`;
    }).join("");
  const told = [
    [FROM, TO_IP, direct],
    [FROM, THIRD_IP, away],
    [THIRD, TO_IP, towards],
  ] as const;
  for (const subject of [FROM, THIRD]) {
    const reader = openSourcePorts(subject);
    for (const [at, ip, loss] of told) if (at === subject && loss) reader.push(`# ${ip} 9 refused\n${counts(loss)}`);
    for (const one of reader.evidence({ nowMs: 0, done: true })) evidence.add(one);
  }
  const said = pathMemberLoss.evaluate({ plan, evidence, comparison: compare(plan, evidence) });
  const all = Array.isArray(said) ? (said as readonly Suspicion[]) : [];
  const verdict = (all[0] ?? said) as Verdict;
  return {
    verdict,
    brief:
      all.length > 0 ? all.map(({ where, confidence }) => `${placeText(where)} ${confidence}`).join() : verdict.status,
  };
}

const clean: Loss = () => 0;
const someDie: Loss = (n) => (n % 4 === 1 ? 1 : 0);

test.each<{ name: string; told: Told; want: string }>([
  {
    name: "one path in four of the target's node is dead",
    told: { direct: someDie, away: clean, towards: (n) => (n % 5 === 2 ? 1 : 0) },
    want: "graz certain",
  },
  {
    name: "it lies at the asker's node",
    told: { direct: someDie, away: (n) => (n % 3 === 2 ? 1 : 0), towards: clean },
    want: "ulm certain",
  },
  { name: "it lies between the two", told: { direct: someDie, away: clean, towards: clean }, want: "ulm>graz likely" },
  { name: "there is no control", told: { direct: someDie }, want: "ulm>graz certain" },
  {
    name: "the bad path loses a part",
    told: { direct: (n) => (n % 4 === 1 ? 0.4 : 0), away: clean, towards: clean },
    want: "ulm>graz likely",
  },
  { name: "two ports of 32 are dead", told: { direct: (n) => (n < 2 ? 1 : 0.01) }, want: "ulm>graz certain" },
  // What can fool it.
  { name: "nothing is lost", told: { direct: clean }, want: "cleared" },
  { name: "everything is lost", told: { direct: () => 1 }, want: "cleared" },
  { name: "too few tries were made", told: { direct: someDie, tries: 4 }, want: "unknown" },
  { name: "only the control suffers", told: { direct: clean, away: someDie, towards: clean }, want: "cleared" },
])("path-member-loss says $want when $name", ({ told, want }) => {
  expect(ask(told).brief).toBe(want);
});

test("loss that hits all flows alike is never taken for it", () => {
  for (const share of [0.02, 0.1, 0.3, 0.5, 0.9])
    for (const tries of [5, 20])
      for (let seed = 1; seed <= 40; seed++) expect(ask({ direct: () => share, seed, tries }).brief).toBe("cleared");
}, 60_000);

test("it names the source ports and both groups' losses", () => {
  const text = because(ask({ direct: someDie, away: clean, towards: clean }).verdict);
  expect(text).toContain(
    "of 32 source ports from shop/api-0 to shop/api-1, 8 lose and 24 do not: 160 of 160 (100 %) against 0 of 480 packets",
  );
  expect(text).toContain("from shop/api-0 to shop/api-2 none of 32 source ports stands out");
});
