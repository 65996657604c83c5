import type { Comparison } from "./compare.ts";
import { asked, legsTouching } from "./path-facts.ts";
import type { Leg } from "./plan.ts";
import type { Case } from "./rule.ts";
import { type Sentence, say } from "./sentence.ts";

/** Readings and packets are timed by different processes of a node: they are compared to within 2 s. */
const NEAR_MS = 2_000;

/** Legs with an end on a node that lost packets or had late ones; none when no asked leg is among them. */
export function hurtLegs(node: string, { plan, comparison }: Pick<Case, "plan" | "comparison">): readonly Leg[] {
  const bad = legsTouching(node, plan).filter(({ id }) =>
    ["late", "lossy", "dead"].includes(comparison.legs.get(id)?.state ?? ""),
  );
  return bad.some(asked) ? bad : [];
}

/** The same, of those that lost packets. */
export function lossyLegs(node: string, seen: Pick<Case, "plan" | "comparison">): readonly Leg[] {
  const bad = hurtLegs(node, seen).filter(({ id }) => seen.comparison.legs.get(id)?.state !== "late");
  return bad.some(asked) ? bad : [];
}

/** Whether there is a bad second at most so many seconds before or after a moment. Unix milliseconds. */
export function nearBad(
  atMs: number,
  { badSeconds }: Pick<Comparison, "badSeconds">,
  { beforeS, afterS }: { readonly beforeS: number; readonly afterS: number },
): boolean {
  const second = Math.floor(atMs / 1_000);
  return Array.from({ length: beforeS + afterS + 1 }, (_, n) => second - beforeS + n).some((one) =>
    badSeconds.has(one),
  );
}

/** Whether an interval between two readings holds a bad second. */
export function holdsBad(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  { badSeconds }: Pick<Comparison, "badSeconds">,
): boolean {
  for (let ms = fromMs - NEAR_MS; ms <= toMs + NEAR_MS; ms += 1_000)
    if (badSeconds.has(Math.floor(ms / 1_000))) return true;
  return false;
}

/** How much of what leaves or enters a node suffers. */
export function hurtText(node: string, bad: readonly Leg[], { plan, comparison }: Case): Sentence {
  const measured = legsTouching(node, plan).filter(({ id }) => (comparison.legs.get(id)?.sent ?? 0) > 0);
  return say("{bad} of {all} legs through {node} lost packets or had late ones", {
    bad: bad.length,
    all: measured.length,
    node,
  });
}
