import type { ClusterView, PodView, ServiceView } from "../core/cluster-view.ts";
import type { Target } from "../core/target.ts";
import type { Agents } from "./agents.ts";
import type { Kube } from "./kube-client.ts";
import type { About } from "./measure-ports.ts";
import { withEndpoints, withLeases } from "./view-objects.ts";
import { type Questions, questions } from "./view-questions.ts";
import type { ViewReader } from "./view-reader.ts";

export type Sources = {
  readonly kube: Kube;
  readonly agents: Agents;
  readonly reader: ViewReader;
  readonly nowMs: () => number;
};

/** What a view is made of; events are neither sorted nor cut yet. */
export type ViewParts = Omit<ClusterView, "atMs" | "unread" | "agents"> & {
  readonly agents: readonly ClusterView["agents"][number][];
};

/** Of the pods that one end may mean: whoever has more of that name has to say which. */
const MOST_PODS = 3;
/** Backends that are looked at beside the one that an end is measured at. */
const MOST_BACKENDS = 4;
/** Nodes that have no part in the path, of which two are compared with. */
const CONTROLS = 4;
const MOST_NAME_SERVERS = 3;

/**
 * What is about a check, asked for piece by piece: the objects that its ends name, the Services before them and the pods
 * behind, their nodes with all pods, some other nodes to compare with, name servers, and the policies of their namespaces.
 */
export async function readAround(sources: Sources, about: About): Promise<ViewParts> {
  const { agents, nowMs } = sources;
  const ask = questions(sources.kube, sources.reader);
  const ends = await Promise.all(about.targets.map((target) => meant(ask, target)));
  const endPods = distinct(ends.flatMap(({ pods }) => pods.toSorted(byUse).slice(0, MOST_PODS)));
  const asked = ends.flatMap(({ services }) => services);
  const services = await readServices(ask, { asked, endPods, nodePorts: nodePortsOf(about.targets, ends) });
  const [backends, nameServers, twins] = await Promise.all([
    readBackends(ask, services, new Set(asked.map(placeOf))),
    gather(services.filter(servesNames), ({ namespace, selector }) => ask.podsOf(namespace, selector)),
    gather(endPods, ({ ip, hostNetwork }) => (ip === undefined || hostNetwork ? [] : ask.podsAt(ip))),
  ]);

  const path = [...endPods, ...backends.measured].flatMap(({ node }) => node ?? []);
  const named = ends.flatMap(({ nodes }) => nodes);
  const nodes = about.nodes ?? (await withControls([...named, ...path], nameServers, agents));
  const spaces = [
    ...new Set([...[...endPods, ...asked].map(({ namespace }) => namespace), ...(about.namespaces ?? [])]),
  ];
  // Of a node that is shown every pod is shown: what is missing would seem to be missing there.
  const [nodeViews, leases, onNodes, here, events, policies, ingresses, namespaces] = await Promise.all([
    gather(nodes, ask.nodesNamed),
    gather(nodes, ask.leaseOf),
    gather(nodes, ask.podsOn),
    gather(nodes, async (node) => (await agents.at(node)) ?? []),
    Promise.all([
      gather(distinct([...endPods, ...backends.measured]), ask.eventsOfPod),
      gather(nodes, ask.eventsOfNode),
    ]),
    gatherAllowed(spaces, ask.policiesIn),
    about.targets.some(({ kind }) => kind === "address" || kind === "host")
      ? ask.allIngresses()
      : gatherAllowed(spaces, ask.ingressesIn),
    gatherAllowed(spaces, ask.namespaceNamed),
  ]);
  const ofDaemons = onNodes.filter(({ owner }) => owner?.kind === "DaemonSet");
  const waiting = await gather(
    [...new Set(["kube-system", ...ofDaemons.map(({ namespace }) => namespace)])],
    ask.podsWaiting,
  );
  const due = waiting.filter(({ wantsNode }) => wantsNode !== undefined && nodes.includes(wantsNode));
  const unwell = [...due, ...ofDaemons.filter(({ ready }) => !ready)];
  const whys = await gather(unwell, ask.eventsOfPod);
  return {
    partial: true,
    pods: distinct([
      ...ends.flatMap(({ pods }) => pods),
      ...twins,
      ...backends.measured,
      ...backends.selected,
      ...nameServers,
      ...onNodes,
      ...due,
    ]),
    nodes: withLeases(nodeViews, leases, nowMs()),
    services,
    agents: [...new Map(here.map((agent) => [agent.pod, agent])).values()],
    events: [...events.flat(), ...whys],
    ...(policies ? { policies } : {}),
    ...(ingresses ? { ingresses } : {}),
    ...(namespaces ? { namespaces } : {}),
  };
}

type Meant = {
  readonly pods: readonly PodView[];
  readonly services: readonly ServiceView[];
  readonly nodes: readonly string[];
};

/** Everything that an end may mean. */
async function meant(ask: Questions, target: Target): Promise<Meant> {
  const nothing = { pods: [], services: [], nodes: [] };
  switch (target.kind) {
    case "pod":
      return { ...nothing, pods: await ask.podsNamed(target.name, target.namespace) };
    case "service":
      return { ...nothing, services: await ask.servicesNamed(target.name, target.namespace) };
    case "deployment": {
      const found = await ask.deploymentsNamed(target.name, target.namespace);
      const pods = await gather(found.slice(0, MOST_PODS), ({ namespace, labels }) => ask.podsOf(namespace, labels));
      return { ...nothing, pods };
    }
    case "node":
      return { ...nothing, nodes: [target.name] };
    case "address": {
      const [pods, services] = await Promise.all([ask.podsAt(target.ip), ask.servicesAt(target.ip)]);
      // Pods on the network of a node have its address: that is how a node is found by it.
      return { pods, services, nodes: pods.flatMap(({ hostNetwork, node }) => (hostNetwork && node ? [node] : [])) };
    }
    case "host": {
      const [name = "", namespace, svc] = target.name.split(".");
      return svc === "svc" ? { ...nothing, services: await ask.servicesNamed(name, namespace) } : nothing;
    }
  }
}

