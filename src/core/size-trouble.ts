import { crosses, endsOf, isPod } from "./elements.ts";
import type { EvidenceSet } from "./evidence.ts";
import type { Place } from "./place.ts";
import type { Leg, Plan, Vantage } from "./plan.ts";
import { mtuEvidence, type SizeLimit, type Transfer, type Way } from "./size-evidence.ts";
import { sizedWays } from "./sized-ways.ts";

/** What a way does with large packets. */
export type SizedResult = {
  readonly leg: Leg;
  readonly from: Vantage;
  /** Absent for an address at which nothing of ours runs. */
  readonly to: Vantage | undefined;
  readonly way: Way;
  /**
   * "blocked" = full-size TCP segments are swallowed and small ones pass; "echoes" = large echoes get no answer and TCP did
   * not say anything; "spared" = the same, but TCP passes: its segments are smaller, or only echoes are filtered;
   * "fine" = the largest packets cross; "unknown" = nothing was answered, or nothing tried.
   */
  readonly state: "blocked" | "echoes" | "spared" | "fine" | "unknown";
  /** The transfers that stalled, and the last one that went through in small segments. */
  readonly stalled: readonly Transfer[];
  readonly small: Transfer | undefined;
};

/** Without an answered echo to compare with, TCP alone has to say it this often. */
const MIN_STALLS = 2;
/** A transfer this long before the first unanswered echo belongs to it: TCP is tried first. */
const BEFORE_MS = 6_000;

/** All ways on which packet sizes were tried. */
export function sizedResults(plan: Plan, evidence: EvidenceSet): readonly SizedResult[] {
  return sizedWays(plan).flatMap(({ leg }): SizedResult[] => {
    const { from, to } = endsOf(leg, plan);
    const way = from && evidence.get(mtuEvidence, from.id)?.ways.find((one) => one.to === leg.to);
    return from && way ? [{ leg, from, to, way, ...judge(way) }] : [];
  });
}

function judge(way: Way): Pick<SizedResult, "state" | "stalled" | "small"> {
  const { limit, transfers } = way;
  const during = transfers.filter(
    ({ atMs }) => !limit || (atMs >= limit.fromMs - BEFORE_MS && (limit.endedMs === undefined || atMs < limit.endedMs)),
  );
  const stalled = during.filter(({ size, outcome }) => size === "full" && outcome === "stalled");
  const passed = during.filter(({ size, outcome }) => size === "full" && outcome === "done");
  const small = during.findLast(({ size, outcome }) => size === "small" && outcome === "done");
  const found = { stalled, small };
  // What passed between the last stall and the last unanswered echo tells that TCP does not mind: the kernel has learnt.
  const lastStall = stalled.at(-1)?.atMs ?? 0;
  const passes = passed.some(({ atMs }) => atMs > Math.max(lastStall, limit?.fromMs ?? 0) && atMs < (limit?.toMs ?? 0));
  if (limit) {
    if (stalled.length > 0 && small && !passes) return { state: "blocked", ...found };
    if (passes || (stalled.length === 0 && passed.length > 0)) return { state: "spared", ...found };
    return { state: "echoes", ...found };
  }
  if (way.answered === 0) {
    if (stalled.length >= MIN_STALLS && small && passed.length === 0) return { state: "blocked", ...found };
    return { state: passed.length > 0 ? "fine" : "unknown", ...found };
  }
  return { state: "fine", ...found };
}

/** Whether a way leads through the network between nodes. */
export function betweenNodes({ leg, to }: SizedResult): boolean {
  return to !== undefined && crosses(leg);
}

/** The blocked ways that matter to what was asked; none when its own ways carry their largest packets. */
export function blockedOnPath(results: readonly SizedResult[]): readonly SizedResult[] {
  const blocked = results.filter(({ state }) => state === "blocked");
  const own = results.filter(
    ({ from, to, leg }) => leg.part !== "control" && isEnd(from) && (!to || isEnd(to) || isPod(to)),
  );
  const judged = own.filter(({ state }) => state !== "unknown");
  const matters = judged.length > 0 ? judged : results.filter(({ leg }) => leg.part !== "control");
  return matters.some(({ state }) => state === "blocked") ? blocked : [];
}

/**
 * The blocked ways beside the asked ones, where those stop at the same size and TCP has learnt it from their way back: whoever
 * connects anew, or after ten minutes, stalls there as the others do.
 */
