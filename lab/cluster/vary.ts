import { dnsNodes } from "./dns.ts";
import { type Random, seededRandom } from "./random.ts";
import type { LoadedScenario } from "./scenario.ts";

/**
 * The same trouble in another cluster: other names, another order of the nodes and up to two more of them, another overlay
 * and service proxy where the file does not insist on one, and other strengths of the faults. What is right stays right: the expected places are renamed along.
 */
export function varied(scenario: LoadedScenario, seed: number): LoadedScenario {
  const random = seededRandom(seed);
  const { topology } = scenario;
  const names = new Map<string, string>();
  const rename = (old: string, fresh: () => string): void => {
    if (names.has(old)) return;
    let name = fresh();
    while ([...names.values(), ...names.keys()].includes(name)) name = fresh();
    names.set(old, name);
  };
  for (const node of topology.nodes) rename(node, () => nodeName(random));
  for (const { name } of [...topology.pods, ...topology.services]) rename(name, () => podName(random));
  const all = [...topology.pods, ...topology.services, ...topology.deployments];
  for (const { namespace } of all) if (!OWN_NAMESPACES.has(namespace)) rename(namespace, () => random.pick(NAMESPACES));
  // Harmless by a hair's breadth is what such a file is about.
  const strengths = scenario.expect.causes?.length !== 0;
  const text = (old: string): string => old.replaceAll(TOKEN, (token) => names.get(token) ?? token);
  type Named = { readonly name: string; readonly namespace: string };
  const named = <T extends Named>(one: T): T => ({
    ...one,
    name: text(one.name),
    namespace: text(one.namespace),
  });
  // Pods that say on which node they are stay there; what stands beside them, and in which order, is nobody's business.
  const placed =
    topology.pods.every(({ node }) => node !== undefined) &&
    topology.deployments.every(({ nodes }) => nodes !== undefined);
  const bystanders = placed ? Array.from({ length: random.between(0, MOST_BYSTANDERS) }, () => nodeName(random)) : [];
  const fresh = bystanders.filter((name) => ![...names.values()].includes(name));
  const nodes = [...new Set([...topology.nodes.map(text), ...fresh])];
  // Names are served where they were: a fault that harms nobody who asked would harm them elsewhere.
  const withDns = new Set(dnsNodes(nodes)).size;
  return {
    ...scenario,
    topology: {
      ...topology,
      ...(scenario.insists.includes("overlay") ? {} : { overlay: random.pick(["vxlan", "host-gw"]) }),
      ...(scenario.insists.includes("serviceProxy") ? {} : { serviceProxy: random.pick(["iptables", "nft"]) }),
      nodes: placed ? [...shuffled(nodes.slice(0, withDns), random), ...shuffled(nodes.slice(withDns), random)] : nodes,
      pods: topology.pods.map((pod) => ({
        ...named(pod),
        ...(pod.node === undefined ? {} : { node: text(pod.node) }),
      })),
      services: topology.services.map((one) => named(one)),
      deployments: topology.deployments.map((one) => ({
        ...one,
        namespace: text(one.namespace),
        ...(one.nodes === undefined ? {} : { nodes: one.nodes.map(text) }),
      })),
    },
    traffic: scenario.traffic.map((one) => ({ ...one, from: text(one.from), to: text(one.to) })),
    faults: scenario.faults.map((fault) => changed(fault, { random, text, strengths }) as typeof fault),
    command: text(scenario.command),
    expect: {
      ...scenario.expect,
      ...(scenario.expect.causes === undefined
        ? {}
        : {
            causes: scenario.expect.causes.map((one) =>
              one.where === undefined ? one : { ...one, where: text(one.where) },
            ),
          }),
    },
  };
}

const TOKEN = /[a-z0-9]([a-z0-9-]*[a-z0-9])?/g;
/** Words of commands: `default` is what a bare name means, and the others are the cluster's own. */
const OWN_NAMESPACES = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);
const NAMESPACES = ["fracht", "orders", "ledger", "portal", "team-blau", "billing", "lager", "studio"] as const;
const NODES = ["ip-10-1", "worker", "gke-pool", "rack7", "metal", "n", "host", "aks-sys"] as const;
const APPS = ["basket", "quote", "mailer", "ingest", "tariff", "ranker", "vault", "index", "poll", "stream"] as const;

/** Nodes beside those of the file. */
const MOST_BYSTANDERS = 2;

/** Fisher-Yates. */
function shuffled<T>(all: readonly T[], random: Random): T[] {
  const mixed = [...all];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random.between(0, at);
    const [a, b] = [mixed[at] as T, mixed[other] as T];
    mixed[at] = b;
    mixed[other] = a;
  }
  return mixed;
}

const nodeName = (random: Random): string => `${random.pick(NODES)}-${random.suffix(4)}`;
const podName = (random: Random): string => `${random.pick(APPS)}-${random.suffix(5)}`;

/** Parameters of faults that name objects. */
const NAMING = new Set(["node", "pod", "from", "to", "service", "with", "target", "server", "namespace"]);

type Ways = { readonly random: Random; readonly text: (old: string) => string; readonly strengths: boolean };

function changed(fault: unknown, { random, text, strengths }: Ways): unknown {
  const parameters = Object.entries(fault as Record<string, unknown>);
  // A device's own MTU is right or wrong by what its packets are wrapped in, not by its size.
  const fixed = new Set(parameters.some(([key]) => key === "device") ? ["bytes"] : []);
  return Object.fromEntries(
    parameters.map(([key, value]) => {
      if (NAMING.has(key) && typeof value === "string") return [key, text(value)];
      return [key, strengths && !fixed.has(key) ? strength(key, value, random) : value];
    }),
  );
}

/** Strengths vary by a factor of about two, within what the fault still is the same fault. */
function strength(key: string, value: unknown, random: Random): unknown {
  const times = (low: number, high: number, number: number): number => number * (low + (high - low) * random.next());
  if (key === "delayMs" && Array.isArray(value)) {
    const factor = times(0.7, 1.6, 1);
    return value.map((ms) => Math.round(Number(ms) * factor));
  }
  if (typeof value !== "number") return value;
  switch (key) {
    case "delayMs":
      return Math.round(times(0.8, 1.6, value));
    case "every":
      return value < 3 ? value : random.between(3, Math.max(6, value));
    case "percent":
      return value > 60 ? value : Math.round(times(0.8, 1.5, value) * 10) / 10;
    case "bytes":
      return Math.max(1_280, Math.min(1_460, value + random.between(-40, 20)));
    default:
      return value;
  }
}
