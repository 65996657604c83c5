import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

const service = z.object({
  ip: z.string(),
  port: z.number().int(),
  protocol: z.string(),
  /** Backends that this node would send a connection to. */
  endpoints: z.array(z.object({ ip: z.string(), port: z.number().int() })),
});
export type ServiceRule = z.infer<typeof service>;

/** Services as this node's NAT rules know them (kube-proxy in iptables mode). Subject: vantage id of the node. */
export const serviceRulesEvidence = defineEvidence("service-rules", z.object({ services: z.array(service) }));

/** Services beyond this do not fit into the evidence. */
const MAX_SERVICES = 400;

/** Follows KUBE-SERVICES → KUBE-SVC → KUBE-SEP → DNAT in `iptables-save -t nat`. */
export function parseServiceRules(stdout: string): ServiceRule[] | undefined {
  if (!stdout.includes("COMMIT")) return undefined;
  const jumps = new Map<string, string[]>();
  const targets = new Map<string, { ip: string; port: number }>();
  const entries: { ip: string; port: number; protocol: string; chain: string }[] = [];
  for (const line of stdout.split("\n")) {
    const [, chain = "", rest = ""] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    const jump = / -j (KUBE-(?:SVC|SEP|SVL|EXT)-\S+)/.exec(` ${rest}`)?.[1];
    if (chain === "KUBE-SERVICES" && jump) {
      const ip = /-d ([0-9.]+)/.exec(rest)?.[1];
      const port = /--dport (\d+)/.exec(rest)?.[1];
      const protocol = /-p (\w+)/.exec(rest)?.[1] ?? "tcp";
      if (ip && port) entries.push({ ip, port: Number(port), protocol, chain: jump });
    } else if (jump) jumps.set(chain, [...(jumps.get(chain) ?? []), jump]);
    const [, ip = "", port] = /--to-destination ([0-9.]+):(\d+)/.exec(rest) ?? [];
    if (chain.startsWith("KUBE-SEP-") && port) targets.set(chain, { ip, port: Number(port) });
  }
  const endpointsOf = (chain: string, depth = 0): { ip: string; port: number }[] => {
    const own = targets.get(chain);
    if (own || depth > 3) return own ? [own] : [];
    return (jumps.get(chain) ?? []).flatMap((next) => endpointsOf(next, depth + 1));
  };
  return entries
    .slice(0, MAX_SERVICES)
    .map(({ ip, port, protocol, chain }) => ({ ip, port, protocol, endpoints: endpointsOf(chain) }));
}

export const serviceRules: ReadingProbe = {
  kind: "reading",
  name: "service-rules",
  scope: "node",
  pace: "seldom",
  argv: ["iptables-save", "-t", "nat"],
  read(samples, { subject }) {
    const newest = versionsOf(samples, parseServiceRules).at(-1);
    return newest ? [evidenceOf(serviceRulesEvidence, subject, newest.toMs, { services: newest.value })] : [];
  },
};
