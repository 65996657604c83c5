import { readFileSync } from "node:fs";
import type { LabService } from "./model.ts";

/** The DNS server of the cluster: real Service names, and nothing beyond them, for there is no way out. */
export function dnsArgv(services: readonly LabService[]): string[] {
  return [
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--no-resolv",
    "--no-hosts",
    "--pid-file=",
    "--log-facility=-",
    "--port=53",
    "--user=root",
    "--cache-size=0",
    "--local=/cluster.local/",
    ...services.map(
      ({ name, namespace, clusterIp }) => `--host-record=${name}.${namespace}.svc.cluster.local,${clusterIp}`,
    ),
  ];
}

const UDP_53 = /^\s*\d+: [0-9A-F]{8}:0035 /m;

/** Whether something is bound to udp/53 in the network namespace of this process. */
export function listensOnDnsPort(pid: number): boolean {
  try {
    return UDP_53.test(readFileSync(`/proc/${pid}/net/udp`, "utf8"));
  } catch {
    return false;
  }
}
