import { HEADLESS, readyPods } from "./endpoints.ts";
import type { ClusterPlan } from "./plan.ts";
import type { Pods } from "./pods.ts";
import type { Store } from "./store.ts";

type Known = Pick<Store, "services" | "pods">;

/** The DNS server of the cluster: real Service names; what is beyond them it asks the nodes' resolver. */
export const dnsArgv = (plan: ClusterPlan, known: Known): string[] => [
  ...["cluster", plan.addresses.gateway],
  ...namesOf(plan, known),
];

/** `NAME=ADDRESS[,ADDRESS…]` of every Service; a headless one leads to its ready pods. */
function namesOf({ addresses }: ClusterPlan, known: Known): string[] {
  const records = [...known.services.values()].flatMap((service) => {
    const { name, namespace, clusterIp } = service;
    const ips = clusterIp === HEADLESS ? readyPods(known, service).map(({ ip }) => ip) : [clusterIp];
    return ips.length === 0 ? [] : [`${name}.${namespace}.svc.cluster.local=${ips.join(",")}`];
  });
  // Every cluster has this one: the way to its API.
  return [...records, `kubernetes.default.svc.cluster.local=${addresses.serviceIp(0, 1)}`];
}

/** Tells the DNS servers of Services that came or went after they were started. */
export function createDnsNames({ plan, store, pods }: { plan: ClusterPlan; store: Store; pods: Pods }): {
  readonly sync: () => Promise<void>;
} {
  const servers = plan.pods.filter(({ workload }) => workload === "dns").map(({ pod }) => pod);
  let told = namesOf(plan, store).join(" ");
  const round = async (): Promise<void> => {
    const names = namesOf(plan, store).join(" ");
    if (names === told) return;
    told = names;
    // One that is down at the moment learns all names when it is started again.
    await Promise.all(servers.map((pod) => pods.control(pod, `names ${names}`).catch(() => {})));
  };
  let last = Promise.resolve();
  return {
    sync: () => {
      last = last.then(round);
      return last;
    },
  };
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
