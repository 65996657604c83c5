import type { Inventory } from "./inventory.ts";
import { type Target, targetText } from "./target.ts";

const MAX_SUGGESTIONS = 3;
/** More mistakes than these are another name. */
const MAX_EDITS = 3;

/** What a target means in this cluster. `namespace` is absent for nodes, addresses and host names. */
export type Found = {
  readonly kind: Target["kind"];
  readonly namespace?: string;
  readonly name: string;
  readonly ip?: string;
  readonly node?: string;
  /** As it can be typed without doubt: `shop/web-0`, `svc/shop/web`, `node/node-1`, with the port that was typed. */
  readonly text: string;
};

/**
 * unknown: no such object · ambiguous: the name exists in several namespaces · no-ip: it exists and has no address (yet).
 * `nearest` are right forms to type, best first, at most three.
 */
export type TargetProblem = {
  readonly problem: "unknown" | "ambiguous" | "no-ip";
  readonly nearest: readonly string[];
};

type Candidate = Omit<Found, "text">;

/** Looks a target up among the names of a cluster. Addresses and host names are always found: nobody lists those. */
export function findTarget(
  inventory: Pick<Inventory, "pods" | "services" | "deployments" | "nodes">,
  target: Target,
): { readonly found: Found } | TargetProblem {
  const port = target.port;
  if (target.kind === "address")
    return { found: { kind: "address", name: target.ip, ip: target.ip, text: targetText(target) } };
  if (target.kind === "host") return { found: { kind: "host", name: target.name, text: targetText(target) } };

  const all = candidates(inventory);
  const namespace = target.kind === "node" ? undefined : target.namespace;
  const matching = all.filter(
    (one) =>
      one.kind === target.kind && one.name === target.name && (namespace === undefined || one.namespace === namespace),
  );
  const [only, another] = matching;
  if (only === undefined) return { problem: "unknown", nearest: nearestTargets(all, target) };
  if (another !== undefined) {
    const nearest = matching.slice(0, MAX_SUGGESTIONS).map((one) => textOf(one, port));
    return { problem: "ambiguous", nearest };
  }
  if (only.ip === undefined && (only.kind === "pod" || only.kind === "node"))
    return { problem: "no-ip", nearest: siblings(all, only).map((one) => textOf(one, port)) };
  return { found: { ...only, text: textOf(only, port) } };
}

function candidates({ pods, services, deployments, nodes }: Parameters<typeof findTarget>[0]): Candidate[] {
  return [
    ...pods.map(({ namespace, name, ip, node }) => ({
      kind: "pod" as const,
      namespace,
      name,
      ...present({ ip, node }),
    })),
    ...services.map(({ namespace, name, ip }) => ({ kind: "service" as const, namespace, name, ...present({ ip }) })),
    ...deployments.map(({ namespace, name }) => ({ kind: "deployment" as const, namespace, name })),
    ...nodes.map(({ name, ip }) => ({ kind: "node" as const, name, ...present({ ip, node: name }) })),
  ];
}

function present({ ip, node }: { ip?: string | undefined; node?: string | undefined }): { ip?: string; node?: string } {
  return { ...(ip === undefined ? {} : { ip }), ...(node === undefined ? {} : { node }) };
}

function textOf({ kind, namespace, name }: Candidate, port: number | undefined): string {
  const at = { name, ...(namespace === undefined ? {} : { namespace }), ...(port === undefined ? {} : { port }) };
  if (kind === "node") return targetText({ kind, name, ...(port === undefined ? {} : { port }) });
  return targetText({ kind: kind === "service" || kind === "deployment" ? kind : "pod", ...at });
}

/** Pods of the same namespace that can be measured instead, those of the same owner first. */
function siblings(all: readonly Candidate[], { kind, namespace, name }: Candidate): Candidate[] {
  const stem = name.replace(/-[^-]*$/, "");
  const others = all.filter((one) => one.kind === kind && one.namespace === namespace && one.ip !== undefined);
  const near = (one: Candidate) => (one.name.startsWith(stem) ? 0 : 1);
  return others.sort((a, b) => near(a) - near(b)).slice(0, MAX_SUGGESTIONS);
}

/** The names that were probably meant: the same in another place first, then beginnings and parts, then misspellings. */
function nearestTargets(all: readonly Candidate[], target: Exclude<Target, { kind: "address" | "host" }>): string[] {
  const namespace = target.kind === "node" ? undefined : target.namespace;
  const scored = all.flatMap((one) => {
    const distance = nameDistance(target.name, one.name);
    if (distance === undefined) return [];
    const otherPlace = namespace !== undefined && one.namespace !== namespace ? 0.5 : 0;
    const otherKind = one.kind === target.kind ? 0 : 0.75;
    return [{ one, score: distance + otherPlace + otherKind }];
  });
  scored.sort((a, b) => a.score - b.score || textOf(a.one, undefined).localeCompare(textOf(b.one, undefined), "en"));
  return scored.slice(0, MAX_SUGGESTIONS).map(({ one }) => textOf(one, target.port));
}

/** 0 for the same name, 1 for a beginning, 2 for a part, 1 + number of edits for a misspelling; undefined when too far. */
function nameDistance(typed: string, name: string): number | undefined {
  if (typed === name) return 0;
  if (typed.length >= 2 && name.startsWith(typed)) return 1;
  const allowed = Math.min(MAX_EDITS, Math.max(1, Math.floor(typed.length / 3)));
  const edits = editDistance(typed, name, allowed);
  if (edits !== undefined) return 1 + edits;
  return typed.length >= 3 && name.includes(typed) ? 2 : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours; undefined when there are more than `limit`. */
export function editDistance(first: string, second: string, limit: number): number | undefined {
  if (Math.abs(first.length - second.length) > limit) return undefined;
  // Names of one deployment begin alike: what is equal at both ends costs nothing.
  let start = 0;
  while (start < first.length && first[start] === second[start]) start++;
  let [endA, endB] = [first.length, second.length];
  while (endA > start && endB > start && first[endA - 1] === second[endB - 1]) {
    endA--;
    endB--;
  }
  const [a, b] = [first.slice(start, endA), second.slice(start, endB)];
  let before: number[] = [];
  let last: number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const replaced = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let best = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        best = Math.min(best, (before[column - 2] ?? 0) + 1);
      current.push(best);
      least = Math.min(least, best);
    }
    if (least > limit) return undefined;
    before = last;
    last = current;
  }
  const distance = last[b.length] ?? 0;
  return distance <= limit ? distance : undefined;
}
