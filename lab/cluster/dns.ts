import type { ClusterPlan } from "./plan.ts";

/** The DNS server of the cluster: real Service names; what is beyond them it asks the nodes' resolver. */
export function dnsArgv({ services, addresses }: ClusterPlan): string[] {
  const records = new Map(
    services.map(({ name, namespace, clusterIp }) => [`${name}.${namespace}.svc.cluster.local`, clusterIp]),
  );
  // Every cluster has this one: the way to its API.
  records.set("kubernetes.default.svc.cluster.local", `${addresses.servicePrefix}.0.1`);
  return ["cluster", addresses.gateway, ...[...records].map(([name, address]) => `${name}=${address}`)];
}

/** How many pods serve DNS; one node's worth of trouble must not take the names of a whole cluster. */
const DNS_REPLICAS = 2;

/** The nodes of the DNS server's pods, the first ones; a single node has both. */
export function dnsNodes(nodes: readonly string[]): string[] {
  return Array.from({ length: DNS_REPLICAS }, (_, index) => nodes[index % nodes.length] ?? "");
}

/** What CoreDNS reads, where its container has it. */
export const corefile = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    loop
    reload
    loadbalance
}
`;
