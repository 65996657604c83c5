import type { Plan } from "./plan.ts";

type Ends = Pick<Plan, "from" | "to">;

/** Whether packets of the asked path are of IPv6: packet filters keep rules of the two families apart. */
export function isIpv6Path({ from, to }: Ends): boolean {
  return (to.ip || from.ip).includes(":");
}

/** The command that prints iptables' rules for packets of the asked path. */
export function saveCommand(ends: Ends): "iptables-save" | "ip6tables-save" {
  return isIpv6Path(ends) ? "ip6tables-save" : "iptables-save";
}

/** The family of nft's tables for packets of the asked path. */
export function nftFamily(ends: Ends): "ip" | "ip6" {
  return isIpv6Path(ends) ? "ip6" : "ip";
}
