import { backendPort } from "./choose-ports.ts";
import type { ClusterView, NodeView, PodView, ServiceView } from "./cluster-view.ts";
import type { DnsPlan } from "./dns-plan.ts";
import type { End, Gap, Vantage } from "./plan.ts";
import { say } from "./sentence.ts";

/** A node that is no part of the path, and a pod on it when there is one. */
type Third = { readonly node: Vantage; readonly pod: Vantage | undefined };

/** The vantage points of a check by their part in it. */
export type Chosen = {
  readonly source: Vantage | undefined;
  readonly target: Vantage | undefined;
  readonly fromNode: Vantage | undefined;
  readonly toNode: Vantage | undefined;
  readonly fromSibling: Vantage | undefined;
  readonly toSibling: Vantage | undefined;
  readonly thirds: readonly Third[];
  /** Further backends of a Service, with the port that they serve. */
  readonly backends: readonly { readonly vantage: Vantage; readonly port: number | undefined }[];
  /** Pods of the cluster's name service. */
  readonly nameServers: readonly Vantage[];
  readonly vantages: readonly Vantage[];
  /** Ids of those at which something can be run: their node has an agent, their pod runs. */
  readonly measurable: ReadonlySet<string>;
  readonly gaps: readonly Gap[];
};

const MAX_THIRDS = 2;
const MAX_BACKENDS = 2;

