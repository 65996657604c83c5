import type { CauseName } from "#src/core/causes-zh.ts";

/** Where causes live, in the order in which people look for them. */
export const LAYERS = ["pod", "service", "node", "network", "link", "size", "dns", "application", "other"] as const;
export type Layer = (typeof LAYERS)[number];

const BY_LAYER: Readonly<Partial<Record<Layer, readonly CauseName[]>>> = {
  pod: ["target-not-running", "cpu-throttled", "oom-stall", "sidecar-not-ready", "sidecar-starved", "fd-limit"],
  service: [
    "no-endpoints",
    "selector-mismatch",
    "service-rules-missing",
    "kube-proxy-down",
    "stale-endpoint",
    "wrong-target-port",
    "hairpin-broken",
    "ipvs-backend-missing",
    "ipvs-reuse-delay",
    "conntrack-stale-udp",
    "local-policy-no-endpoint",
    "mixed-iptables-backends",
    "service-programming-lag",
    "uneven-balancing",
  ],
  node: [
    "node-down",
    "conntrack-full",
    "forwarding-disabled",
    "reverse-path-filter",
    "node-second-address",
    "neighbour-table-full",
    "port-exhaustion",
    "cni-agent-unhealthy",
    "conntrack-invalid",
    "ebpf-map-full",
    "vm-stalled",
    "kernel-crash",
    "kernel-lockup",
    "task-hung",
    "node-cpu-pressure",
    "tcp-memory-pressure",
    "memory-allocation-failing",
    "clock-unsynchronised",
    "netns-leak",
    "disk-full",
    "softnet-drops",
    "single-cpu-softirq",
    "sysctl-drift",
  ],
  network: [
    "route-missing",
    "duplicate-ip",
    "network-policy-deny",
    "firewall-drop",
    "tunnel-blocked",
    "tunnel-checksum",
    "tunnel-entry-wrong",
    "neighbour-unresolved",
    "tunnel-encryption-failing",
    "pod-link-broken",
    "bgp-down",
    "address-range-overlap",
    "wrong-snat",
    "competing-bpf",
    "bridge-duplicates",
    "ipam-leak",
    "ip-range-exhausted",
    "ip-family-broken",
    "underlay-drop",
    "port-filtered",
    "path-loss",
    "capture-loss-located",
    "high-latency",
  ],
  link: ["pause-storm", "cloud-allowance-exceeded", "pcie-degraded", "driver-skew", "switch-port-misconfigured"],
};

const BY_PREFIX: readonly (readonly [RegExp, Layer])[] = [
  [/^dns-/, "dns"],
  [/^(mtu|mss|frag|fragments)-/, "size"],
  [/^(link|nic|bond|optics|qdisc|path-member)-/, "link"],
  [/^(accept|loopback|port|server|slow|reset|idle)-/, "application"],
];

/** The layer of a cause; "other" for one that nobody has put anywhere. */
export function layerOf(cause: string): Layer {
  const named = LAYERS.find((layer) => (BY_LAYER[layer] as readonly string[] | undefined)?.includes(cause));
  return named ?? BY_PREFIX.find(([pattern]) => pattern.test(cause))?.[1] ?? "other";
}