export function blockedButLearnt(results: readonly SizedResult[]): readonly SizedResult[] {
  const learnt = results.filter(({ from, to, state }) => state === "spared" && isEnd(from) && to && isEnd(to));
  return results.filter(
    ({ state, to, way }) =>
      state === "blocked" && learnt.some((own) => own.to?.id === to?.id && mayBeSame(own.way.limit, way.limit)),
  );
}

/** A limit lies somewhere from the largest size that crossed to the smallest that did not. */
function mayBeSame(one: SizeLimit | undefined, other: SizeLimit | undefined): boolean {
  if (!one || !other) return one === other;
  return one.bytes < other.above && other.bytes < one.above;
}

function isEnd({ role }: Vantage): boolean {
  return role === "from" || role === "to";
}

/** The one that tells most: an asked way whose limit is exact. */
export function clearest(blocked: readonly SizedResult[]): SizedResult | undefined {
  const score = ({ from, to, way, stalled }: SizedResult): number =>
    (isEnd(from) && to && isEnd(to) ? 4 : 0) +
    (way.limit?.above === (way.limit?.bytes ?? 0) + 1 ? 2 : 0) +
    Math.min(1, stalled.length);
  return blocked.toSorted((a, b) => score(b) - score(a))[0];
}

/** Nodes, or the pair of nodes, that all blocked ways have in common and that no way that is fine shares. */
export function placeOf(results: readonly SizedResult[]): Place | undefined {
  const far = results.filter(betweenNodes);
  const blocked = far.filter(({ state }) => state === "blocked");
  const [first] = blocked;
  if (!first?.to) {
    const inside = results.find(({ state, to }) => state === "blocked" && to !== undefined);
    return inside && { kind: "node", name: inside.from.node };
  }
  const touches = ({ from, to }: SizedResult, node: string): boolean => from.node === node || to?.node === node;
  const nodes = [...new Set(blocked.flatMap(({ from, to }) => (to ? [from.node, to.node] : [])))];
  // Pods may be cut off from each other while their nodes are not, so only ways of the same kind speak against a node.
  const scopes = new Set(blocked.map(({ leg }) => leg.scope));
  const clean = far.filter(({ state, leg }) => state === "fine" && scopes.has(leg.scope));
  const guilty = nodes.filter((node) => blocked.every((one) => touches(one, node)));
  if (guilty.length === 1) return { kind: "node", name: guilty[0] as string };
  if (guilty.length === 0) return { kind: "cluster", name: "all nodes" };
  const spoken = guilty.filter((node) => !clean.some((one) => touches(one, node)));
  // One end has clean ways to others, the other has none and was tried: it is the other.
  const tried = (node: string): boolean =>
    far.some((one) => touches(one, node) && !nodes.every((both) => touches(one, both)));
  if (spoken.length === 1 && tried(spoken[0] as string)) return { kind: "node", name: spoken[0] as string };
  const ways = new Set(blocked.map(({ from, to }) => `${from.node}>${to?.node}`));
  const [name = "", peer = ""] = ([...ways][0] ?? "").split(">");
  const asked = first.from.role === "from" || first.from.role === "from-node" ? first.from.node : name;
  return ways.size === 1
    ? { kind: "pair", name, peer }
    : { kind: "pair", name: asked, peer: asked === name ? peer : name };
}

/** Legs of the plan that lead over the same node pairs as these ways, or are these ways. */
export function legsOf(results: readonly SizedResult[], plan: Plan): readonly string[] {
  const pairs = new Set(
    results.flatMap(({ from, to }) => (to ? [`${from.node} ${to.node}`, `${to.node} ${from.node}`] : [])),
  );
  const ids = new Set(results.map(({ leg }) => leg.id));
  return plan.legs
    .filter((leg) => {
      const { from, to } = endsOf(leg, plan);
      return ids.has(leg.id) || (from && to && from.node !== to.node && pairs.has(`${from.node} ${to.node}`));
    })
    .map(({ id }) => id);
}

/** `shop/web-0 → shop/db-0`. */
export function wayText({ from, to, leg }: SizedResult): string {
  return `${from.label} → ${to?.label ?? leg.toIp}`;
}

/** The largest size that crosses, once it is known to the byte. */
export function exactOf({ way: { limit } }: SizedResult): number | undefined {
  return limit && limit.above === limit.bytes + 1 ? limit.bytes : undefined;
}
