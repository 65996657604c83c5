import type {
  V1Ingress,
  V1LabelSelector,
  V1Namespace,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
} from "@kubernetes/client-node";
import type { ClusterView, IngressView } from "../core/cluster-view.ts";
import type { PolicyPeer, PolicyPort, PolicyRule, PolicyView, Selector } from "../core/policy-view.ts";
import { unixMs } from "./view-time.ts";

/** Of one policy or ingress; what has more is marked as cut. */
const MAX_RULES = 40;
const MAX_PEERS = 60;
const MAX_HOSTS = 20;

/** A NetworkPolicy as the plain data of a ClusterView; undefined for one that is not whole. */
export function policyView(policy: V1NetworkPolicy): PolicyView | undefined {
  const { name, namespace, creationTimestamp } = policy.metadata ?? {};
  if (!name || !namespace) return undefined;
  const { ingress = [], egress = [], podSelector, policyTypes } = policy.spec ?? {};
  const ways = [
    ingress.map(({ _from, ports }) => ({ peers: _from, ports })),
    egress.map(({ to, ports }) => ({ peers: to, ports })),
  ];
  const cut = ways.some(
    (rules) =>
      rules.length > MAX_RULES ||
      rules.some(({ peers = [], ports = [] }) => peers.length > MAX_PEERS || ports.length > MAX_PEERS),
  );
  const createdAtMs = unixMs(creationTimestamp);
  const [into = [], outOf = []] = ways.map((rules) => rules.slice(0, MAX_RULES).map(ruleView));
  return {
    namespace,
    name,
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    podSelector: selectorView(podSelector ?? {}),
    // The API server fills them in; who reads an old object does as it would.
    types: policyTypes ?? ["Ingress", ...(egress.length > 0 ? ["Egress"] : [])],
    ingress: into,
    egress: outOf,
    ...(cut ? { cut } : {}),
  };
}

function ruleView({
  peers = [],
  ports = [],
}: {
  readonly peers: V1NetworkPolicyPeer[] | undefined;
  readonly ports: V1NetworkPolicyPort[] | undefined;
}): PolicyRule {
  return {
    ...(peers.length > 0 ? { peers: peers.slice(0, MAX_PEERS).map(peerView) } : {}),
    ...(ports.length > 0 ? { ports: ports.slice(0, MAX_PEERS).map(portView) } : {}),
  };
}

function peerView({ podSelector, namespaceSelector, ipBlock }: V1NetworkPolicyPeer): PolicyPeer {
  return {
    ...(podSelector ? { podSelector: selectorView(podSelector) } : {}),
    ...(namespaceSelector ? { namespaceSelector: selectorView(namespaceSelector) } : {}),
    ...(ipBlock
      ? { ipBlock: { cidr: ipBlock.cidr, ...(ipBlock.except ? { except: ipBlock.except.slice(0, MAX_PEERS) } : {}) } }
      : {}),
  };
}

function portView({ protocol, port, endPort }: V1NetworkPolicyPort): PolicyPort {
  return {
    ...(protocol === undefined ? {} : { protocol }),
    ...(port === undefined ? {} : { port }),
    ...(endPort === undefined ? {} : { endPort }),
  };
}

function selectorView({ matchLabels, matchExpressions }: V1LabelSelector): Selector {
  return {
    ...(matchLabels ? { matchLabels } : {}),
    ...(matchExpressions
      ? {
          matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
            key,
            operator,
            ...(values ? { values } : {}),
          })),
        }
      : {}),
  };
}

export function ingressView(ingress: V1Ingress): IngressView | undefined {
  const { name, namespace } = ingress.metadata ?? {};
  if (!name || !namespace) return undefined;
  const { rules = [], defaultBackend, ingressClassName } = ingress.spec ?? {};
  const services = [defaultBackend, ...rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))]
    .flatMap((backend) => backend?.service ?? [])
    .map(({ name: service, port }) => ({ service, port: port?.number ?? port?.name ?? "" }));
  const distinct = new Map(services.map((backend) => [`${backend.service}:${backend.port}`, backend]));
  return {
    namespace,
    name,
    ...(ingressClassName ? { className: ingressClassName } : {}),
    hosts: [...new Set(rules.flatMap(({ host }) => (host ? [host] : [])))].slice(0, MAX_HOSTS),
    backends: [...distinct.values()].slice(0, MAX_HOSTS),
  };
}

export function namespaceView({ metadata }: V1Namespace): NonNullable<ClusterView["namespaces"]>[number] | undefined {
  return metadata?.name ? { name: metadata.name, labels: metadata.labels ?? {} } : undefined;
}
