import { lookup } from "node:dns/promises";
import type { ClusterView, PodView } from "../core/cluster-view.ts";
import { NetcheckError } from "../core/errors.ts";
import { type Found, findTarget } from "../core/nearest.ts";
import type { End } from "../core/plan.ts";
import { say, type Text } from "../core/sentence.ts";
import { type Target, targetText } from "../core/target.ts";
import type { Agent, Agents } from "./agents.ts";
import { ExecError } from "./exec-error.ts";
import { runExec } from "./exec-run.ts";
import type { Kube } from "./kube-client.ts";
import type { Names } from "./names.ts";
import { type Deployment, questions } from "./view-questions.ts";
import { viewReader } from "./view-reader.ts";
import { settled } from "./within.ts";

const LOOKUP_TIMEOUT_MS = 5_000;
/** A wrong name is answered without the right ones when they take longer to find. */
const NAMES_TIMEOUT_MS = 5_000;

/** `from`: the end from which packets will be sent; host names are looked up there, in the family of its address. */
export type Resolver = (target: Target, view: ClusterView, options?: { readonly from?: End }) => Promise<End>;

/**
 * Turns what was typed into an end of the path. A deployment becomes one of its ready pods, a service its address with a ready
 * backend, an address the pod, node or service that has it, a host name the address that the agent of the node of `from` sees (else
 * any agent, else this process). Throws NetcheckError `not-found` with the nearest right forms. `readNames` is asked for these
 * when they may be among what was not read.
 */
export function resolver({
  kube,
  agents,
  readNames,
}: {
  kube: Kube;
  agents: Agents;
  readNames: () => Promise<Names>;
}): Resolver {
  const ask = questions(kube, viewReader(kube));
  return async (target, view, { from } = {}) => {
    const service = target.kind === "host" ? serviceNamed(target, view) : undefined;
    if (service) return resolveNamed(service, view, []);
    if (target.kind === "host") {
      const ip = await addressOf(target.name, { kube, agents, from });
      return { kind: "address", name: target.name, ip, ...portOf(target) };
    }
    const isDeployment = target.kind === "deployment";
    const deployments = isDeployment ? await ask.deploymentsNamed(target.name, target.namespace) : [];
    const result = findTarget(namesOf(view, deployments), target);
    if ("found" in result) return endOf(result.found, target, view, deployments);
    const isElsewhere = result.problem === "unknown" && (view.partial || isDeployment);
    const names = isElsewhere ? await settled(ifAnswered(readNames()), NAMES_TIMEOUT_MS) : undefined;
    const wider = names && findTarget(names, target);
    throw notFound(target, wider && "problem" in wider ? wider : result);
  };
}

/** That there is no such name is known; the right ones are a courtesy. */
function ifAnswered(names: Promise<Names>): Promise<Names | undefined> {
  return names.catch((error: unknown) => {
    if (error instanceof NetcheckError) return undefined;
    throw error;
  });
}

/** The pure part: everything but host names, which need a question to somebody. */
export function resolveNamed(target: Target, view: ClusterView, deployments: readonly Deployment[]): End {
  const result = findTarget(namesOf(view, deployments), target);
  if ("problem" in result) throw notFound(target, result);
  return endOf(result.found, target, view, deployments);
}

function namesOf(view: ClusterView, deployments: readonly Deployment[]): Names {
  return {
    pods: view.pods.map(({ namespace, name, phase, ip, node }) => ({
      namespace,
      name,
      phase,
      ...(ip === undefined ? {} : { ip }),
      ...(node === undefined ? {} : { node }),
    })),
    services: view.services.map(({ namespace, name, clusterIp, ports }) => ({
      namespace,
      name,
      ...(clusterIp === undefined ? {} : { ip: clusterIp }),
      ports: ports.map(({ port }) => port),
    })),
    deployments: deployments.map(({ namespace, name }) => ({ namespace, name })),
    nodes: view.nodes.map(({ name, ip }) => ({ name, ip })),
  };
}

function endOf(found: Found, target: Target, view: ClusterView, deployments: readonly Deployment[]): End {
  switch (found.kind) {
    case "pod": {
      const pod = view.pods.find(({ namespace, name }) => namespace === found.namespace && name === found.name);
      if (!pod) throw new TypeError(`${found.text} was found in the view and is not in it`);
      return podEnd(pod, target);
    }
    case "node":
      return { kind: "node", name: found.name, ip: found.ip ?? "", node: found.name, ...portOf(target) };
    case "deployment": {
      const labels =
        deployments.find((one) => one.namespace === found.namespace && one.name === found.name)?.labels ?? {};
      const pods = view.pods.filter((pod) => pod.namespace === found.namespace && matches(pod, labels));
      const pod = pods.find(usable) ?? pods.find(({ ip }) => ip !== undefined);
      if (!pod) throw new NetcheckError("not-found", say("{name} has no pod with an address.", { name: found.text }));
      return podEnd(pod, target);
    }
    case "service":
      return serviceEnd(found, target, view);
    case "address":
      return addressEnd(found, target, view);
    case "host":
      throw new TypeError("host names are resolved elsewhere");
  }
}

const usable = (pod: PodView) => pod.ready && pod.ip !== undefined && pod.deletedAtMs === undefined;
const portOf = ({ port }: Target) => (port === undefined ? {} : { port });

