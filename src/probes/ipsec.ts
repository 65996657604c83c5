import { dataplaneCommand } from "../core/dataplane-command.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import type { ReadingProbe } from "../core/probe.ts";

/** Packets that IPsec of a node refused, by reason. Subject: vantage id of the node. */
export const ipsecEvidence = defineEvidence("ipsec", gainsSchema);

/** Reads `/proc/net/xfrm_stat`: a name and a number on each line (Documentation/networking/xfrm_proc.rst). */
export function parseIpsec(stdout: string): Readonly<Record<string, number>> | undefined {
  const found = [...stdout.matchAll(/^(Xfrm\w+)\s+(\d+)$/gm)].map(([, name = "", value]) => [name, Number(value)]);
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

export const ipsec: ReadingProbe = {
  kind: "reading",
  name: "ipsec",
  scope: "node",
  pace: "seldom",
  argv: dataplaneCommand,
  section: "ipsec",
  read(samples, { subject }) {
    const gains = gainsOf(samples, parseIpsec);
    return gains ? [evidenceOf(ipsecEvidence, subject, gains.toMs, gains)] : [];
  },
};
