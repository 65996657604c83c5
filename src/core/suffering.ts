import { legText } from "./anomaly-text.ts";
import type { LegResult } from "./compare.ts";
import { endsOf } from "./elements.ts";
import { asked, measuredLegs, suffers } from "./path-facts.ts";
import type { Leg, Plan, Vantage } from "./plan.ts";
import type { Case } from "./rule.ts";
import { counted, listed, type Sentence, say } from "./sentence.ts";
import { fails } from "./service-legs.ts";

/** The ends of a leg, as far as something of ours runs there. */
type Ends = { readonly from: Vantage | undefined; readonly to: Vantage | undefined };

/**
 * Legs of a kind that suffer: they lose, or hardly a connect succeeds. None at all where no leg of the asked path is among them:
 * what harms only others is no cause of what was asked.
 */
export function sufferers(
  { comparison, plan }: Case,
  concerns: (leg: Leg, ends: Ends) => boolean,
): readonly LegResult[] {
  const bad = measuredLegs(comparison).filter(
    (result) => (suffers(result) || fails(result)) && concerns(result.leg, endsOf(result.leg, plan)),
  );
  return bad.some(({ leg }) => asked(leg)) ? bad : [];
}

/** Which legs suffer: "2 legs lose: shop/web-0 → shop/db-0 (120 of 120 packets) …". */
export function sufferText(bad: readonly LegResult[], plan: Plan): Sentence {
  const which = bad.map(({ leg, lost, refused, sent }) =>
    say("{leg} ({bad} of {of})", {
      leg: legText(leg, plan),
      bad: lost + refused,
      of: leg.port === undefined ? counted(sent, "packet") : counted(sent, "connect"),
    }),
  );
  const values = { legs: counted(bad.length, "leg"), which: listed(which, 3) };
  return bad.length === 1 ? say("{legs} suffers: {which}", values) : say("{legs} suffer: {which}", values);
}

export function idsOf(results: readonly LegResult[]): readonly string[] {
  return results.map(({ leg }) => leg.id);
}

/** Whether a leg has an end on a node, in its own network or in a pod. */
export function touches(node: string, { from, to }: Ends): boolean {
  return from?.node === node || to?.node === node;
}
