import type { z } from "zod";
import { evidenceOf } from "../core/evidence.ts";
import { saveCommand } from "../core/ip-family.ts";
import { chainOwners } from "../core/pod-networks.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";
import { type ServiceRule, serviceRulesEvidence } from "../core/service-evidence.ts";

type ServiceRules = z.infer<typeof serviceRulesEvidence.schema>;

/** Services beyond this do not fit into the evidence. */
const MAX_SERVICES = 400;

/** Follows KUBE-SERVICES → KUBE-SVC → KUBE-SEP → DNAT in `iptables-save -t nat`, or ip6tables-save; undefined for what is no such output. */
export function parseServiceRules(stdout: string): ServiceRules | undefined {
  if (!stdout.includes("*nat")) return stdout.trim() === "" ? blank : undefined;
  const jumps = new Map<string, string[]>();
  const targets = new Map<string, { ip: string; port: number }>();
  const entries: { ip: string; port: number; protocol: string; chain: string }[] = [];
  for (const line of stdout.split("\n")) {
    const [, chain = "", rest = ""] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    const jump = / -j (KUBE-(?:SVC|SEP|SVL|EXT)-\S+)/.exec(` ${rest}`)?.[1];
    if (chain === "KUBE-SERVICES" && jump) {
      const ip = /-d ([0-9a-f.:]+)/.exec(rest)?.[1];
      const port = /--dport (\d+)/.exec(rest)?.[1];
      const protocol = /-p (\w+)/.exec(rest)?.[1] ?? "tcp";
      if (ip && port) entries.push({ ip, port: Number(port), protocol, chain: jump });
    } else if (jump) jumps.set(chain, [...(jumps.get(chain) ?? []), jump]);
    const [, four, six, port] = /--to-destination (?:([0-9.]+)|\[([0-9a-f:.]+)\]):(\d+)/.exec(rest) ?? [];
    if (chain.startsWith("KUBE-SEP-") && port) targets.set(chain, { ip: four ?? six ?? "", port: Number(port) });
  }
  const endpointsOf = (chain: string, depth = 0): { ip: string; port: number }[] => {
    const own = targets.get(chain);
    if (own || depth > 3) return own ? [own] : [];
    return (jumps.get(chain) ?? []).flatMap((next) => endpointsOf(next, depth + 1));
  };
  const services: ServiceRule[] = entries
    .slice(0, MAX_SERVICES)
    .map(({ ip, port, protocol, chain }) => ({ ip, port, protocol, endpoints: endpointsOf(chain) }));
  const chains = chainOwners(stdout);
  return {
    frame: /^:KUBE-SERVICES /m.test(stdout),
    whole: /^COMMIT$/m.test(stdout) && entries.length <= MAX_SERVICES,
    ipvs: stdout.includes("--match-set KUBE-CLUSTER-IP"),
    services,
    ...(chains.length > 0 ? { chains: [...chains] } : {}),
  };
}

const blank: ServiceRules = { frame: false, whole: true, ipvs: false, services: [] };

/** The newest sample that could be read. */
export function newestOf<T>(
  samples: readonly Sample[],
  parse: (sample: Sample) => T | undefined,
): { readonly atMs: number; readonly value: T } | undefined {
  for (const sample of samples.toReversed()) {
    const value = parse(sample);
    if (value !== undefined) return { atMs: sample.atMs, value };
  }
  return undefined;
}

export const serviceRules: ReadingProbe = {
  kind: "reading",
  name: "service-rules",
  scope: "node",
  pace: "seldom",
  argv: (_, plan) => [saveCommand(plan), "-t", "nat"],
  read(samples, { subject }) {
    const newest = newestOf(samples, ({ exitCode, stdout }) =>
      exitCode === 0 || stdout.includes("*nat") ? parseServiceRules(stdout) : undefined,
    );
    return newest ? [evidenceOf(serviceRulesEvidence, subject, newest.atMs, newest.value)] : [];
  },
};
