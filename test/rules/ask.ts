import { compare } from "#src/core/compare.ts";
import type { Evidence } from "#src/core/evidence.ts";
import { placeText } from "#src/core/place.ts";
import type { Plan } from "#src/core/plan.ts";
import type { Rule, Suspicion, Verdict } from "#src/core/rule.ts";
import { inWords } from "#src/core/sentence.ts";
import { play, type Scene } from "../core/simulate.ts";

/** What one rule alone says about a scene, with what else was found out in it. */
export function ask(
  rule: Rule,
  scene: Scene,
  more: (plan: Plan) => readonly Evidence[] = () => [],
): { readonly verdict: Verdict; readonly all: readonly Suspicion[]; readonly brief: string } {
  const { plan, evidence } = play(scene);
  for (const one of more(plan)) evidence.add(one);
  const said = rule.evaluate({ plan, evidence, comparison: compare(plan, evidence) });
  const all = Array.isArray(said)
    ? (said as readonly Suspicion[])
    : (said as Verdict).status === "suspected"
      ? [said as Suspicion]
      : [];
  // Whoever is paged has to be able to confirm it, and to know what to do.
  for (const { confirm, advice, because } of all)
    if ([confirm, advice, because].some(({ length }) => length === 0))
      throw new Error(`${rule.name} names a cause without reasons, a command or advice`);
  const verdict = (all[0] ?? said) as Verdict;
  const places = all.map(({ where, confidence }) => `${placeText(where)} ${confidence}`).join(", ");
  return { verdict, all, brief: all.length > 0 ? places : verdict.status };
}

/** All reasons of the first suspicion in one text. */
export function because(verdict: Verdict): string {
  const said = verdict.status === "suspected" ? verdict.because : [verdict.because];
  return said.map((text) => inWords(text)).join("\n");
}
