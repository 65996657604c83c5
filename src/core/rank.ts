import { chineseCause } from "./causes-zh.ts";
import type { EvidenceKind } from "./evidence.ts";
import { servingLegs } from "./path-facts.ts";
import type { Place } from "./place.ts";
import type { Plan } from "./plan.ts";
import type { Cause, Report } from "./report.ts";
import type { Case, Rule, Suspicion, Verdict } from "./rule.ts";
import { inWords, type Language, listed, say, type Text } from "./sentence.ts";

/** What the rules said, put in order: causes with their symptoms beneath them, and what was cleared or is not known. */
export type Ranked = Pick<Report, "causes" | "cleared" | "unknown"> & {
  /** Ids of the legs that the causes account for. */
  readonly explained: ReadonlySet<string>;
  /** Whether a cause is such that nothing works while it lasts. */
  readonly breaks: boolean;
};

type Named = { readonly rule: Rule; readonly suspicion: Suspicion };

/** Symptoms share at least this much of their legs with the cause that explains them. */
const OVERLAP = 0.5;

/** Asks every rule and ranks the answers: deepest first, as rules are listed, and mere possibilities last. */
export function rank(seen: Case, rules: readonly Rule[], language: Language = "en"): Ranked {
  const suspected: Named[] = [];
  const cleared: Report["cleared"] = [];
  const unknown: Report["unknown"] = [];
  for (const rule of rules) {
    for (const verdict of ask(rule, seen)) {
      if (verdict.status === "suspected") suspected.push({ rule, suspicion: verdict });
      else if (verdict.status === "cleared")
        cleared.push({ cause: rule.name, because: inWords(verdict.because, language) });
      else unknown.push({ cause: rule.name, because: inWords(verdict.because, language) });
    }
  }
  const roots: { named: Named; beneath: Named[] }[] = [];
  // What yields may be a symptom of anything, also of what is listed behind it.
  const inTurn = suspected.toSorted(
    (a, b) => Number(a.suspicion.yields ?? false) - Number(b.suspicion.yields ?? false),
  );
  for (const named of inTurn) {
    const root = roots.find((candidate) => explains(candidate.named, named, seen.plan));
    if (root) root.beneath.push(named);
    else if (!named.suspicion.detail || roots.length === 0) roots.push({ named, beneath: [] });
  }
  roots.sort((a, b) => suspected.indexOf(a.named) - suspected.indexOf(b.named));
  const sure = roots.filter(({ named }) => named.suspicion.confidence !== "possible");
  const causes = [...sure, ...roots.filter((root) => !sure.includes(root))].map(({ named, beneath }) =>
    causeOf(named, beneath, language),
  );
  const breaks = sure.some(({ named }) => named.suspicion.breaks === true);
  return {
    causes,
    cleared,
    unknown,
    breaks,
    explained: new Set(suspected.flatMap(({ suspicion }) => suspicion.legs ?? [])),
  };
}

function ask(rule: Rule, seen: Case): readonly Verdict[] {
  const missing = rule.needs.filter((kind: EvidenceKind<unknown>) => !seen.evidence.has(kind));
  if (missing.length > 0)
    return [
      { status: "unknown", because: say("not measured: {kinds}", { kinds: listed(missing.map(({ name }) => name)) }) },
    ];
  const verdict = rule.evaluate(seen);
  return Array.isArray(verdict) ? (verdict as readonly Suspicion[]) : [verdict as Verdict];
}

function explains(root: Named, symptom: Named, plan: Plan): boolean {
  const yields = symptom.suspicion.yields === true && root.suspicion.yields !== true;
  const { explains: names = [] } = root.suspicion;
  const lists =
    names.includes(symptom.rule.name) || (symptom.suspicion.alike ?? []).some((name) => names.includes(name));
  // One located loss is no symptom of another.
  if ((!lists || root.rule === symptom.rule) && !yields) return false;
  const { strikesElsewhere = false, where } = root.suspicion;
  if (!strikesElsewhere && !liesWithin(where, symptom.suspicion.within, plan)) return false;
  // A mere possibility does not swallow what is certain.
  if (root.suspicion.confidence === "possible" && symptom.suspicion.confidence !== "possible") return false;
  const ours = new Set(root.suspicion.legs);
  // What is wrong at one of the pods behind a Service is felt by who asks that.
  if (isAskedService(symptom.suspicion.where, plan) && servingLegs(plan).some(({ id }) => ours.has(id))) return true;
  const { legs, own = legs } = symptom.suspicion;
  const theirs = own && witnesses(own, ours, plan);
  if (yields && !lists)
    return theirs !== undefined && theirs.filter((id) => ours.has(id)).length >= OVERLAP * theirs.length;
  if (!theirs || ours.size === 0) return true;
  // What is wrong at another node is its symptom only where all of it passes here.
  if (elsewhere(root.suspicion.where, symptom.suspicion.where)) return theirs.every((id) => ours.has(id));
  return theirs.filter((id) => ours.has(id)).length >= OVERLAP * theirs.length;
}

function isAskedService({ kind, name }: Place, { to }: Plan): boolean {
  return kind === "service" && to.kind === "service" && name === to.name;
}

/**
 * The legs of a symptom that speak for or against a root. Where a packet to a Service address goes is not known: such a leg
 * that the root does not name itself speaks against nothing, unless there is nothing else to go by.
 */
function witnesses(legs: readonly string[], ours: ReadonlySet<string>, plan: Plan): readonly string[] {
  const behind = new Set(plan.legs.flatMap(({ id, scope }) => (scope === "service" ? [id] : [])));
  const known = legs.filter((id) => ours.has(id) || !behind.has(id));
  return known.length > 0 ? known : legs;
}

/** Whether a place is one of those named, or a pod of one. A Service, an address and the cluster are everywhere. */
function liesWithin({ kind, name, peer }: Place, names: readonly string[] | undefined, { vantages }: Plan): boolean {
  if (names === undefined || kind === "service" || kind === "address" || kind === "cluster") return true;
  const at = kind === "device" ? (name.split("/")[0] ?? name) : name;
  const node = kind === "pod" ? vantages.find(({ label }) => label === name)?.node : undefined;
  return [at, peer, node].some((one) => one !== undefined && names.includes(one));
}

function elsewhere(one: Place, other: Place): boolean {
  return one.kind === "node" && other.kind === "node" && one.name !== other.name;
}

function causeOf({ rule, suspicion }: Named, beneath: readonly Named[], language: Language): Cause {
  const worded = (texts: readonly Text[]): string[] => texts.map((text) => inWords(text, language));
  const { confidence, where, because, against, confirm, advice } = suspicion;
  return {
    cause: rule.name,
    title: (language === "zh" ? chineseCause(rule.name) : undefined) ?? rule.title,
    confidence,
    where,
    because: worded(because),
    against: worded(against),
    confirm: [...confirm],
    advice: worded(advice),
    explains: beneath.map((symptom) => ({
      cause: symptom.rule.name,
      where: symptom.suspicion.where,
      because: worded(symptom.suspicion.because),
    })),
  };
}
