import type { Inventory } from "#src/core/inventory.ts";
import { type Found, findTarget, type TargetProblem } from "#src/core/nearest.ts";
import { type Sentence, say, type Text } from "#src/core/sentence.ts";
import { type Target, targetText } from "#src/core/target.ts";
import { badCommand } from "./bad-command.ts";
import { kindWord } from "./kinds.ts";
import type { Word, Words } from "./words.ts";

/** The part of a read command line that names are looked up in. */
type Ends = {
  readonly from: Target;
  readonly to: Target;
  readonly cluster: string;
  readonly at: { readonly from: Word; readonly to: Word };
  readonly understood: readonly Text[];
};

/** Compares both ends with the names of the cluster, and returns them with their namespaces filled in. */
export function checkNames(
  ends: Ends,
  words: Words,
  inventory: Inventory,
): { readonly from: Target; readonly to: Target } {
  const from = lookUp(ends.from, ends.at.from, ends, words, inventory);
  const to = lookUp(ends.to, ends.at.to, ends, words, inventory);
  const { understood, cluster } = ends;
  if (isSame(from.found, to.found)) {
    const others = siblingsOf(from.found, inventory);
    throw badCommand(say("Both ends are the {end}; a check needs two different ends.", { end: describe(from.found) }), {
      words,
      at: ends.at.to,
      understood,
      instead: others,
    });
  }
  if (!canMeasureFrom(from.found, inventory)) {
    const swapped = canMeasureFrom(to.found, inventory) ? [`${ends.at.to.text} ${ends.at.from.text}`] : [];
    throw badCommand(
      say("netcheck measures from inside the cluster, and the {end} is no pod or node of {cluster}.", {
        end: describe(from.found),
        cluster,
      }),
      { words, at: ends.at.from, understood, nearest: swapped, hint: say("Put the pod first.") },
    );
  }
  return { from: from.target, to: to.target };
}

type Known = { readonly from: Inventory | undefined; readonly to: Inventory | undefined };

/**
 * The same for ends in two clusters, each among the names of its own where these are known. Each is measured from there to the other's
 * address, so both have to be pods or nodes, with addresses that mean nobody else in the other cluster.
 */
export function checkNamesAcross(
  { across, ...ends }: Omit<Ends, "cluster"> & { readonly across: { readonly from: string; readonly to: string } },
  words: Words,
  known: Known,
): { readonly from: Target; readonly to: Target } {
  const { understood } = ends;
  const found = (["from", "to"] as const).map((end) => {
    const [cluster, other, at] = [across[end], end === "from" ? "to" : "from", ends.at[end]] as const;
    const inventory = known[end];
    const named = inventory && lookUp(ends[end], at, { ...ends, cluster }, words, inventory);
    const { kind } = named?.target ?? ends[end];
    if (kind === "service" || kind === "deployment" || kind === "host")
      throw badCommand(say("{name} has no address that another cluster could reach.", { name: at.text }), {
        ...{ words, at, understood },
        hint: say("Name a pod, a node or an address of {cluster}.", { cluster }),
      });
    if (named && inventory && !canMeasureFrom(named.found, inventory))
      throw badCommand(
        say("netcheck measures from inside the cluster, and the {end} is no pod or node of {cluster}.", {
          end: describe(named.found),
          cluster,
        }),
        { words, at, understood },
      );
    const ip = named?.found.ip;
    const there = known[other];
    if (ip !== undefined && there && isListed(ip, there))
      throw badCommand(say("Both clusters use the address {ip}, so neither reaches the other by it.", { ip }), {
        ...{ words, at, understood },
        hint: say("Make two checks, to {forms}.", { forms: say("node ports and load balancers") }),
      });
    return named?.target ?? ends[end];
  });
  const [from = ends.from, to = ends.to] = found;
  return { from, to };
}

const isListed = (ip: string, { pods, nodes, services }: Inventory): boolean =>
  [...pods, ...nodes, ...services].some((one) => one.ip === ip);