function matches(pod: PodView, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(labels);
  return wanted.length > 0 && wanted.every(([key, value]) => pod.labels[key] === value);
}

function podEnd(pod: PodView, target: Target): End {
  const name = `${pod.namespace}/${pod.name}`;
  if (pod.ip === undefined)
    throw new NetcheckError("not-found", say("{name} has no address: it is {phase}.", { name, phase: pod.phase }));
  return { kind: "pod", name, ip: pod.ip, ...(pod.node ? { node: pod.node } : {}), ...portOf(target) };
}

function serviceEnd(found: Found, target: Target, view: ClusterView): End {
  const service = view.services.find(({ namespace, name }) => namespace === found.namespace && name === found.name);
  const name = `svc/${found.namespace}/${found.name}`;
  const backend = service?.endpoints.find(({ ready }) => ready) ?? service?.endpoints[0];
  const ip = service?.clusterIp ?? backend?.ip;
  if (ip === undefined)
    throw new NetcheckError("not-found", say("{name} has neither an address nor an endpoint.", { name }));
  // Without a port in the command the first one of the service is meant; headless services pass ports on as they are.
  const port = target.port ?? (service?.clusterIp ? service.ports[0]?.port : backend?.ports[0]);
  return {
    kind: "service",
    name,
    ip,
    ...(backend?.node ? { node: backend.node } : {}),
    ...(port === undefined ? {} : { port }),
    ...(backend?.pod ? { backend: `${found.namespace}/${backend.pod}` } : {}),
  };
}

function addressEnd(found: Found, target: Target, view: ClusterView): End {
  const ip = found.name;
  const pod = view.pods.find(
    (one) => one.ip === ip && !one.hostNetwork && !["Succeeded", "Failed"].includes(one.phase),
  );
  if (pod) return podEnd(pod, target);
  const node = view.nodes.find((one) => one.ip === ip);
  if (node) return { kind: "node", name: node.name, ip, node: node.name, ...portOf(target) };
  const service = view.services.find(({ clusterIp }) => clusterIp === ip);
  if (service)
    return serviceEnd({ ...found, kind: "service", namespace: service.namespace, name: service.name }, target, view);
  return { kind: "address", name: ip, ip, ...portOf(target) };
}

/** `web.shop.svc` and `web.shop.svc.cluster.local` are services, if the cluster has them. */
function serviceNamed(target: Target, view: ClusterView): Target | undefined {
  const [name, namespace, svc] = target.kind === "host" ? target.name.split(".") : [];
  if (svc !== "svc" || !view.services.some((one) => one.name === name && one.namespace === namespace)) return undefined;
  return { kind: "service", name: name ?? "", namespace, ...portOf(target) };
}

const anyOf = (names: readonly Text[]): Text => names.reduce((all, one) => say("{all} or {one}", { all, one }));

function notFound(
  target: Target,
  { problem, nearest }: Exclude<ReturnType<typeof findTarget>, { found: Found }>,
): NetcheckError {
  const name = targetText(target);
  const meant = nearest.length > 0 ? { hint: say("Try {names}.", { names: anyOf(nearest) }) } : {};
  switch (problem) {
    case "ambiguous":
      return new NetcheckError("not-found", say("{name} exists in several namespaces.", { name }), meant);
    case "no-ip":
      return new NetcheckError("not-found", say("{name} has no address yet.", { name }), meant);
    case "unknown":
      return new NetcheckError("not-found", say("There is no {name}.", { name }), meant);
  }
}

/**
 * Asks where the packets will start; the worker's own resolver is the last resort. Who has an IPv6 address is led to one of these, and
 * may still reach IPv4 (NAT64, or a second address); who has IPv4 gets nothing else.
 */
async function addressOf(
  name: string,
  { kube, agents, from }: { kube: Kube; agents: Agents; from: End | undefined },
): Promise<string> {
  const near = from?.node === undefined ? undefined : await agents.at(from.node);
  const families = from?.ip.includes(":") ? ([6, 4] as const) : ([4] as const);
  const agent = near?.ready ? near : (await agents.some()).find((one) => one.ready);
  if (agent) {
    for (const family of families) {
      const ip = await askAgent(kube, agent, [`ahostsv${family}`, name]);
      if (ip) return ip;
    }
  }
  const found = await Promise.allSettled(families.map((family) => lookup(name, { family })));
  const address = found.find((one) => one.status === "fulfilled")?.value.address;
  if (address !== undefined) return address;
  throw new NetcheckError("not-found", say("No address is known for {name}.", { name }), {
    hint: say("Check the name, or give an IP."),
    cause: found.find((one) => one.status === "rejected")?.reason,
  });
}

/** The first address that `getent` says in an agent; what is IPv4 in the clothes of IPv6 is none. */
async function askAgent(kube: Kube, agent: Agent, words: readonly string[]): Promise<string | undefined> {
  const { namespace, pod, container } = agent;
  const request = { namespace, pod, container, command: ["getent", ...words] };
  const result = await runExec(kube.exec, request, { timeoutMs: LOOKUP_TIMEOUT_MS, maxBytes: 100_000 }).catch(
    (error) => {
      if (error instanceof ExecError) return undefined;
      throw error;
    },
  );
  const ip = result?.stdout.toString().split(/\s/, 1)[0];
  return ip?.startsWith("::ffff:") ? undefined : ip;
}
