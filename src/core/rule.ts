import type { CauseName } from "./causes-zh.ts";
import type { Comparison } from "./compare.ts";
import type { EvidenceKind, EvidenceSet } from "./evidence.ts";
import type { Place } from "./place.ts";
import type { Plan } from "./plan.ts";
import type { Text } from "./sentence.ts";

/** "certain": decisive evidence, nothing against. "likely": one decisive or two independent facts. "possible": less. */
export type Confidence = "certain" | "likely" | "possible";

/** What a rule sees. */
export type Case = {
  readonly plan: Plan;
  readonly evidence: EvidenceSet;
  /** Segments compared with each other and with the controls, worked out once for all rules. */
  readonly comparison: Comparison;
};

export type Suspicion = {
  readonly status: "suspected";
  readonly confidence: Confidence;
  readonly where: Place;
  /** Numbers with place and unit. */
  readonly because: readonly Text[];
  readonly against: readonly Text[];
  /** Commands that confirm it, ready to copy. */
  readonly confirm: readonly string[];
  /** Sentences that begin with a verb. */
  readonly advice: readonly Text[];
  /** Causes that are symptoms of this one: listed beneath it, not beside it. */
  readonly explains?: readonly string[];
  /** Ids of the legs that it accounts for; a symptom is filed beneath it only when it concerns these. */
  readonly legs?: readonly string[];
  /** Those of them that nothing else that was found concerns: whether it is a symptom is judged by these. */
  readonly own?: readonly string[];
  /** It is a symptom of whatever accounts for most of its `legs`, whether that lists it or not. */
  readonly yields?: boolean;
  /** It says more about another cause, and is left out where there are others and none of them explains it. */
  readonly detail?: boolean;
  /** It is a symptom of whatever explains these, too. */
  readonly alike?: readonly string[];
  /** Names of all places at which its cause must lie: what lies elsewhere does not explain it. */
  readonly within?: readonly string[];
  /** Its effects show at other places as well: others drop or misdirect packets because of it. */
  readonly strikesElsewhere?: boolean;
  /** While it lasts nothing works on the asked path, whatever was measured before. */
  readonly breaks?: boolean;
};

export type Verdict =
  | Suspicion
  | { readonly status: "cleared"; readonly because: Text }
  | { readonly status: "unknown"; readonly because: Text };

/** A pure function from evidence to a verdict about one cause. `name` is the cause and the file name. */
export type Rule = {
  readonly name: CauseName;
  /** In English; other languages have theirs by the name. */
  readonly title: string;
  /** Kinds without which the engine answers "unknown" instead of asking the rule. */
  readonly needs: readonly EvidenceKind<unknown>[];
  /** Several suspicions when the same cause is found at several places. */
  readonly evaluate: (seen: Case) => Verdict | readonly Suspicion[];
};
