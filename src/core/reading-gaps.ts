import { z } from "zod";
import { defineEvidence, type EvidenceSet } from "./evidence.ts";
import type { Gap } from "./plan.ts";
import type { Sample } from "./probe.ts";
import { listed, type Sentence, say } from "./sentence.ts";
import { clockText } from "./units.ts";

const failure = z.object({
  /** The program that should have read it. */
  tool: z.string(),
  probe: z.string(),
  /** Where: labels of vantage points. */
  places: z.array(z.string()),
  why: z.enum(["missing", "not-executable", "hangs", "pod-gone", "cut", "senseless"]),
  failed: z.number().int(),
  of: z.number().int(),
  /** First of the failed runs. */
  sinceMs: z.number(),
});
type Failure = z.infer<typeof failure>;

/** Readings of a node that failed, tool by tool. What could not be read is a gap. Subject: `node/<name>`. */
export const readingFailures = defineEvidence("reading-failures", z.object({ failures: z.array(failure) }));

/** What `netcheck-read` says with an exit code; other codes belong to the tools, and their readers know them. */
const meanings: Readonly<Record<number, Failure["why"]>> = {
  124: "hangs",
  125: "pod-gone",
  126: "not-executable",
  127: "missing",
  141: "cut",
};

/** One reading is a gap when at least this share of its runs failed. */
const MOST = 0.5;

/** Why a reading says little or nothing; undefined when it is well. `said` tells whether its reader made sense of it. */
export function failureOf(
  samples: readonly Sample[],
  {
    tool,
    probe,
    place,
    said,
  }: { readonly tool: string; readonly probe: string; readonly place: string; readonly said: boolean },
): Failure | undefined {
  const bad = samples.filter(({ exitCode }) => meanings[exitCode] !== undefined);
  const [first] = bad;
  const last = samples.at(-1);
  const base = { tool, probe, places: [place], of: samples.length };
  // A pod that ended does so once: from then on nothing can be read there.
  const gone = last?.exitCode === 125;
  if (first && (gone || bad.length >= MOST * samples.length))
    return {
      ...base,
      why: gone ? "pod-gone" : (meanings[first.exitCode] ?? "hangs"),
      failed: bad.length,
      sinceMs: first.atMs,
    };
  const printed = samples.filter(({ exitCode, stdout }) => exitCode === 0 && !/^\s*(\[\s*\])?\s*$/.test(stdout));
  if (said || printed.length === 0 || !samples.every(({ exitCode }) => exitCode === 0)) return undefined;
  return { ...base, why: "senseless", failed: samples.length, sinceMs: printed[0]?.atMs ?? 0 };
}

/** The same failure at several places of a node is one. */
export function grouped(failures: readonly Failure[]): readonly Failure[] {
  const groups = Map.groupBy(failures, ({ tool, why, places }) =>
    why === "pod-gone" ? `${places}` : `${tool} ${why}`,
  );
  return [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    return [
      {
        ...first,
        places: [...new Set(same.flatMap(({ places }) => places))],
        failed: same.reduce((sum, { failed }) => sum + failed, 0),
        of: same.reduce((sum, { of }) => sum + of, 0),
        sinceMs: Math.min(...same.map(({ sinceMs }) => sinceMs)),
      },
    ];
  });
}

/** One gap for each way to fail and node, and one for each pod that ended. */
export function readingGaps(evidence: EvidenceSet): readonly Gap[] {
  return evidence.all(readingFailures).flatMap(({ subject, data }) => {
    const node = subject.replace(/^node\//, "");
    const gone = data.failures.filter(({ why }) => why === "pod-gone");
    return [
      ...gone.map(({ places, sinceMs }) => ({
        probe: "read",
        subject,
        reason: say("{pods} has no process on {node} since {time}: nothing more could be read there", {
          pods: listed(places),
          node,
          time: clockText(sinceMs),
        }),
      })),
      ...[...Map.groupBy(data.failures, ({ why }) => why)].flatMap(([why, same]) =>
        why === "pod-gone" ? [] : [{ probe: "read", subject, reason: reasonOf(why, same, node) }],
      ),
    ];
  });
}

function reasonOf(why: Failure["why"], same: readonly Failure[], node: string): Sentence {
  const tools = listed([...new Set(same.map(({ tool }) => tool))], 8);
  const places = listed([...new Set(same.flatMap((one) => one.places))], 3);
  switch (why) {
    case "missing":
      return say("{tools}: not installed on {node}", { tools, node });
    case "not-executable":
      return say("{tools}: cannot be executed on {node}", { tools, node });
    case "hangs":
      return say("{tools}: no answer in time on {node}, in {failed} of {of} readings ({places})", {
        tools,
        node,
        failed: same.reduce((sum, one) => sum + one.failed, 0),
        of: same.reduce((sum, one) => sum + one.of, 0),
        places,
      });
    case "cut":
      return say("{tools}: what it prints on {node} is too long and was cut ({places})", { tools, node, places });
    default:
      return say("{tools}: what it prints on {node} makes no sense, of another version or damaged ({places})", {
        tools,
        node,
        places,
      });
  }
}