/** Ports that are asked for at a node. */
const nodePortsOf = (targets: readonly Target[], ends: readonly Meant[]): number[] =>
  targets.flatMap(({ port }, index) => (port !== undefined && (ends[index]?.nodes.length ?? 0) > 0 ? [port] : []));

/** The asked ones, those that lead to the ends, and those that every pod needs; with their endpoints. */
async function readServices(
  ask: Questions,
  {
    asked,
    endPods,
    nodePorts,
  }: {
    readonly asked: readonly ServiceView[];
    readonly endPods: readonly PodView[];
    readonly nodePorts: readonly number[];
  },
): Promise<ServiceView[]> {
  const spaces = [...new Set(endPods.map(({ namespace }) => namespace))];
  const [leading, names, openShift, api, behindPorts] = await Promise.all([
    gather(spaces, (space) =>
      ask.servicesIn(space, (service) => endPods.some((pod) => pod.namespace === space && selects(service, pod))),
    ),
    ask.servicesIn("kube-system", servesNames),
    ask.servicesNamed("dns-default", "openshift-dns"),
    ask.servicesNamed("kubernetes", "default"),
    gather(nodePorts, ask.servicesWithNodePort),
  ]);
  const services = distinct([...asked, ...leading, ...names, ...openShift, ...api, ...behindPorts]);
  const bySpace = Map.groupBy(services, ({ namespace }) => namespace);
  const slices = await gather([...bySpace], ([space, some]) =>
    ask.slicesOf(
      space,
      some.map(({ name }) => name),
    ),
  );
  return withEndpoints(services, slices);
}

/** `measured`: pods that an end may be measured at; `selected`: all those that the selectors of the Services pick. */
async function readBackends(ask: Questions, services: readonly ServiceView[], asked: ReadonlySet<string>) {
  const leading = services.filter(({ namespace, name, ports }) => {
    const isAsked = asked.has(`${namespace}/${name}`);
    return isAsked || ports.some(({ nodePort }) => nodePort !== undefined);
  });
  const [measured, selected] = await Promise.all([
    gather(leading, ({ namespace, endpoints }) => {
      const ready = endpoints.find((endpoint) => endpoint.ready);
      const wanted = new Set([ready, ...endpoints.slice(0, MOST_BACKENDS)].flatMap((endpoint) => endpoint?.pod ?? []));
      return gather([...wanted], (pod) => ask.podsNamed(pod, namespace));
    }),
    gather(services, async ({ namespace, selector, name }) => {
      const found = await ask.podsOf(namespace, selector);
      // A selector that picks nobody may be a label away from somebody.
      const isMissing = found.length === 0 && Object.keys(selector).length > 0;
      return isMissing && asked.has(`${namespace}/${name}`) ? ask.podsIn(namespace) : found;
    }),
  ]);
  return { measured, selected };
}

/** The nodes of the path, some more with an agent that is ready, and those of the name servers that the plan may choose. */
async function withControls(
  path: readonly string[],
  nameServers: readonly PodView[],
  agents: Agents,
): Promise<string[]> {
  const taken = new Set(path);
  const others = (await agents.some()).filter(({ node, ready }) => ready && !taken.has(node));
  for (const { node } of others.slice(0, CONTROLS)) taken.add(node);
  const servers = nameServers
    .filter(({ node }) => node !== undefined && !taken.has(node))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  for (const { node } of servers.slice(0, MOST_NAME_SERVERS)) if (node !== undefined) taken.add(node);
  return [...taken];
}

const placeOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

function distinct<T extends { readonly namespace: string; readonly name: string }>(objects: readonly T[]): T[] {
  return [...new Map(objects.map((object) => [placeOf(object), object])).values()];
}

/** Those that can be measured first. */
const byUse = (a: PodView, b: PodView): number => Number(isUsable(b)) - Number(isUsable(a));
const isUsable = ({ ready, ip, deletedAtMs }: PodView): boolean =>
  ready && ip !== undefined && deletedAtMs === undefined;

function selects({ selector }: ServiceView, { labels }: PodView): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

const servesNames = ({ ports }: ServiceView): boolean =>
  ports.some(({ port, protocol }) => port === 53 && protocol === "UDP");

async function gather<T, R>(
  things: readonly T[],
  ask: (thing: T) => R | readonly R[] | Promise<R | readonly R[]>,
): Promise<R[]> {
  const answers = await Promise.all(things.map(async (thing) => ask(thing)));
  return answers.flat() as R[];
}

/** Undefined when none of them may be read. */
async function gatherAllowed<T, R>(
  things: readonly T[],
  ask: (thing: T) => Promise<R[] | undefined>,
): Promise<R[] | undefined> {
  const answers = await Promise.all(things.map(ask));
  const allowed = answers.filter((answer) => answer !== undefined);
  return allowed.length === 0 && things.length > 0 ? undefined : allowed.flat();
}
