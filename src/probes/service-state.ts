import type { ClusterView } from "../core/cluster-view.ts";
import { evidenceOf } from "../core/evidence.ts";
import type { ClusterProbe } from "../core/probe.ts";
import { type ServiceState, serviceStateEvidence } from "../core/service-evidence.ts";

const MAX_SERVICES = 300;
const MAX_ENDPOINTS = 100;

export const serviceState: ClusterProbe = {
  kind: "cluster",
  name: "service-state",
  read(views) {
    const newest = views.at(-1);
    if (!newest) return [];
    const ever = new Map<string, Set<string>>();
    for (const view of views)
      for (const { namespace, name, endpoints } of view.services) {
        const key = `${namespace}/${name}`;
        const ips = ever.get(key) ?? new Set();
        for (const { ip } of endpoints) ips.add(ip);
        ever.set(key, ips);
      }
    const listed = !(newest.unread ?? []).some((sentence) => sentence.includes("endpointslices"));
    return newest.services.slice(0, MAX_SERVICES).map((service) => {
      const { namespace, name, clusterIp, ports, endpoints, selector } = service;
      const pods = newest.pods.filter(
        (pod) => pod.namespace === namespace && pod.phase !== "Succeeded" && pod.phase !== "Failed",
      );
      const wanted = Object.entries(selector);
      const missing = (labels: Readonly<Record<string, string>>) =>
        wanted.filter(([key, value]) => labels[key] !== value);
      const plain = ({ ip, node, pod, ports: open }: (typeof endpoints)[number]) => ({
        ip,
        ports: open,
        ...(node === undefined ? {} : { node }),
        ...(pod === undefined ? {} : { pod }),
      });
      return evidenceOf(serviceStateEvidence, `svc/${namespace}/${name}`, newest.atMs, {
        ...(clusterIp === undefined ? {} : { clusterIp }),
        ports: ports.map(({ port, targetPort, protocol, name: portName, nodePort }) => ({
          port,
          targetPort,
          protocol,
          ...(portName === undefined ? {} : { name: portName }),
          ...(nodePort === undefined ? {} : { nodePort }),
        })),
        ready: endpoints
          .filter(({ ready }) => ready)
          .slice(0, MAX_ENDPOINTS)
          .map(plain),
        others: endpoints
          .filter(({ ready }) => !ready)
          .slice(0, MAX_ENDPOINTS)
          .map((one) => ({ ...plain(one), serving: one.serving ?? false, terminating: one.terminating ?? false })),
        listed,
        everIps: [...(ever.get(`${namespace}/${name}`) ?? [])].slice(0, 3 * MAX_ENDPOINTS),
        selector,
        selected: wanted.length === 0 ? 0 : pods.filter(({ labels }) => missing(labels).length === 0).length,
        near: pods
          .flatMap((pod) => {
            const [first, ...more] = missing(pod.labels);
            if (!first || more.length > 0 || (wanted.length === 1 && pod.labels[first[0]] === undefined)) return [];
            const value = pod.labels[first[0]];
            return [{ pod: `${namespace}/${pod.name}`, label: first[0], ...(value === undefined ? {} : { value }) }];
          })
          .slice(0, 5),
        publishNotReady: service.publishNotReadyAddresses ?? false,
        local: service.internalTrafficPolicy === "Local",
        ...(service.externalTrafficPolicy === "Local" ? { externalLocal: true } : {}),
        ...(service.sessionAffinity === "ClientIP" ? { sticky: true } : {}),
        ...movesOf(views, namespace, name),
      });
    });
  },
};

const MAX_MOVES = 50;

/** Ready endpoints that one view has and the next has not, or the other way round. */
function movesOf(views: readonly ClusterView[], namespace: string, name: string): Pick<ServiceState, "moves"> {
  const readings = views.map(({ atMs, services }) => ({
    atMs,
    ready: services
      .find((service) => service.namespace === namespace && service.name === name)
      ?.endpoints.flatMap(({ ip, ready }) => (ready ? [ip] : [])),
  }));
  const moves = readings.flatMap(({ atMs, ready }, index) => {
    const before = readings[index - 1];
    if (!ready || !before?.ready) return [];
    const between = { afterMs: before.atMs, beforeMs: atMs };
    return [
      ...ready.filter((ip) => !before.ready?.includes(ip)).map((ip) => ({ ip, came: true, ...between })),
      ...before.ready.filter((ip) => !ready.includes(ip)).map((ip) => ({ ip, came: false, ...between })),
    ];
  });
  return moves.length > 0 ? { moves: moves.slice(-MAX_MOVES) } : {};
}
