/**
 * What several probes read of a network namespace, in sections: `sysctls`, `bonds`, `counters`, `listeners`. One command for
 * all, because starting one costs the node more than what it does.
 */
export const namespaceCommand = [
  "netcheck-netns",
  "/proc/sys/net/netfilter/nf_conntrack_count",
  "/proc/sys/net/netfilter/nf_conntrack_max",
  "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal",
  "/proc/sys/net/core/somaxconn",
  "/proc/sys/net/core/netdev_max_backlog",
  "/proc/sys/net/ipv4/tcp_mem",
  "/proc/sys/net/ipv4/ip_forward",
  "/proc/sys/net/ipv4/ip_local_port_range",
  "/proc/sys/net/ipv4/tcp_mtu_probing",
  "/proc/sys/net/ipv4/neigh/default/gc_thresh3",
  "/proc/sys/net/ipv4/vs/conn_reuse_mode",
  "/proc/sys/net/ipv4/vs/conntrack",
  "/proc/sys/net/ipv4/vs/expire_nodest_conn",
  "/proc/sys/kernel/osrelease",
  "/proc/net/stat/arp_cache",
  "/proc/sys/net/bridge/bridge-nf-call-iptables",
  "/proc/sys/net/ipv6/conf/all/forwarding",
  "/proc/sys/net/ipv4/conf/all/rp_filter",
  "/proc/sys/net/ipv4/conf/all/forwarding",
  "/proc/sys/net/ipv4/conf/*/rp_filter",
  "/proc/sys/net/ipv4/conf/*/forwarding",
] as const;
