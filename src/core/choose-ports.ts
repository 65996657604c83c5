import type { ClusterView, PodView, ServiceView } from "./cluster-view.ts";
import type { End, Gap } from "./plan.ts";
import { say } from "./sentence.ts";

/** Ports that TCP is measured to. `service` is the port of the Service address, `target` and `source` those of pods. */
export type Ports = {
  readonly service: number | undefined;
  readonly target: number | undefined;
  readonly source: number | undefined;
  readonly gaps: readonly Gap[];
};

/**
 * Finds a real port at both ends: the one that was asked for, else what a Service sends to the pod, else what the pod
 * declares. Whether something listens there is for the measurement to say.
 */
export function choosePorts(from: End, to: End, view: ClusterView): Ports {
  const source = portOf(from, view);
  if (to.kind === "service") {
    const service = view.services.find((candidate) => `svc/${candidate.namespace}/${candidate.name}` === to.name);
    const tcp = service?.ports.filter(({ protocol }) => protocol === "TCP") ?? [];
    const port = to.port ?? tcp[0]?.port;
    const target = service && port !== undefined ? backendPort(service, port, to.backend) : undefined;
    return { service: port, target, source, gaps: port === undefined ? [noPort(to)] : [] };
  }
  const target = portOf(to, view);
  const answers = to.kind === "pod";
  return { service: undefined, target, source, gaps: target === undefined && answers ? [noPort(to)] : [] };
}

/** The port of a backend that a Service port leads to, by the endpoints; falls back to a numeric target port. */
export function backendPort(service: ServiceView, port: number, pod?: string): number | undefined {
  const tcp = service.ports.filter(({ protocol }) => protocol === "TCP");
  const index = tcp.findIndex((candidate) => candidate.port === port);
  const endpoint = service.endpoints.find((candidate) => candidate.pod === pod) ?? service.endpoints[0];
  // Ports of Services and endpoints belong together by name, in whatever order they come.
  const named = endpoint?.named?.find(({ name, protocol }) => protocol === "TCP" && name === (tcp[index]?.name ?? ""));
  if (named) return named.port;
  const declared = tcp[index]?.targetPort;
  if (typeof declared === "number") return declared;
  return endpoint?.ports[Math.max(0, index)] ?? endpoint?.ports[0];
}

function portOf(end: End, view: ClusterView): number | undefined {
  if (end.port !== undefined) return end.port;
  if (end.kind !== "pod") return undefined;
  const pod = view.pods.find(({ namespace, name }) => `${namespace}/${name}` === end.name);
  return pod ? (servedPort(pod, view) ?? declaredPort(pod)) : undefined;
}

/** What some Service sends to this pod. */
function servedPort(pod: PodView, view: ClusterView): number | undefined {
  for (const service of view.services) {
    const mine = service.endpoints.some((endpoint) => endpoint.ip === pod.ip || namesPod(endpoint.pod, pod));
    const port = service.ports.find(({ protocol }) => protocol === "TCP")?.port;
    if (service.namespace === pod.namespace && mine && port !== undefined) return backendPort(service, port, pod.name);
  }
  return undefined;
}

function declaredPort({ containers }: PodView): number | undefined {
  return containers.flatMap(({ ports }) => ports).find(({ protocol }) => protocol === "TCP")?.port;
}

function namesPod(reference: string | undefined, { namespace, name }: PodView): boolean {
  return reference === name || reference === `${namespace}/${name}`;
}

function noPort(end: End): Gap {
  return {
    probe: "tcp",
    subject: end.name,
    reason: say("no TCP port is asked for, served or declared; name one as {name}:8080 to have it measured", {
      name: end.name,
    }),
  };
}

/** An address and TCP port at which a Service is reached. */
export type ServiceTarget = { readonly ip: string; readonly port: number };

/**
 * Services that tell whether a node sends Service connections on at all, although the check is about pods: the one that
 * leads to the target, and one that every pod needs: the cluster's name server, or else the Kubernetes API.
 */
export function witnessServices(
  to: End,
  target: number | undefined,
  { services, pods }: ClusterView,
): { readonly own: ServiceTarget | undefined; readonly common: ServiceTarget | undefined } {
  if (to.kind === "service") return { own: undefined, common: undefined };
  const reached = (service: ServiceView, wanted: (port: ServiceView["ports"][number]) => boolean): ServiceTarget[] => {
    const port = service.ports.find((one) => one.protocol === "TCP" && wanted(one))?.port;
    const ready = service.endpoints.some((endpoint) => endpoint.ready);
    return service.clusterIp && ready && port !== undefined ? [{ ip: service.clusterIp, port }] : [];
  };
  const pod = pods.find(({ namespace, name }) => to.kind === "pod" && `${namespace}/${name}` === to.name);
  const own = services
    .filter(({ namespace, endpoints }) => namespace === pod?.namespace && endpoints.some(({ ip }) => ip === pod?.ip))
    .flatMap((service) => reached(service, ({ port }) => backendPort(service, port, pod?.name) === target))[0];
  const named = services.flatMap((service) => reached(service, ({ port }) => /dns/.test(service.name) && port === 53));
  const api = services
    .filter(({ namespace, name }) => namespace === "default" && name === "kubernetes")
    .flatMap((service) => reached(service, () => true));
  return { own, common: named[0] ?? api[0] };
}
