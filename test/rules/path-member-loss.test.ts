import { expect, test } from "vitest";
import { compare } from "#src/core/compare.ts";
import { EvidenceSet } from "#src/core/evidence.ts";
import { placeText } from "#src/core/place.ts";
import type { Suspicion, Verdict } from "#src/core/rule.ts";
import { openSourcePorts } from "#src/probes/source-ports.ts";
import { pathMemberLoss } from "#src/rules/path-member-loss.ts";
import { loses, play, randomFrom, through } from "../core/simulate.ts";
import { because } from "./ask.ts";
import { type Names, namesCase, ONE, type Said, TWO } from "./dns-case.ts";

/** Loss of one source port of 32, by its number. */
type Loss = (port: number) => number;
type Told = {
  readonly tries?: number | undefined;
  readonly seed?: number | undefined;
  readonly loss: Loss;
  readonly scene?: ReturnType<typeof play>;
};
const quiet = play({ seconds: 20 });
/** Flows of a node to a third one die. */
const dying = (node: string) =>
  play({ seconds: 20, faults: [loses(1, (packet) => through(node)(packet) && through("bern")(packet))] });

function ask({ tries, seed, loss, scene = quiet }: Told) {
  const evidence = new EvidenceSet(scene.evidence.toArray());
  survey(evidence, { tries, seed, loss });
  const said = pathMemberLoss.evaluate({ plan: scene.plan, evidence, comparison: compare(scene.plan, scene.evidence) });
  const all = Array.isArray(said) ? (said as readonly Suspicion[]) : [];
  const verdict = (all[0] ?? said) as Verdict;
  return {
    verdict,
    brief:
      all.length > 0 ? all.map(({ where, confidence }) => `${placeText(where)} ${confidence}`).join() : verdict.status,
  };
}

/** 32 source ports of the asker, tried again and again. */
function survey(evidence: EvidenceSet, { tries = 20, seed = 3, loss }: Omit<Told, "scene">): void {
  const random = randomFrom(seed);
  const counts = Array.from({ length: 32 }, (_, n) => {
    const answered = Array.from({ length: tries }, () => random() >= loss(n)).filter(Boolean).length;
    return `${33_001 + 877 * n} ${tries} ${answered}\n`;
  });
  const reader = openSourcePorts("pod/shop/api-0");
  reader.push(`# 10.42.1.5 9 refused\n${counts.join("")}`);
  for (const one of reader.evidence({ nowMs: 0, done: true })) evidence.add(one);
}

const THIRD: Said = { lost: 13 };
const clean: Loss = () => 0;
const someDie: Loss = (n) => (n % 4 === 1 ? 1 : 0);

test.each<{ name: string; told: Told; want: string }>([
  { name: "one path in four is dead", told: { loss: someDie }, want: "ulm>graz certain" },
  {
    name: "legs of others die at the target's node",
    told: { loss: someDie, scene: dying("graz") },
    want: "graz certain",
  },
  { name: "legs of others die at the asker's node", told: { loss: someDie, scene: dying("ulm") }, want: "ulm certain" },
  { name: "the bad path loses a part", told: { loss: (n) => (n % 4 === 1 ? 0.4 : 0) }, want: "ulm>graz certain" },
  { name: "two ports of 32 are dead", told: { loss: (n) => (n < 2 ? 1 : 0.01) }, want: "ulm>graz certain" },
  {
    name: "one path in three loses half, and few tries were made",
    told: { loss: (n) => (n % 3 === 1 ? 0.5 : 0), tries: 9 },
    want: "ulm>graz certain",
  },
  { name: "few tries were made", told: { loss: someDie, tries: 6 }, want: "ulm>graz certain" },
  // What can fool it.
  { name: "nothing is lost", told: { loss: clean }, want: "cleared" },
  { name: "everything is lost", told: { loss: () => 1 }, want: "cleared" },
  { name: "too few tries were made", told: { loss: someDie, tries: 4 }, want: "unknown" },
])("path-member-loss says $want when $name", ({ told, want }) => {
  expect(ask(told).brief).toBe(want);
});

test("loss that hits all flows alike is never taken for it", () => {
  for (const share of [0.02, 0.1, 0.3, 0.5, 0.9])
    for (const tries of [5, 20])
      for (let seed = 1; seed <= 20; seed++) expect(ask({ loss: () => share, seed, tries }).brief).toBe("cleared");
}, 60_000);

test("it names the source ports and both groups' losses", () => {
  expect(because(ask({ loss: someDie }).verdict)).toContain(
    "of 32 source ports from shop/api-0 to shop/api-1, 8 lose and 24 do not: 160 of 160 (100 %) against 0 of 480 packets",
  );
});

test.each<{ name: string; names: Names; want: string }>([
  { name: "none", names: {}, want: "ulm>graz" },
  { name: "some of a third node to the target's", names: { third: { [TWO]: { lost: 17 } } }, want: "graz" },
  { name: "some of a third node to the asker's", names: { third: { [ONE]: { lost: 17 } } }, want: "ulm" },
  { name: "a single one", names: { third: { [TWO]: { lost: 8 } } }, want: "ulm>graz" },
  { name: "some to either", names: { third: { [ONE]: { lost: 17 }, [TWO]: { lost: 17 } } }, want: "ulm>graz" },
  {
    name: "some to a DNS pod that loses its own as well",
    names: { third: { [TWO]: { lost: 17 } }, self: { lost: 17 } },
    want: "ulm>graz",
  },
])("its place is $want when queries of others are lost: $name", ({ names, want }) => {
  const seen = namesCase(names);
  const evidence = new EvidenceSet(seen.evidence.toArray());
  survey(evidence, { loss: someDie });
  const [said] = pathMemberLoss.evaluate({ ...seen, evidence }) as readonly Suspicion[];
  expect(said && placeText(said.where)).toBe(want);
});

test.each<{ name: string; names: Names; beneath: boolean }>([
  { name: "queries to a DNS pod beyond the path are lost", names: { source: { [TWO]: THIRD } }, beneath: true },
  {
    name: "queries to a DNS pod of the same node are",
    names: { source: { [ONE]: THIRD, [TWO]: THIRD } },
    beneath: false,
  },
  { name: "none are", names: {}, beneath: false },
])("lost queries are filed beneath it: $beneath, when $name", ({ names, beneath }) => {
  const seen = namesCase(names);
  const evidence = new EvidenceSet(seen.evidence.toArray());
  survey(evidence, { loss: someDie });
  const [said] = pathMemberLoss.evaluate({ ...seen, evidence }) as readonly Suspicion[];
  expect(said?.explains?.includes("dns-path-loss")).toBe(beneath);
});
