import type { Evidence } from "../core/evidence.ts";
import { captureFinding } from "./capture-evidence.ts";
import { addedTapFacts, type TapFactsData, tapFactsEvidence } from "./tap-evidence.ts";

/** Sentences about the quality of a capture, of all slices together. */
const MOST_SENTENCES = 30;
const VERDICTS = ["clean", "withheld", "findings"];

/**
 * What several slices of one capture say, together. Evidence of one kind and subject becomes one: counts and times that add up
 * are added; of what does not add up (quantiles, means, longest ones, shares) the worst slice's stands; texts are those of
 * the slice that found most.
 */
export function addedEvidence(slices: readonly (readonly Evidence[])[]): readonly Evidence[] {
  const found = new Map<string, Evidence>();
  for (const one of slices.flat()) {
    const key = `${one.kind}\n${one.subject}`;
    const before = found.get(key);
    found.set(key, before ? both(before, one) : one);
  }
  return [...found.values()];
}

function both(one: Evidence, other: Evidence): Evidence {
  if (one.kind === tapFactsEvidence.name) {
    const data = addedTapFacts(one.data as TapFactsData, other.data as TapFactsData);
    return { ...one, atMs: Math.max(one.atMs, other.atMs), data };
  }
  const [first, second] = [one.data, other.data] as [Fields, Fields];
  const data = one.kind === captureFinding.name ? bothFindings(first, second) : added(first, second);
  return { ...one, atMs: Math.max(one.atMs, other.atMs), data };
}

type Fields = Readonly<Record<string, unknown>>;

/** The numbers together; everything else of the one with more of them. */
function bothFindings(one: Fields, other: Fields): Fields {
  const [first, second] = [one["numbers"], other["numbers"]] as [Fields, Fields];
  const most = (numbers: Fields): number => Math.max(0, ...Object.values(numbers).map(Number));
  return { ...(most(second) > most(first) ? other : one), numbers: added(first, second) };
}

function added(one: Fields, other: Fields): Fields {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(names.map((name) => [name, addedField(name, one[name], other[name])]));
}

function addedField(name: string, one: unknown, other: unknown): unknown {
  if (one === undefined || other === undefined) return one ?? other;
  if (typeof one === "number" && typeof other === "number") {
    if (/^(first|smallest)/.test(name)) return Math.min(one, other);
    return /^(last|longest|mean|p\d|share|toServer|toClient)/.test(name) ? Math.max(one, other) : one + other;
  }
  if (name === "verdict") return VERDICTS[Math.max(VERDICTS.indexOf(String(one)), VERDICTS.indexOf(String(other)))];
  if (Array.isArray(one) && Array.isArray(other)) return addedList(one, other);
  return typeof one === "object" && typeof other === "object" ? added(one as Fields, other as Fields) : one;
}

/** Sentences, or servers by their address. */
function addedList(one: readonly unknown[], other: readonly unknown[]): readonly unknown[] {
  if (typeof (one[0] ?? other[0]) === "string") return [...new Set([...one, ...other])].slice(0, MOST_SENTENCES);
  const servers = new Map<unknown, Fields>();
  for (const server of [...one, ...other] as Fields[]) {
    const before = servers.get(server["address"]);
    servers.set(server["address"], before ? added(before, server) : server);
  }
  return [...servers.values()];
}
