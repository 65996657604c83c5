import type { DataPlane, NodeFacts } from "./data-plane.ts";
import { withEbpf } from "./pod-networks.ts";

/** The device on which kube-proxy keeps all Service addresses in IPVS mode. */
const IPVS = "kube-ipvs0";

/** Who sends connections to Services on. */
export function translator(
  { services, devices = [], programs }: NodeFacts,
  networks: readonly string[],
  families: DataPlane["families"],
): DataPlane["services"] {
  const { iptables, nft, ipvs, proxyRuns } = services;
  const modes = [
    ...(iptables?.ipvs || (ipvs > 0 && devices.some(({ name }) => name === IPVS)) ? (["IPVS"] as const) : []),
    ...(nft?.frame ? (["nft"] as const) : []),
    // Of a table that was cut the Services may be what is missing.
    ...(iptables?.frame && !iptables.ipvs && (iptables.count > 0 || !iptables.whole) ? (["iptables"] as const) : []),
  ];
  const ebpf =
    networks.some((name) => withEbpf.includes(name)) ||
    programs.some(({ name }) => name.startsWith("cali_")) ||
    devices.some(({ name }) => name === "bpfin.cali");
  // Rules of two modes: one of them is left over. Beside eBPF they may all be, unless kube-proxy is seen to run.
  if (modes.length > 0) return modes.length === 1 && (!ebpf || proxyRuns) ? modes[0] : undefined;
  // The tables that are read are those of IPv4; somebody else's virtual servers may be Services.
  if (!iptables?.whole || !nft || ipvs > 0 || !families.includes("IPv4")) return undefined;
  return ebpf ? "eBPF" : "nobody";
}
