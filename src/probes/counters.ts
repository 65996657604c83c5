import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import { namespaceCommand } from "../core/namespace-command.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson } from "../core/readings.ts";

/** Kernel counters of a network namespace (IP, ICMP, TCP, UDP). Subject: vantage id. */
export const countersEvidence = defineEvidence("counters", gainsSchema);

const printed = z.object({ kernel: z.record(z.string(), z.number()) });

/** Reads what `netcheck-netns` prints in the form of `nstat -asj`. */
export function parseCounters(stdout: string): Readonly<Record<string, number>> | undefined {
  return printed.safeParse(parseJson(stdout)).data?.kernel;
}

/** Absolute values; those that are zero are not printed. */
export const counters: ReadingProbe = {
  kind: "reading",
  name: "counters",
  scope: "netns",
  pace: "often",
  argv: namespaceCommand,
  section: "counters",
  read(samples, { subject }) {
    const gains = gainsOf(samples, parseCounters);
    return gains ? [evidenceOf(countersEvidence, subject, gains.toMs, gains)] : [];
  },
};
