import { isIpv6 } from "./ip-family.ts";

/** What a tunnel puts around each packet, in bytes over IPv4, by the kind of device that the kernel names. */
const OVERHEAD: Readonly<Record<string, number>> = {
  vxlan: 50,
  geneve: 50,
  ipip: 20,
  gre: 24,
  gretap: 38,
  wireguard: 60,
};

/** The header of IPv6 is that much longer than IPv4's (RFC 8200, 3). */
const MORE_OVER_IPV6 = 20;

/** How many bytes a device of this kind adds between nodes with that address; undefined for devices that are no tunnel. */
export function tunnelOverhead(kind: string | undefined, nodeIp: string): number | undefined {
  const bytes = kind === undefined ? undefined : OVERHEAD[kind];
  return bytes === undefined ? undefined : bytes + (isIpv6(nodeIp) ? MORE_OVER_IPV6 : 0);
}
