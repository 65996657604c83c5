import type { PolicyPeer, PolicyPort, PolicyRule, PolicyView, Selector } from "./policy-view.ts";
import { inPrefix } from "./routes.ts";

type Labels = Readonly<Record<string, string>>;

/** One side of a connection as policies see it: a pod with its own address, or whatever else has an address. */
export type PolicyEnd = {
  readonly ip: string | undefined;
  readonly pod?: {
    readonly namespace: string;
    readonly name: string;
    readonly labels: Labels;
    /** Its declared ports, to which policies may refer by name. */
    readonly ports: readonly { readonly name: string; readonly port: number }[];
  };
};

export type PolicyFlow = {
  readonly from: PolicyEnd;
  readonly to: PolicyEnd;
  readonly protocol: "TCP" | "UDP" | "ICMP";
  readonly port?: number;
  /**
   * Between a pod and the node that it runs on. Kubernetes exempts that both ways (its text on NetworkPolicies); into the pod all
   * engines do, because the kubelet has to reach it, out of it not all of them.
   */
  readonly ownNode?: boolean;
};

export type PolicyWorld = {
  readonly policies: readonly PolicyView[];
  /** Labels of namespaces by name; without it only the label that every namespace has is known. */
  readonly namespaces: ReadonlyMap<string, Labels> | undefined;
};

/** `denied` names the pod that is isolated, in which way, and the policies that isolate it without allowing this. */
export type Decision =
  | { readonly verdict: "allowed"; readonly isolated: boolean }
  | { readonly verdict: "unknown" }
  | {
      readonly verdict: "denied";
      readonly way: "Ingress" | "Egress";
      /** ns/name */
      readonly pod: string;
      readonly policies: readonly string[];
    };

/**
 * Whether the NetworkPolicies of a cluster allow a connection, as Kubernetes defines it: a pod that some policy selects for
 * a way is isolated in that way, and then some rule of some such policy has to allow the other side and the port. Both ends
 * have to agree. It is judged by the pods' addresses, after Services were resolved; replies are never judged.
 */
export function decide(flow: PolicyFlow, world: PolicyWorld): Decision {
  const out = oneWay("Egress", flow, world);
  if (out.verdict === "denied") return out;
  const into = oneWay("Ingress", flow, world);
  if (into.verdict === "denied") return into;
  if (out.verdict === "unknown" || into.verdict === "unknown") return { verdict: "unknown" };
  return { verdict: "allowed", isolated: out.isolated || into.isolated };
}

function oneWay(way: "Ingress" | "Egress", flow: PolicyFlow, world: PolicyWorld): Decision {
  const [mine, other] = way === "Ingress" ? [flow.to, flow.from] : [flow.from, flow.to];
  const { pod } = mine;
  if (!pod || (way === "Ingress" && flow.ownNode)) return { verdict: "allowed", isolated: false };
  const isolating = world.policies.filter(
    ({ namespace, types, podSelector }) =>
      namespace === pod.namespace && types.includes(way) && selects(podSelector, pod.labels) === true,
  );
  if (isolating.length === 0) return { verdict: "allowed", isolated: false };
  const answers = isolating.flatMap((policy) => [
    ...(policy.cut ? [undefined] : []),
    ...(way === "Ingress" ? policy.ingress : policy.egress).map((rule) => allows(rule, policy, { other, flow, world })),
  ]);
  if (answers.includes(true)) return { verdict: "allowed", isolated: true };
  if (answers.includes(undefined) || flow.ownNode) return { verdict: "unknown" };
  return {
    verdict: "denied",
    way,
    pod: `${pod.namespace}/${pod.name}`,
    policies: isolating.map(({ namespace, name }) => `${namespace}/${name}`),
  };
}

/** True, false, or undefined where too little is known to say. */
type Answer = boolean | undefined;

const any = (answers: readonly Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
const both = (one: Answer, other: Answer): Answer =>
  one === false || other === false ? false : one === undefined || other === undefined ? undefined : true;

type Meeting = { readonly other: PolicyEnd; readonly flow: PolicyFlow; readonly world: PolicyWorld };

function allows({ peers, ports }: PolicyRule, policy: PolicyView, { other, flow, world }: Meeting): Answer {
  const peer = !peers || peers.length === 0 ? true : any(peers.map((one) => isPeer(one, policy, other, world)));
  const port = !ports || ports.length === 0 ? true : any(ports.map((one) => isPort(one, flow)));
  return both(peer, port);
}

function isPeer(peer: PolicyPeer, { namespace }: PolicyView, { ip, pod }: PolicyEnd, world: PolicyWorld): Answer {
  if (peer.ipBlock) {
    if (ip === undefined) return undefined;
    return inPrefix(ip, peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some((cidr) => inPrefix(ip, cidr));
  }
  if (!pod) return false;
  const inNamespace: Answer = peer.namespaceSelector
    ? selectsNamespace(peer.namespaceSelector, pod.namespace, world)
    : pod.namespace === namespace;
  return both(inNamespace, peer.podSelector ? selects(peer.podSelector, pod.labels) : true);
}

/** The API server gives this label to every namespace. */
const NAME_LABEL = "kubernetes.io/metadata.name";

function selectsNamespace(selector: Selector, name: string, { namespaces }: PolicyWorld): Answer {
  const known = namespaces?.get(name);
  if (known) return selects(selector, { [NAME_LABEL]: name, ...known });
  const keys = [...Object.keys(selector.matchLabels ?? {}), ...(selector.matchExpressions ?? []).map(({ key }) => key)];
  return keys.every((key) => key === NAME_LABEL) ? selects(selector, { [NAME_LABEL]: name }) : undefined;
}

function isPort({ protocol = "TCP", port, endPort }: PolicyPort, flow: PolicyFlow): Answer {
  if (protocol !== flow.protocol) return false;
  if (port === undefined) return true;
  if (flow.port === undefined) return false;
  if (typeof port === "number") return flow.port >= port && flow.port <= (endPort ?? port);
  const named = flow.to.pod?.ports.find(({ name }) => name === port);
  return named === undefined ? undefined : named.port === flow.port;
}

/** Whether a label selector matches; an empty one matches everything. Undefined for an operator that is not known. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): Answer {
  const equal = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  const answers = matchExpressions.map(({ key, operator, values = [] }): Answer => {
    const value = labels[key];
    switch (operator) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      default:
        return undefined;
    }
  });
  return answers.reduce<Answer>(both, equal);
}