function lookUp(
  written: Target,
  at: Word,
  { understood, cluster }: Pick<Ends, "understood" | "cluster">,
  words: Words,
  inventory: Inventory,
): { readonly target: Target; readonly found: Found } {
  const target = dottedPod(written, inventory);
  const result = findTarget(inventory, target);
  if ("found" in result) {
    const { namespace } = result.found;
    const hasNamespace = target.kind === "pod" || target.kind === "service" || target.kind === "deployment";
    return { target: hasNamespace && namespace !== undefined ? { ...target, namespace } : target, found: result.found };
  }
  const suffix = at.text.includes("@") ? at.text.slice(at.text.lastIndexOf("@")) : "";
  throw badCommand(sentence(target, result, cluster, inventory), {
    words,
    at,
    understood,
    instead: result.nearest.map((near) => near + suffix),
    ...(result.problem === "no-ip" ? { hint: say("Wait until it runs, or check another pod.") } : {}),
  });
}

/** A name with dots is a host, unless a pod is called so. */
function dottedPod(target: Target, { pods }: Inventory): Target {
  if (target.kind !== "host" || !pods.some(({ name }) => name === target.name)) return target;
  return { ...target, kind: "pod" };
}

function sentence(
  target: Target,
  { problem, nearest }: TargetProblem,
  cluster: string,
  inventory: Inventory,
): Sentence {
  const kind = kindWord(target.kind);
  const name = short("name" in target ? target.name : targetText(target));
  const namespace = "namespace" in target ? target.namespace : undefined;
  if (problem === "ambiguous") return say("The {kind} {name} exists in more than one namespace.", { kind, name });
  if (problem === "no-ip") {
    const pod = inventory.pods.find(
      (one) => one.name === name && (namespace === undefined || one.namespace === namespace),
    );
    if (target.kind !== "pod" || pod === undefined) return say("The {kind} {name} has no address yet.", { kind, name });
    return say("The pod {pod} has no address yet (it is {phase}).", {
      pod: `${pod.namespace}/${name}`,
      phase: pod.phase,
    });
  }
  if (namespace === undefined) return say("There is no {kind} {name} in cluster {cluster}.", { kind, name, cluster });
  const elsewhere = nearest
    .map((near) => near.replace(/^(svc|deploy)\//, ""))
    .find((near) => near.split(/[/:]/)[1] === name);
  const missing = say("There is no {kind} {name} in the namespace {namespace} of cluster {cluster}.", {
    kind,
    name,
    namespace: short(namespace),
    cluster,
  });
  if (elsewhere === undefined) return missing;
  return say("{missing} There is one in {namespace}.", { missing, namespace: elsewhere.split("/")[0] ?? "" });
}

/** The same object, also when one end is written as its address. */
function isSame(a: Found, b: Found): boolean {
  if (a.kind === b.kind && a.namespace === b.namespace && a.name === b.name) return true;
  return (a.kind === "address" || b.kind === "address") && a.ip !== undefined && a.ip === b.ip;
}

function canMeasureFrom({ kind, ip }: Found, { pods, nodes }: Inventory): boolean {
  if (kind === "host") return false;
  return kind !== "address" || [...pods, ...nodes].some((one) => one.ip === ip);
}

/** Other pods of the same namespace, to put in the place of an end that stands there twice. */
function siblingsOf({ kind, namespace, name }: Found, { pods }: Inventory): readonly string[] {
  if (kind !== "pod") return [];
  return pods
    .filter((pod) => pod.namespace === namespace && pod.name !== name && pod.ip !== undefined)
    .slice(0, 2)
    .map((pod) => `${pod.namespace}/${pod.name}`);
}

const describe = ({ kind, namespace, name }: Found): Sentence =>
  say("{kind} {name}", {
    kind: kindWord(kind),
    name: `${namespace === undefined ? "" : `${namespace}/`}${short(name)}`,
  });

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
