import type { Plan } from "./plan.ts";

type Ends = Pick<Plan, "from" | "to">;

export const isIpv6 = (ip: string): boolean => ip.includes(":");

/** Whether packets can go from one address to the other; not when one of them is unknown (""). */
export function sameFamily(one: string, other: string): boolean {
  return one !== "" && other !== "" && isIpv6(one) === isIpv6(other);
}

/** Whether packets of the asked path are of IPv6: packet filters keep rules of the two families apart. */
export function isIpv6Path({ from, to }: Ends): boolean {
  return isIpv6(to.ip || from.ip);
}

/** The command that prints iptables' rules for packets of the asked path. */
export function saveCommand(ends: Ends): "iptables-save" | "ip6tables-save" {
  return isIpv6Path(ends) ? "ip6tables-save" : "iptables-save";
}

/** The family of nft's tables for packets of the asked path. */
export function nftFamily(ends: Ends): "ip" | "ip6" {
  return isIpv6Path(ends) ? "ip6" : "ip";
}
