import { createHash } from "node:crypto";
import { selects } from "#src/core/policy.ts";
import type { PolicyPeer, PolicyPort, PolicyRule, Selector } from "#src/core/policy-view.ts";
import type { IpFamily } from "./addresses.ts";
import type { Machine } from "./machine.ts";
import type { LabPod, LabPolicy } from "./model.ts";
import { restoreCommand } from "./service-rules.ts";
import type { Store } from "./store.ts";

/** A NetworkPolicy's spec as people write it. */
type PolicySpec = {
  readonly podSelector: Selector;
  readonly policyTypes?: readonly string[] | undefined;
  readonly ingress?:
    | readonly { readonly from?: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[]
    | undefined;
  readonly egress?:
    | readonly { readonly to?: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[]
    | undefined;
};

export type PolicyEngine = {
  /** Writes the rules of every living node and resolves when they are in force. */
  readonly sync: () => Promise<void>;
};

type Way = "Ingress" | "Egress";

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").toUpperCase().replaceAll(/[01]/g, "Q").slice(0, 16);
const note = (text: string): string => `-m comment --comment "${text}"`;
const ALLOWED = "0x10000/0x10000";
const PASSED = "0x20000/0x20000";

/**
 * The policy engine of all nodes, as kube-router does it (k3s has it beside flannel): on the node of each isolated pod a
 * chain that refuses what none of the policies marked. Called again after every change of the policies.
 */
export function createPolicyEngine({
  family,
  store,
  machines,
}: {
  readonly family: IpFamily;
  readonly store: Store;
  readonly machines: ReadonlyMap<string, Machine>;
}): PolicyEngine {
  const written = new Map<string, { readonly boots: number; readonly chains: readonly string[] }>();

  const write = async (machine: Machine): Promise<void> => {
    const { name } = machine.planned.node;
    if (machine.pid() === undefined) return;
    const before = written.get(name);
    const chainsBefore = before?.boots === machine.boots() ? before.chains : [];
    const { chains, rules } = rulesFor(name, store);
    if (chains.length === 0 && chainsBefore.length === 0) return;
    const gone = chainsBefore.filter((chain) => !chains.includes(chain));
    const hook = `FORWARD ${note("kube-router netpol - TEMCG2JMHZYE7H7T")} -j KUBE-ROUTER-FORWARD`;
    const lines = [
      "*filter",
      ...[...chains, ...gone].map((chain) => `:${chain} - [0:0]`),
      ...(chainsBefore.length > 0 ? [`-D ${hook}`] : []),
      ...(chains.length > 0 ? [`-I ${hook}`] : []),
      ...rules,
      ...gone.map((chain) => `-X ${chain}`),
      "COMMIT",
      "",
    ];
    await machine.run([restoreCommand(family), "--noflush"], { stdin: lines.join("\n") });
    written.set(name, { boots: machine.boots(), chains });
  };
  // One round after the other: each takes away what the one before has written.
  let last: Promise<unknown> = Promise.resolve();
  return {
    async sync() {
      const mine = last.catch(() => {}).then(() => Promise.all([...machines.values()].map(write)));
      last = mine;
      await mine;
    },
  };
}

function rulesFor(
  node: string,
  store: Store,
): { readonly chains: readonly string[]; readonly rules: readonly string[] } {
  const isolated = [...store.pods.values()]
    .filter((pod) => pod.node === node && !pod.hostNetwork)
    .map((pod) => ({ pod, policies: [...store.policies.values()].filter((policy) => isolates(policy, pod)) }))
    .filter(({ policies }) => policies.length > 0);
  if (isolated.length === 0) return { chains: [], rules: [] };
  const parts = isolated.map(({ pod, policies }) => podRules(pod, policies, store));
  const rules = [
    ...parts.flatMap(({ jumps }) => jumps),
    `-A KUBE-ROUTER-FORWARD ${note("rule to explicitly ACCEPT traffic that comply to network policies")} -m mark --mark ${PASSED} -j ACCEPT`,
    ...parts.flatMap((part) => part.rules),
  ];
  return { chains: ["KUBE-ROUTER-FORWARD", ...parts.flatMap(({ chains }) => chains)], rules };
}

function isolates({ namespace, spec }: LabPolicy, pod: LabPod): boolean {
  const { podSelector } = spec as unknown as PolicySpec;
  return namespace === pod.namespace && selects(podSelector, pod.labels) === true;
}

const typesOf = ({ policyTypes, egress }: PolicySpec): readonly string[] =>
  policyTypes ?? ["Ingress", ...(egress && egress.length > 0 ? ["Egress"] : [])];

function podRules(pod: LabPod, policies: readonly LabPolicy[], store: Store) {
  const place = `name:${pod.name} namespace: ${pod.namespace}`;
  const chain = `KUBE-POD-FW-${digest(pod.uid)}`;
  const chains = [chain];
  const rules = [
    `-A ${chain} ${note("rule for stateful firewall for pod")} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-A ${chain} ${note("rule to permit the traffic traffic to pods when source is the pod's local node")} -m addrtype --src-type LOCAL -d ${pod.ip} -j ACCEPT`,
  ];
  const body: string[] = [];
  for (const way of ["Ingress", "Egress"] as const) {
    const side = way === "Ingress" ? "-d" : "-s";
    const concerned = policies.filter(({ spec }) => typesOf(spec as unknown as PolicySpec).includes(way));
    if (concerned.length === 0)
      rules.push(
        `-A ${chain} ${side} ${pod.ip} ${note(`run through default ${way.toLowerCase()} network policy chain`)} -j MARK --set-xmark ${ALLOWED}`,
      );
    for (const policy of concerned) {
      const own = `KUBE-NWPLCY-${digest(`${policy.uid} ${pod.uid} ${way}`)}`;
      chains.push(own);
      rules.push(`-A ${chain} ${side} ${pod.ip} ${note(`run through nw policy ${policy.name}`)} -j ${own}`);
      body.push(...policyRules(own, policy, { way, store }));
    }
  }
  rules.push(
    `-A ${chain} ${note(`rule to REJECT traffic destined for POD ${place}`)} -m mark ! --mark ${ALLOWED} -j REJECT`,
    `-A ${chain} -j MARK --set-xmark 0x0/0x10000`,
    `-A ${chain} ${note("set mark to ACCEPT traffic that comply to network policies")} -j MARK --set-xmark ${PASSED}`,
  );
  const jump = (side: string, words: string): string =>
    `-A KUBE-ROUTER-FORWARD ${side} ${pod.ip} ${note(`rule to jump traffic ${words} POD ${place} to chain ${chain}`)} -j ${chain}`;
  return { chains, jumps: [jump("-d", "destined to"), jump("-s", "from")], rules: [...rules, ...body] };
}

function policyRules(chain: string, policy: LabPolicy, { way, store }: { way: Way; store: Store }): string[] {
  const spec = policy.spec as unknown as PolicySpec;
  const all: PolicyRule[] =
    way === "Ingress"
      ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: [...(from ?? [])], ports: [...(ports ?? [])] }))
      : (spec.egress ?? []).map(({ to, ports }) => ({ peers: [...(to ?? [])], ports: [...(ports ?? [])] }));
  const side = way === "Ingress" ? "-s" : "-d";
  return all.flatMap(({ peers = [], ports = [] }) => {
    const places =
      peers.length === 0 ? [{ only: "", except: [] }] : peers.flatMap((peer) => addressesOf(peer, policy, store));
    return places.flatMap(({ only, except }) =>
      (ports.length === 0 ? [""] : ports.map(portMatch)).flatMap((port) => [
        `-A ${chain} ${only === "" ? "" : `${side} ${only} `}${port}${note(`rule to ACCEPT traffic of policy name ${policy.name} namespace ${policy.namespace}`)} -j MARK --set-xmark ${ALLOWED}`,
        ...except.map((cidr) => `-A ${chain} ${side} ${cidr} -j MARK --set-xmark 0x0/0x10000`),
        `-A ${chain} -m mark --mark ${ALLOWED} -j RETURN`,
      ]),
    );
  });
}

function addressesOf(peer: PolicyPeer, { namespace }: LabPolicy, store: Store): { only: string; except: string[] }[] {
  if (peer.ipBlock) return [{ only: peer.ipBlock.cidr, except: [...(peer.ipBlock.except ?? [])] }];
  return [...store.pods.values()]
    .filter((pod) => {
      const there = peer.namespaceSelector
        ? selects(peer.namespaceSelector, { "kubernetes.io/metadata.name": pod.namespace }) === true
        : pod.namespace === namespace;
      return there && !pod.hostNetwork && (!peer.podSelector || selects(peer.podSelector, pod.labels) === true);
    })
    .map(({ ip }) => ({ only: ip, except: [] }));
}

function portMatch({ protocol = "TCP", port, endPort }: PolicyPort): string {
  const name = protocol.toLowerCase();
  if (port === undefined) return `-p ${name} `;
  return `-p ${name} -m ${name} --dport ${port}${endPort === undefined ? "" : `:${endPort}`} `;
}
