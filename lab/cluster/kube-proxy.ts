import { HEADLESS, readyPods } from "./endpoints.ts";
import type { Machine } from "./machine.ts";
import type { LabService } from "./model.ts";
import type { ClusterPlan } from "./plan.ts";
import { iptablesRules, restoreCommand, type ServicePort } from "./service-rules.ts";
import { nftRules } from "./service-rules-nft.ts";
import { podKey, type Store } from "./store.ts";

/** The kube-proxies of all nodes: services and ready endpoints in, packet filter rules out. */
export type KubeProxy = {
  /** Writes the rules of every living node and resolves when they are in force. Changes during a round cause another. */
  readonly sync: () => Promise<void>;
  /** Makes one node's kube-proxy lose services (keys "ns/name"; "all" of them); returns how to end that. */
  readonly forget: (node: string, services: ReadonlySet<string> | "all") => () => void;
  /** One node's kube-proxy leaves its rules as they are; returns how to end that. */
  readonly hold: (node: string) => () => void;
  /** Keeps addresses in a service's rules that are no endpoints any more; returns how to end that. */
  readonly keepStale: (service: string, addresses: readonly string[]) => () => void;
  /** The node has booted: what was written before is gone. */
  readonly rebooted: (node: string) => Promise<void>;
};

type Parts = { readonly plan: ClusterPlan; readonly store: Store; readonly machines: ReadonlyMap<string, Machine> };

export function createKubeProxy({ plan, store, machines }: Parts): KubeProxy {
  const chains = new Map<string, readonly string[]>();
  const written = new Map<string, string>();
  const held = new Set<string>();
  const forgotten = new Set<{ readonly node: string; readonly services: ReadonlySet<string> | "all" }>();
  const stale = new Set<{ readonly service: string; readonly addresses: readonly string[] }>();

  const portsFor = (node: string): ServicePort[] => {
    const lost = [...forgotten].filter((one) => one.node === node);
    return [...store.services.values()]
      .filter(({ clusterIp }) => clusterIp !== HEADLESS)
      .filter((service) => !lost.some(({ services }) => services === "all" || services.has(podKey(service))))
      .flatMap((service) =>
        servicePorts(
          store,
          service,
          node,
          [...stale].filter((one) => one.service === podKey(service)).flatMap(({ addresses }) => addresses),
        ),
      );
  };

  const write = async (machine: Machine): Promise<void> => {
    const { name } = machine.planned.node;
    const ports = portsFor(name);
    const wanted = JSON.stringify(ports);
    if (machine.pid() === undefined || held.has(name) || written.get(name) === wanted) return;
    if (plan.serviceProxy === "nft")
      await machine.run(["nft", "-f", "-"], {
        stdin: nftRules(ports, { ...plan.addresses, nodeIp: machine.planned.node.ip }),
      });
    else {
      const rules = iptablesRules(ports, plan.addresses.podRange, chains.get(name));
      await machine.run([restoreCommand(plan.addresses.family), "--noflush"], { stdin: rules.text });
      chains.set(name, rules.chains);
    }
    written.set(name, wanted);
  };

  const round = async (): Promise<void> => {
    const results = await Promise.allSettled([...machines.values()].map(write));
    for (const [index, machine] of [...machines.values()].entries()) {
      const result = results[index];
      // A node that died meanwhile has no rules to write.
      if (result?.status === "rejected" && machine.pid() !== undefined) throw result.reason;
    }
  };

  let last: Promise<void> = Promise.resolve();
  const sync = (): Promise<void> => {
    last = last.catch(() => {}).then(round);
    return last;
  };
  return {
    sync,
    forget: (node, services) => adder(forgotten, { node, services }),
    hold: (node) => adder(held, node),
    keepStale: (service, addresses) => adder(stale, { service, addresses }),
    async rebooted(node) {
      chains.delete(node);
      written.delete(node);
      await sync();
    },
  };
}

function adder<T>(set: Set<T>, one: T): () => void {
  set.add(one);
  return () => set.delete(one);
}

function servicePorts(store: Store, service: LabService, on: string, stale: readonly string[]): ServicePort[] {
  const ready = readyPods(store, service);
  const local = service.internalTrafficPolicy === "Local";
  const ips = [...ready.filter(({ node }) => !local || node === on).map(({ ip }) => ip), ...stale];
  return service.ports.map(({ name, port, targetPort, protocol, nodePort }) => ({
    name: `${service.namespace}/${service.name}${name === "" ? "" : `:${name}`}`,
    clusterIp: service.clusterIp,
    port,
    protocol: protocol === "UDP" ? "udp" : "tcp",
    endpoints: ips.map((ip) => ({ ip, port: targetPort })),
    ...(nodePort === undefined ? {} : { nodePort }),
    ...(local && ips.length === 0 && ready.length > 0 ? { elsewhereOnly: true } : {}),
  }));
}
