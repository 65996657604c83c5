import type { NetcheckError } from "#src/core/errors.ts";
import type { Inventory } from "#src/core/inventory.ts";
import { findTarget } from "#src/core/nearest.ts";
import { say, type Text } from "#src/core/sentence.ts";
import { type Target, targetText } from "#src/core/target.ts";
import { badCommand } from "./bad-command.ts";
import type { ClusterSeen } from "./command.ts";
import { nearestWords } from "./near.ts";
import type { Word, Words } from "./words.ts";

/** Where a line names its cluster; `at` is absent when it names none and the usual one is meant. */
type Named = {
  readonly cluster: string;
  readonly words: Words;
  readonly at: Word | undefined;
  readonly understood?: readonly Text[];
};

/** A cluster that nobody has heard of within a week. `names` are those that exist. */
export function noSuchCluster({ cluster, ...line }: Named, names: readonly string[]): NetcheckError {
  const near = nearestWords(cluster, names);
  return badCommand(say("There is no cluster {cluster}.", { cluster: shorten(cluster) }), {
    ...line,
    instead: inPlace(cluster, line.at, near.length > 0 ? near : names),
    hint: say("Clusters: {names}.", { names: names.join(", ") }),
  });
}

/** A cluster in which nobody could measure now. What waits for a worker might wait for ever, so it is not queued. */
export function noWorker(
  { cluster, ...line }: Named,
  seen: readonly ClusterSeen[],
  { command }: { readonly command: string },
): NetcheckError {
  const served = seen.filter(({ workers }) => workers > 0).map(({ name }) => name);
  const start = say("Start a worker of {cluster}, or mend the one there is: {command} says what ails it.", {
    cluster,
    command: "netcheck doctor",
  });
  const others =
    line.at === undefined
      ? say("Served now: {names}. Name one behind @, or make it this channel's own with {command}. {start}", {
          names: served.join(", "),
          command: `${command} cluster ${served[0]}`,
          start,
        })
      : say("Served now: {names}. {start}", { names: served.join(", "), start });
  return badCommand(say("No worker serves the cluster {cluster} now.", { cluster: shorten(cluster) }), {
    ...line,
    instead: line.at === undefined ? [] : inPlace(cluster, line.at, served),
    hint: served.length > 0 ? others : say("No other cluster is served either. {start}", { start }),
  });
}

/** One end of a check whose ends are in two clusters. `inventory` is absent when its names are not known here. */
export type EndInCluster = {
  readonly target: Target;
  readonly at: Word;
  readonly cluster: string;
  readonly inventory?: Inventory | undefined;
};

/**
 * A check runs in one cluster: its workers hold the credential of no other, and one report compares legs of one window. What can be
 * measured is the way from each end to the other's address, if the networks route it; these two lines are named where the addresses are
 * known and mean nobody else on the other side.
 */
export function betweenClusters(words: Words, from: EndInCluster, to: EndInCluster): NetcheckError {
  const [there, back] = [addressOf(to), addressOf(from)];
  const problem = say("The ends are in two clusters, {first} and {second}; a check stays within one.", {
    first: from.cluster,
    second: to.cluster,
  });
  const shared = [isKnown(there, from) ? there : undefined, isKnown(back, to) ? back : undefined].find(Boolean);
  if (shared !== undefined)
    return badCommand(problem, {
      ...{ words, at: to.at },
      hint: say(
        "Both clusters use the address {ip}, so neither reaches the other by it. Make two checks, to {forms}.",
        {
          ip: shared,
          forms: say("node ports and load balancers"),
        },
      ),
    });
  const nearest = [
    ...(there === undefined ? [] : [lineOf(words, from, to, { from: from.at.text, to: at(there, to) + suffix(from) })]),
    ...(back === undefined ? [] : [lineOf(words, from, to, { from: to.at.text, to: at(back, from) + suffix(to) })]),
  ];
  const hint =
    nearest.length === 2
      ? say(
          "Make two checks, each from one end to the address of the other. They answer only where that address is routed.",
        )
      : say(
          "Make two checks, each from one end to an address of the other that is reached from there, such as {forms}.",
          {
            forms: "10.0.0.7:443, db.example.com:5432",
          },
        );
  return badCommand(problem, { words, at: to.at, nearest, hint });
}

const suffix = ({ cluster }: EndInCluster): string => `@${cluster}`;

/** The address as a target, with the port of the end whose address it is. */
const at = (ip: string, { target }: EndInCluster): string =>
  targetText({ kind: "address", ip, ...(target.port === undefined ? {} : { port: target.port }) });

/** The address that packets from elsewhere may have: a pod's or a node's own. A Service's means something within its cluster only. */
function addressOf({ target, inventory }: EndInCluster): string | undefined {
  if (target.kind === "address") return target.ip;
  if (inventory === undefined || (target.kind !== "pod" && target.kind !== "node")) return undefined;
  const result = findTarget(inventory, target);
  return "found" in result ? result.found.ip : undefined;
}

function isKnown(ip: string | undefined, { inventory }: EndInCluster): boolean {
  if (ip === undefined || inventory === undefined) return false;
  return [...inventory.pods, ...inventory.nodes, ...inventory.services].some((one) => one.ip === ip);
}

/** The line with other words for both ends. */
function lineOf(
  { line }: Words,
  first: EndInCluster,
  second: EndInCluster,
  ends: { readonly from: string; readonly to: string },
): string {
  const { at: from } = first;
  const { at: to } = second;
  return line.slice(0, from.start) + ends.from + line.slice(from.end, to.start) + ends.to + line.slice(to.end);
}

const inPlace = (cluster: string, at: Word | undefined, names: readonly string[]): readonly string[] =>
  at === undefined ? [] : names.map((name) => at.text.slice(0, -cluster.length) + name);

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
