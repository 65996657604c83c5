import type { Comparison, LegResult } from "./compare.ts";
import { endsOf } from "./elements.ts";
import type { Leg, Plan, Vantage } from "./plan.ts";

/** Legs of the comparison that something was sent on. */
export function measuredLegs({ legs }: Comparison): readonly LegResult[] {
  return [...legs.values()].filter(({ sent }) => sent > 0);
}

/** Whether a leg lost packets beyond doubt: nothing came through, or it lies in a place that loses. */
export function suffers(result: LegResult | undefined): boolean {
  return result !== undefined && (result.state === "dead" || result.state === "lossy");
}

/** The vantage points that the check was asked about: its ends, and the pod behind a Service. */
export function askedVantages(plan: Plan): readonly Vantage[] {
  return plan.vantages.filter(({ role }) => role === "from" || role === "to");
}

/** Nodes that the asked path touches. */
export function askedNodes(plan: Plan): readonly string[] {
  return [...new Set(askedVantages(plan).map(({ node }) => node))];
}

/** Asked legs to the program itself, past a Service's address: to each of the pods behind one that was tried. */
export function servingLegs({ legs }: Pick<Plan, "legs">): readonly Leg[] {
  return legs.filter((leg) => leg.port !== undefined && asked(leg) && leg.scope !== "service");
}

/** The asked nodes, and those of the other pods behind a Service: what goes wrong there is felt by who asks it, now and then. */
export function servingNodes(plan: Plan): readonly string[] {
  const behind = servingLegs(plan).flatMap((leg) => endsOf(leg, plan).to?.node ?? []);
  return [...new Set([...askedNodes(plan), ...behind])];
}

/** Legs with an end on a node or in one of its pods. */
export function legsTouching(node: string, plan: Plan): readonly Leg[] {
  return plan.legs.filter((leg) => {
    const { from, to } = endsOf(leg, plan);
    return from?.node === node || to?.node === node;
  });
}

/** Whether a leg is part of what was asked: its ends or a segment between them. */
export function asked({ part }: Leg): boolean {
  return part !== "control";
}
