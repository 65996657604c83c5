import { z } from "zod";
import type { ClusterView, PodView, ServiceView } from "./cluster-view.ts";
import type { End } from "./plan.ts";

/** The cluster's name service as the check found it, and what it asks it for. */
export const dnsPlanSchema = z.object({
  /** `svc/<ns>/<name>` and its address. */
  service: z.string(),
  ip: z.string(),
  /** Its pods, those nearest to the path first. `id` is a vantage id; `port` is where they listen when that is not 53. */
  servers: z.array(
    z.object({ id: z.string(), label: z.string(), ip: z.string(), node: z.string(), port: z.number().optional() }),
  ),
  /** Names to ask for; a name that ends in "@" ends in the cluster's domain. `expect` is the one right answer. */
  names: z.array(
    z.object({ kind: z.enum(["cluster", "target", "outside"]), name: z.string(), expect: z.string().optional() }),
  ),
  /** The asking pod's dnsPolicy, and whether it brings name servers of its own. */
  policy: z.string().optional(),
  ownServers: z.boolean(),
});
export type DnsPlan = z.infer<typeof dnsPlanSchema>;

const MAX_SERVERS = 3;
const DNS_NAMES = /^(kube-dns|coredns|dns-default|rke2-coredns.*)$/;

/** Finds the cluster's DNS Service and its pods; undefined where there is none, or where no pod asks. */
export function planDns(from: End, to: End, view: ClusterView): DnsPlan | undefined {
  const source = view.pods.find(({ namespace, name }) => from.kind === "pod" && `${namespace}/${name}` === from.name);
  const service = view.services.filter(isDns).toSorted((a, b) => weight(a) - weight(b))[0];
  if (!source || source.hostNetwork || !service?.clusterIp) return undefined;
  const nodes = [from.node, to.node];
  const near = ({ node }: PodView): number => {
    const index = nodes.indexOf(node);
    return index === -1 ? nodes.length : index;
  };
  const servers = view.pods
    .filter((pod) => isBehind(service, pod) && pod.ip !== undefined && pod.node !== undefined)
    .toSorted((a, b) => near(a) - near(b) || a.name.localeCompare(b.name))
    .slice(0, MAX_SERVERS);
  return {
    service: `svc/${service.namespace}/${service.name}`,
    ip: service.clusterIp,
    servers: servers.map(({ namespace, name, node = "", ip = "", hostNetwork }) => ({
      id: hostNetwork ? `node/${node}` : `pod/${namespace}/${name}`,
      label: `${namespace}/${name}`,
      ip,
      node,
      ...listensAt(service, ip),
    })),
    names: namesFor(to, service, view),
    ...(source.dnsPolicy === undefined ? {} : { policy: source.dnsPolicy }),
    ownServers: (source.dnsConfig?.nameservers.length ?? 0) > 0,
  };
}

function isDns({ name, namespace, selector, ports }: ServiceView): boolean {
  const serves = ports.some(({ port, protocol }) => port === 53 && protocol === "UDP");
  return serves && (selector["k8s-app"] === "kube-dns" || (DNS_NAMES.test(name) && /system|dns/.test(namespace)));
}

/** Two such Services happen while a cluster is moved from one to the other: the one that pods were told of is older. */
function weight({ name, namespace }: ServiceView): number {
  return (name === "kube-dns" ? 0 : 1) + (namespace === "kube-system" ? 0 : 2);
}

function isBehind({ namespace, selector, endpoints }: ServiceView, pod: PodView): boolean {
  if (pod.namespace !== namespace) return false;
  const wanted = Object.entries(selector);
  const selected = wanted.length > 0 && wanted.every(([key, value]) => pod.labels[key] === value);
  return selected || endpoints.some(({ ip }) => ip === pod.ip);
}

/** OpenShift's DNS pods listen at 5353: what is sent to port 53 of the Service is sent on to that. */
function listensAt({ ports, endpoints }: ServiceView, ip: string): { readonly port?: number } {
  const asked = ports.find(({ port, protocol }) => port === 53 && protocol === "UDP");
  const named = endpoints.find((endpoint) => endpoint.ip === ip)?.named;
  const port =
    typeof asked?.targetPort === "number"
      ? asked.targetPort
      : named?.find(({ name, protocol }) => name === (asked?.name ?? "") && protocol === "UDP")?.port;
  return port === undefined || port === 53 ? {} : { port };
}

function namesFor(to: End, dns: ServiceView, view: ClusterView): DnsPlan["names"] {
  const api = view.services.find(({ namespace, name }) => namespace === "default" && name === "kubernetes");
  const known = api?.clusterIp ? api : dns;
  const nameOf = ({ name, namespace }: ServiceView): string => `${name}.${namespace}.svc.@`;
  const target = view.services.find(({ namespace, name }) => to.name === `svc/${namespace}/${name}`);
  const isHost = to.kind === "address" && to.cluster === undefined && to.name !== to.ip && /[A-Za-z]/.test(to.name);
  const host = isHost ? to.name : undefined;
  return [
    { kind: "cluster", name: nameOf(known), ...(known.clusterIp ? { expect: known.clusterIp } : {}) },
    ...(target?.clusterIp ? [{ kind: "target" as const, name: nameOf(target), expect: target.clusterIp }] : []),
    ...(host === undefined ? [] : [{ kind: "target" as const, name: host }]),
    { kind: "outside", name: "." },
  ];
}
