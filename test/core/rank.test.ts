import { describe, expect, test } from "vitest";
import { rank } from "#src/core/rank.ts";
import type { Case, Rule, Suspicion } from "#src/core/rule.ts";
import { say } from "#src/core/sentence.ts";
import { play } from "./simulate.ts";

const { plan, evidence } = play({ seconds: 5 });
const [one = "", other = "", third = ""] = plan.legs.map(({ id }) => id);
const seen: Case = { plan, evidence, comparison: {} as Case["comparison"] };

const ruleOf = (name: Rule["name"], suspicion: Partial<Suspicion>): Rule => ({
  ...{ name, title: name, needs: [] },
  evaluate: () => ({
    ...{ status: "suspected", confidence: "certain", where: { kind: "node", name: "graz" } },
    ...{ because: [say("no connection was accepted")], against: [], confirm: [], advice: [] },
    ...suspicion,
  }),
});
const named = (...rules: readonly Rule[]) =>
  rank(seen, rules).causes.map(({ cause, explains }) =>
    [cause, ...explains.map((beneath) => beneath.cause)].join(" > "),
  );

describe("what stands beneath what", () => {
  const root = ruleOf("route-missing", { explains: ["path-loss"], legs: [one, other] });

  test.each<{ name: string; symptom: Partial<Suspicion>; want: readonly string[] }>([
    {
      name: "half of its legs are those of the cause",
      symptom: { legs: [one, third] },
      want: ["route-missing > path-loss"],
    },
    { name: "its legs are others", symptom: { legs: [third] }, want: ["route-missing", "path-loss"] },
    {
      name: "those that it has for itself are others",
      symptom: { legs: [one, other, third], own: [third] },
      want: ["route-missing", "path-loss"],
    },
    {
      name: "those that it has for itself are the cause's",
      symptom: { legs: [one, other, third], own: [other] },
      want: ["route-missing > path-loss"],
    },
    { name: "it has none", symptom: {}, want: ["route-missing > path-loss"] },
  ])("$name", ({ symptom, want }) => {
    expect(named(root, ruleOf("path-loss", symptom))).toEqual(want);
  });
});
