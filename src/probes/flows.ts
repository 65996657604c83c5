import { z } from "zod";
import { isPod } from "../core/elements.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";

const flow = z.object({
  /** "tcp", "udp", "icmp" … */
  protocol: z.string(),
  /** Who began it, and whom it asked. */
  from: z.string(),
  to: z.string(),
  port: z.number().int(),
  /** Who answers in its place, by translation of addresses: the same unless it went to a Service. */
  answers: z.string(),
  answersPort: z.number().int(),
  /** To whom the answer goes: `from`, unless its source was translated. */
  back: z.string(),
  /** Different connections of this kind. */
  count: z.number().int(),
  /** Those of them that no reading shows an answer of. */
  unanswered: z.number().int(),
  /** Those without an answer that were kept alive by new packets from one reading to a later one. */
  kept: z.number().int(),
  /** How long the longest of those has been so while the check ran, ms. */
  keptMs: z.number(),
});
export type Flow = z.infer<typeof flow>;

/** Connections of the pods of the check that their node tracks, alike ones counted. Subject: vantage id of the node. */
export const flowsEvidence = defineEvidence("flows", z.object({ flows: z.array(flow) }));

type Entry = Omit<Flow, "count" | "unanswered" | "kept" | "keptMs"> & {
  readonly key: string;
  readonly answered: boolean;
  readonly leftS: number;
};

const MAX_FLOWS = 300;
/** A timeout that runs down by itself loses a second each second; one that lost this much less was set anew. */
const SET_ANEW_S = 2;

/**
 * Reads `conntrack -L` (conntrack(8)), with or without `-o extended`: protocol, its number, the seconds left, a state for TCP,
 * the packet as it was sent and the answer as it is expected; `[UNREPLIED]` before the second until it comes.
 */
export function parseFlows(stdout: string): readonly Entry[] | undefined {
  const entries = stdout.split("\n").flatMap((line): Entry[] => {
    const [, protocol = "", left = "", rest = ""] = /^(?:ipv[46] +\d+ +)?(\w+) +\d+ (\d+) (.*)$/.exec(line) ?? [];
    const ways = [...rest.matchAll(/src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g)];
    const [there, answer] = ways;
    if (!there || !answer) return [];
    const [, from = "", to = "", source = "0", port = "0"] = there;
    const [, answers = "", back = "", answersPort = "0"] = answer;
    return [
      {
        protocol,
        from,
        to,
        port: Number(port),
        answers,
        answersPort: Number(answersPort),
        back,
        key: `${protocol} ${from}:${source} ${to}:${port}`,
        answered: !rest.includes("[UNREPLIED]"),
        leftS: Number(left),
      },
    ];
  });
  return entries.length > 0 ? entries : undefined;
}

export const flows: ReadingProbe = {
  kind: "reading",
  name: "flows",
  scope: "node",
  pace: "seldom",
  argv: ({ node }, { vantages }) => [
    "netcheck-flows",
    ...new Set(vantages.flatMap((at) => (isPod(at) && at.node === node && at.role !== "dns" ? [at.ip] : []))),
  ],
  wants: ({ node }, { vantages }) => vantages.some((at) => isPod(at) && at.node === node && at.role !== "dns"),
  read(samples, { subject }) {
    const readings = samples.flatMap((sample) => {
      const entries = sample.exitCode === 0 ? parseFlows(sample.stdout) : undefined;
      return entries ? [{ sample, entries }] : [];
    });
    const newest = readings.at(-1);
    if (!newest) return [];
    const known = new Map<string, { entry: Entry; seen: { sample: Sample; entry: Entry }[] }>();
    for (const { sample, entries } of readings)
      for (const entry of entries) {
        // The same ports may have been used again by a connection to somebody else.
        const key = `${entry.key} ${entry.answers} ${entry.back}`;
        const one = known.get(key) ?? { entry, seen: [] };
        one.seen.push({ sample, entry });
        known.set(key, one);
      }
    const groups = Map.groupBy(known.values(), ({ entry }) =>
      [entry.protocol, entry.from, entry.to, entry.port, entry.answers, entry.answersPort, entry.back].join(" "),
    );
    const all = [...groups.values()].map((alike): Flow => {
      const { key: _key, answered: _answered, leftS: _left, ...same } = (alike[0] as (typeof alike)[number]).entry;
      const silent = alike.filter(({ seen }) => seen.every(({ entry }) => !entry.answered));
      const keptMs = silent.map(({ seen }) => keptFor(seen)).filter((ms) => ms > 0);
      return {
        ...same,
        count: alike.length,
        unanswered: silent.length,
        kept: keptMs.length,
        keptMs: Math.max(0, ...keptMs),
      };
    });
    const worst = all.toSorted((a, b) => b.kept - a.kept || b.unanswered - a.unanswered || b.count - a.count);
    return [evidenceOf(flowsEvidence, subject, newest.sample.atMs, { flows: worst.slice(0, MAX_FLOWS) })];
  },
};

/** How long an entry has been kept alive by new packets, ms; 0 when it was not. */
function keptFor(seen: readonly { readonly sample: Sample; readonly entry: Entry }[]): number {
  const [first, last] = [seen[0], seen.at(-1)];
  if (!first || !last || first === last) return 0;
  const passedMs = last.sample.atMs - first.sample.atMs;
  return first.entry.leftS - last.entry.leftS <= passedMs / 1_000 - SET_ANEW_S ? passedMs : 0;
}
