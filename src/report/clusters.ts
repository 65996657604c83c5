import { context, type Message, section } from "./blocks.ts";
import { REPLY, withinLimits } from "./limits.ts";
import { bold, safe } from "./mrkdwn.ts";
import type { Wording } from "./words.ts";

/** Clusters that one answer names; the rest is counted. */
const MOST_NAMED = 20;

/** Which cluster a channel's commands mean, which clusters have workers, and which have none now. */
export function drawClusters({
  seen,
  own,
  usual,
  command,
  changed,
  wording,
}: {
  readonly seen: readonly { readonly name: string; readonly workers: number }[];
  /** The channel's own choice. */
  readonly own: string | undefined;
  /** What is meant where nobody chose. */
  readonly usual: string;
  readonly command: string;
  readonly changed: boolean;
  readonly wording: Wording;
}): Message {
  const { clusters } = wording;
  const chosen = own ?? usual;
  const served = seen.filter(({ workers }) => workers > 0);
  const [without, unknown] = [
    seen.filter(({ workers }) => workers === 0),
    seen.some(({ name }) => name === chosen) ? [] : [{ name: chosen }],
  ];
  const first = own === undefined ? clusters.usual(chosen, changed) : clusters.own(chosen, changed);
  const lines = [
    served.length === 0
      ? clusters.noneServed
      : clusters.served(named(served, ({ name, workers }) => clusters.workers(name, workers), wording)),
    ...(without.length + unknown.length === 0
      ? []
      : [clusters.unserved(named([...without, ...unknown], ({ name }) => name, wording))]),
  ];
  const text = [first, ...lines].join("\n");
  return withinLimits(
    {
      text: safe(text),
      blocks: [section(`${bold(first)}\n${safe(lines.join("\n"))}`), context(clusters.how(command))],
    },
    REPLY,
  );
}

function named<T>(all: readonly T[], text: (one: T) => string, { more, names }: Wording): string {
  const shown = all.slice(0, MOST_NAMED).map(text);
  return names(all.length > shown.length ? [...shown, more(all.length - shown.length)] : shown);
}
