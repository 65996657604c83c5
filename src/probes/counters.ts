import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";
import { parseJson } from "../core/readings.ts";

/** Kernel counters of a network namespace (IP, ICMP, TCP, UDP) as differences over the check; only those that moved. */
export const countersEvidence = defineEvidence(
  "counters",
  z.object({ fromMs: z.number(), toMs: z.number(), gained: z.record(z.string(), z.number()) }),
);

const printed = z.object({ kernel: z.record(z.string(), z.number()) });

/** Reads `nstat -asj`. */
export function parseCounters(stdout: string): Readonly<Record<string, number>> | undefined {
  return printed.safeParse(parseJson(stdout)).data?.kernel;
}

/** `-a` absolute values, `-s` leaves nstat's own history file alone, zero values are not printed. */
export const counters: ReadingProbe = {
  kind: "reading",
  name: "counters",
  scope: "netns",
  argv: ["nstat", "-asj"],
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode }) => exitCode === 0);
    const [from, to] = [good[0], good.at(-1)] as [Sample | undefined, Sample | undefined];
    const [first, last] = [from, to].map((sample) => (sample ? parseCounters(sample.stdout) : undefined));
    if (!from || !to || !first || !last) return [];
    const gained: Record<string, number> = {};
    for (const [name, value] of Object.entries(last)) {
      const difference = value - (first[name] ?? 0);
      if (difference > 0) gained[name] = difference;
    }
    return [evidenceOf(countersEvidence, subject, to.atMs, { fromMs: from.atMs, toMs: to.atMs, gained })];
  },
};
