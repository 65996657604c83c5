import type { NetcheckError } from "#src/core/errors.ts";
import { say, type Text } from "#src/core/sentence.ts";
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

const inPlace = (cluster: string, at: Word | undefined, names: readonly string[]): readonly string[] =>
  at === undefined ? [] : names.map((name) => at.text.slice(0, -cluster.length) + name);

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