/** Chooses where to measure. The same cluster and request always give the same points. */
export function chooseVantages(from: End, to: End, view: ClusterView, dns?: DnsPlan): Chosen {
  const point = pointMaker(view, dns);
  const source = point.end(from, "from");
  const target = point.end(to, "to");
  const fromNode = source ? point.node(source.node, "from-node") : undefined;
  const toNode = target ? point.node(target.node, "to-node") : undefined;
  const taken = new Set([source?.id, target?.id]);
  const backends = point.backends(to, target, taken);
  for (const { vantage } of backends) taken.add(vantage.id);
  const fromSibling = fromNode ? point.podOn(fromNode.node, taken) : undefined;
  taken.add(fromSibling?.id);
  const toSibling = toNode && toNode.node !== fromNode?.node ? point.podOn(toNode.node, taken) : undefined;
  taken.add(toSibling?.id);

  const busy = new Set([fromNode?.node, toNode?.node]);
  const others = view.nodes.filter(({ name, ready }) => !busy.has(name) && ready === "True" && point.hasAgent(name));
  const thirds = others
    .map(({ name }): Third | undefined => {
      const node = point.node(name, "control");
      return node ? { node, pod: point.podOn(name, taken) } : undefined;
    })
    .filter((third) => third !== undefined)
    .toSorted((a, b) => Number(b.pod !== undefined) - Number(a.pod !== undefined))
    .slice(0, MAX_THIRDS);
  for (const { pod } of thirds) taken.add(pod?.id);

  const chosen = [
    source,
    target,
    fromNode,
    toNode,
    fromSibling,
    toSibling,
    ...thirds.flatMap(({ node, pod }) => [node, pod]),
  ];
  const all = [...chosen, ...backends.map(({ vantage }) => vantage)].filter((vantage) => vantage !== undefined);
  const nameServers = point.nameServers();
  // Readings need the node of every point, also of backends.
  const nodes = all.map(({ node }) => point.node(node, "control")).filter((vantage) => vantage !== undefined);
  // The first mention counts: an end that is a node is an end, and only then its own node.
  const vantages = [
    ...new Map([...all, ...nodes, ...nameServers].toReversed().map((vantage) => [vantage.id, vantage])).values(),
  ].toSorted((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || a.id.localeCompare(b.id));
  const measurable = new Set(vantages.filter((vantage) => point.runs(vantage)).map(({ id }) => id));
  return {
    source,
    target,
    fromNode: fromNode && distinct(fromNode, source),
    toNode: toNode && distinct(toNode, target),
    fromSibling,
    toSibling,
    thirds,
    backends,
    nameServers,
    vantages,
    measurable,
    gaps: gapsOf(vantages, measurable, point, { from, to, source, target }),
  };
}

const ROLES: readonly Vantage["role"][] = ["from", "to", "from-node", "to-node", "control", "dns"];

/** When an end is the node itself there is no segment between them. */
function distinct(node: Vantage, end: Vantage | undefined): Vantage {
  return end?.id === node.id ? end : node;
}

function pointMaker(view: ClusterView, dns: DnsPlan | undefined) {
  const nodeView = (name: string | undefined): NodeView | undefined => view.nodes.find((node) => node.name === name);
  const agents = new Set(view.agents.filter(({ ready }) => ready).map(({ node }) => node));
  const agentNamespaces = new Set(view.agents.map(({ namespace }) => namespace));
  const usable = (pod: PodView): boolean =>
    pod.phase === "Running" && pod.ready && pod.deletedAtMs === undefined && !pod.hostNetwork && pod.ip !== undefined;
  const zoned = (node: string): { readonly zone?: string } => {
    const zone = nodeView(node)?.zone;
    return zone === undefined ? {} : { zone };
  };

  const node = (name: string, role: Vantage["role"]): Vantage | undefined => {
    const found = nodeView(name);
    if (!found) return undefined;
    return { id: `node/${name}`, label: name, node: name, netns: "node", ip: found.ip, role, ...zoned(name) };
  };
  const pod = (found: PodView, role: Vantage["role"]): Vantage | undefined => {
    if (found.node === undefined) return undefined;
    // A pod on the host's network has nothing of its own: its packets are the node's.
    if (found.hostNetwork) return node(found.node, role);
    const label = `${found.namespace}/${found.name}`;
    const ip = found.ip ?? "";
    return { id: `pod/${label}`, label, node: found.node, netns: found.uid, ip, role, ...zoned(found.node) };
  };
  const nameOf = ({ namespace, name }: PodView): string => `${namespace}/${name}`;
  const servesNames = (candidate: PodView): boolean =>
    dns?.servers.some(({ label }) => label === nameOf(candidate)) ?? false;
  const podNamed = (name: string | undefined): PodView | undefined =>
    view.pods.find((candidate) => `${candidate.namespace}/${candidate.name}` === name);

  return {
    node,
    hasAgent: (name: string): boolean => agents.has(name),
    end: ({ kind, name, backend, ip }: End, role: "from" | "to"): Vantage | undefined => {
      if (kind === "node") return node(name, role);
      const found = podNamed(kind === "service" ? backend : name);
      if (found) return pod(found, role);
      if (kind !== "address") return undefined;
      // An address that belongs to the cluster is measured as what it is.
      const owner = view.pods.find((candidate) => candidate.ip === ip && !candidate.hostNetwork && usable(candidate));
      const host = view.nodes.find((candidate) => candidate.ip === ip);
      return owner ? pod(owner, role) : host ? node(host.name, role) : undefined;
    },
    nameServers: (): readonly Vantage[] =>
      (dns?.servers ?? []).flatMap(({ label }) => {
        const found = podNamed(label);
        const vantage = found && !found.hostNetwork && nodeView(found.node) ? pod(found, "dns") : undefined;
        return vantage ? [vantage] : [];
      }),
    /** A healthy-looking pod of a node that has no part in the check yet; netcheck's own agents are none. */
    podOn: (name: string, taken: ReadonlySet<string | undefined>): Vantage | undefined => {
      const found = view.pods
        .filter(
          (candidate) => candidate.node === name && usable(candidate) && !agentNamespaces.has(candidate.namespace),
        )
        .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
        // Name servers ask nobody as other pods do: they are compared with only where there is nobody else.
        .toSorted((a, b) => Number(servesNames(a)) - Number(servesNames(b)))
        .find((candidate) => !taken.has(`pod/${candidate.namespace}/${candidate.name}`));
      return found && pod(found, "control");
    },
    /** Of a Service, or of the one behind the NodePort that is asked for. */
    backends: (to: End, target: Vantage | undefined, taken: ReadonlySet<string | undefined>) => {
      const atNode = target?.netns === "node" && to.kind !== "service";
      const isAsked = ({ protocol, nodePort }: ServiceView["ports"][number]): boolean =>
        atNode && protocol === "TCP" && nodePort !== undefined && nodePort === to.port;
      const service = view.services.find(
        ({ namespace, name, ports }) => `svc/${namespace}/${name}` === to.name || ports.some(isAsked),
      );
      const asked = service?.ports.find(isAsked)?.port ?? to.port;
      const port = asked ?? service?.ports.find(({ protocol }) => protocol === "TCP")?.port;
      return (service?.endpoints ?? [])
        .flatMap((endpoint) => {
          const found = view.pods.find((candidate) => candidate.ip === endpoint.ip && !candidate.hostNetwork);
          const vantage = found && pod(found, "control");
          if (!service || !vantage || taken.has(vantage.id)) return [];
          return [{ vantage, port: port === undefined ? undefined : backendPort(service, port, endpoint.pod) }];
        })
        .slice(0, MAX_BACKENDS);
    },
    runs: ({ id, node: name }: Vantage): boolean => {
      if (!agents.has(name)) return false;
      const found = podNamed(id.replace(/^pod\//, ""));
      return !id.startsWith("pod/") || (found !== undefined && found.phase === "Running");
    },
  };
}

type Point = ReturnType<typeof pointMaker>;

function gapsOf(
  vantages: readonly Vantage[],
  measurable: ReadonlySet<string>,
  point: Point,
  ends: {
    readonly from: End;
    readonly to: End;
    readonly source: Vantage | undefined;
    readonly target: Vantage | undefined;
  },
): readonly Gap[] {
  const needed = vantages.filter(({ role }) => role !== "dns");
  const nodes = [...new Set(needed.map(({ node }) => node))].filter((name) => !point.hasAgent(name));
  const pods = needed.filter(({ id, node }) => point.hasAgent(node) && !measurable.has(id));
  return [
    ...nodes.map((name) => ({
      probe: "agent",
      subject: `node/${name}`,
      reason: say("no netcheck agent is ready there: nothing was measured from this node and its pods"),
    })),
    ...pods.map(({ id }) => ({
      probe: "agent",
      subject: id,
      reason: say("the pod does not run: nothing was measured from it"),
    })),
    ...(
      [
        ["from", ends.from, ends.source],
        ["to", ends.to, ends.target],
      ] as const
    ).flatMap(([, end, vantage]) =>
      vantage || end.kind === "service" || end.cluster !== undefined
        ? []
        : [
            {
              probe: "ping",
              subject: end.name,
              reason: say("it is not in this cluster: only measured towards it, not from it"),
            },
          ],
    ),
  ];
}
