import type { Progress } from "./progress.ts";
import { say } from "./sentence.ts";

const PHASES: readonly Progress["phase"][] = ["queued", "resolving", "starting", "measuring", "finishing", "done"];

/**
 * What a running check says of itself, of all clusters that measure for it: the steps of each, the window that ends last, the loss of
 * the asked way, the earliest finding. Undefined until a worker has taken it.
 */
export function joinedProgress(parts: readonly Progress[]): Progress | undefined {
  const [first, ...others] = parts.toSorted((a, b) => b.atMs - a.atMs);
  if (!first || others.length === 0) return first;
  const all = parts.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const window = all.flatMap((part) => part.window ?? []).toSorted((a, b) => b.endMs - a.endMs)[0];
  const soFar = all.find((part) => part.soFar !== undefined)?.soFar;
  const firstFinding = all.flatMap((part) => part.firstFinding ?? []).toSorted((a, b) => a.atMs - b.atMs)[0];
  const trouble = all.find((part) => part.trouble !== undefined)?.trouble;
  return {
    ...{ check: first.check, cluster: first.cluster, rev: first.rev, atMs: first.atMs, worker: first.worker },
    phase: all.map(({ phase }) => phase).toSorted((a, b) => PHASES.indexOf(a) - PHASES.indexOf(b))[0] ?? first.phase,
    steps: all.flatMap(({ cluster, steps }) =>
      steps.map((step) => ({
        ...step,
        id: `${cluster}-${step.id}`,
        title: say("{cluster}: {text}", { cluster, text: step.title }),
      })),
    ),
    ...(window && { window }),
    ...(soFar && { soFar }),
    ...(firstFinding && { firstFinding }),
    ...(trouble !== undefined && { trouble }),
  };
}
