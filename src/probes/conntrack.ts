import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";

/** What connection tracking of a node gained over the check, summed over CPUs; only what moved. Subject: vantage id. */
export const conntrackEvidence = defineEvidence(
  "conntrack",
  z.object({ fromMs: z.number(), toMs: z.number(), gained: z.record(z.string(), z.number()) }),
);

/** Reads `conntrack -S`: one line per CPU of name=value. */
export function parseConntrack(stdout: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [, name = "", value] of stdout.matchAll(/(\w+)=(\d+)/g))
    if (name !== "cpu") sums[name] = (sums[name] ?? 0) + Number(value);
  return sums;
}

export const conntrack: ReadingProbe = {
  kind: "reading",
  name: "conntrack",
  scope: "node",
  argv: ["conntrack", "-S"],
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode, stdout }) => exitCode === 0 && stdout.includes("="));
    const [from, to] = [good[0], good.at(-1)] as [Sample | undefined, Sample | undefined];
    if (!from || !to) return [];
    const before = parseConntrack(from.stdout);
    const gained: Record<string, number> = {};
    for (const [name, value] of Object.entries(parseConntrack(to.stdout))) {
      const difference = value - (before[name] ?? 0);
      if (difference > 0) gained[name] = difference;
    }
    return [evidenceOf(conntrackEvidence, subject, to.atMs, { fromMs: from.atMs, toMs: to.atMs, gained })];
  },
};
