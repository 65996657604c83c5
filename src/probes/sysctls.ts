import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

/** Kernel settings that decide about forwarding, by path below /proc/sys/net; live values. Subject: vantage id. */
export const sysctlsEvidence = defineEvidence(
  "sysctls",
  z.object({ values: z.record(z.string(), z.string()), changed: z.array(z.string()) }),
);

/** Per-device folders whose files are read; nodes have hundreds of pod devices, which say nothing. */
const MAX_VALUES = 200;

/** Reads what `netcheck-files` prints: path:value. */
export function parseSysctls(stdout: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [, path = "", value = ""] of stdout.matchAll(/^\/proc\/sys\/net\/([^:]+):(.*)$/gm))
    if (Object.keys(values).length < MAX_VALUES) values[path] = value;
  return values;
}

export const sysctls: ReadingProbe = {
  kind: "reading",
  name: "sysctls",
  scope: "netns",
  pace: "often",
  argv: [
    "netcheck-files",
    "/proc/sys/net/netfilter/nf_conntrack_count",
    "/proc/sys/net/netfilter/nf_conntrack_max",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/net/ipv4/ip_local_port_range",
    "/proc/sys/net/ipv4/tcp_mtu_probing",
    "/proc/sys/net/bridge/bridge-nf-call-iptables",
    "/proc/sys/net/ipv6/conf/all/forwarding",
    "/proc/sys/net/ipv4/conf/all/rp_filter",
    "/proc/sys/net/ipv4/conf/all/forwarding",
    "/proc/sys/net/ipv4/conf/*/rp_filter",
    "/proc/sys/net/ipv4/conf/*/forwarding",
  ],
  read(samples, { subject }) {
    const versions = versionsOf(samples, parseSysctls);
    const [first, newest] = [versions[0], versions.at(-1)];
    if (!first || !newest) return [];
    const changed = Object.keys(newest.value).filter(
      (path) => first.value[path] !== newest.value[path] && !path.endsWith("conntrack_count"),
    );
    return [evidenceOf(sysctlsEvidence, subject, newest.toMs, { values: newest.value, changed })];
  },
};
