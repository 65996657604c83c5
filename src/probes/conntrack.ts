import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import type { ReadingProbe } from "../core/probe.ts";

/** What connection tracking of a node gained, summed over CPUs. Subject: vantage id. */
export const conntrackEvidence = defineEvidence("conntrack", gainsSchema);

/** Reads `conntrack -S`: one line per CPU of name=value. */
export function parseConntrack(stdout: string): Readonly<Record<string, number>> | undefined {
  const sums: Record<string, number> = {};
  for (const [, name = "", value] of stdout.matchAll(/(\w+)=(\d+)/g))
    if (name !== "cpu") sums[name] = (sums[name] ?? 0) + Number(value);
  return Object.keys(sums).length > 0 ? sums : undefined;
}

export const conntrack: ReadingProbe = {
  kind: "reading",
  name: "conntrack",
  scope: "node",
  pace: "often",
  argv: ["conntrack", "-S"],
  read(samples, { subject }) {
    const gains = gainsOf(samples, parseConntrack);
    return gains ? [evidenceOf(conntrackEvidence, subject, gains.toMs, gains)] : [];
  },
};
