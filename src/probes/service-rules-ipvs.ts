import { evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { type ServiceRule, serviceRulesIpvsEvidence } from "../core/service-evidence.ts";
import { newestOf } from "./service-rules.ts";

const MAX_SERVICES = 400;
const SERVER = /^(TCP|UDP|SCTP) +([0-9A-F]{8}|\[[0-9a-f:]{39}\]):([0-9A-F]{4}) /;
const BACKEND = /^ +-> ([0-9A-F]{8}|\[[0-9a-f:]{39}\]):([0-9A-F]{4}) +\S+ +(\d+)/;

/**
 * Reads `/proc/net/ip_vs`: a virtual server and below it its real ones, addresses and ports in hexadecimal, those of IPv6 in brackets
 * with all their zeros (net/netfilter/ipvs/ip_vs_ctl.c, `ip_vs_info_seq_show`).
 */
export function parseIpvs(stdout: string): ServiceRule[] | undefined {
  if (!stdout.startsWith("IP Virtual Server")) return undefined;
  const services: ServiceRule[] = [];
  for (const line of stdout.split("\n")) {
    const [, protocol = "", ip = "", port = ""] = SERVER.exec(line) ?? [];
    if (protocol)
      services.push({
        ip: addressOf(ip),
        port: Number.parseInt(port, 16),
        protocol: protocol.toLowerCase(),
        endpoints: [],
      });
    // A weight of zero is a backend that is being drained.
    const [, realIp, realPort = "", weight] = BACKEND.exec(line) ?? [];
    const service = services.at(-1);
    if (!realIp || !service) continue;
    if (weight === "0") service.drained = [...(service.drained ?? []), addressOf(realIp)];
    else service.endpoints.push({ ip: addressOf(realIp), port: Number.parseInt(realPort, 16) });
  }
  return services.slice(0, MAX_SERVICES);
}

function addressOf(hex: string): string {
  if (hex.startsWith("[")) return new URL(`http://${hex}`).hostname.slice(1, -1);
  return (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join(".");
}

export const serviceRulesIpvs: ReadingProbe = {
  kind: "reading",
  name: "service-rules-ipvs",
  scope: "node",
  pace: "seldom",
  argv: ["cat", "/proc/net/ip_vs"],
  read(samples, { subject }) {
    const newest = newestOf(samples, ({ stdout }) => parseIpvs(stdout));
    return newest ? [evidenceOf(serviceRulesIpvsEvidence, subject, newest.atMs, { services: newest.value })] : [];
  },
};
