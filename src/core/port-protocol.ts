import type { ClusterView, ServiceView } from "./cluster-view.ts";
import type { Leg } from "./plan.ts";

/** What a port speaks, and so what may be said to it: one HTTP request, the beginning of a TLS handshake, or nothing. */
export type Speaks = "http" | "tls" | "other" | "unknown";

/**
 * What a port speaks, by what people wrote about it: `appProtocol` and name of the Service port, name of the container
 * port, and last its number. Words of other protocols outrank the number, so that nothing is ever written to a database
 * that happens to sit on 8080; a port that nothing is known of is "unknown" and gets no byte.
 */
export function spokenOn(leg: Pick<Leg, "to" | "toIp" | "port" | "scope">, view: ClusterView): Speaks {
  const { port } = leg;
  if (port === undefined) return "unknown";
  for (const word of wordsFor(leg, port, view)) {
    const known = byWord(word);
    if (known) return known;
  }
  return byNumber(port);
}

function* wordsFor({ to, toIp, scope }: Pick<Leg, "to" | "toIp" | "scope">, port: number, view: ClusterView) {
  const pod = view.pods.find(({ namespace, name }) => to === `pod/${namespace}/${name}`);
  for (const service of view.services)
    for (const [index, declared] of service.ports.entries())
      if (
        scope === "service" ? service.clusterIp === toIp && declared.port === port : leads(service, index, toIp, port)
      )
        yield* [declared.appProtocol, declared.name].filter((word) => word !== undefined);
  for (const { ports } of pod?.containers ?? [])
    for (const declared of ports) if (declared.port === port && declared.name !== undefined) yield declared.name;
}

/** Whether a Service port ends at this port of a pod. */
function leads({ endpoints, ports }: ServiceView, index: number, ip: string, port: number): boolean {
  const endpoint = endpoints.find((candidate) => candidate.ip === ip);
  const target = ports[index]?.targetPort;
  return endpoint !== undefined && (typeof target === "number" ? target === port : endpoint.ports[index] === port);
}

/** Names by the conventions of Kubernetes and service meshes: `http`, `http-admin`, `kubernetes.io/h2c`. */
function byWord(word: string): Speaks | undefined {
  const first = word.toLowerCase().replace(/^kubernetes\.io\//, "");
  if (/^(https|tls|ssl|wss)\b/.test(first)) return "tls";
  // HTTP/2 without an upgrade does not understand a plain request.
  if (/^(http2|h2c|grpc|grpc-web)\b/.test(first)) return "other";
  if (/^(http|web|ws)\b/.test(first)) return "http";
  if (OTHERS.test(first)) return "other";
  return undefined;
}

const OTHERS =
  /^(tcp|udp|mongo|mysql|mariadb|pg|postgres|postgresql|redis|memcache|memcached|kafka|amqp|mqtt|ldap|smtp|imap|ssh|ftp|dns|nats|zookeeper|cassandra|cql|thrift)\b/;

/** Numbers that hardly anything but HTTP is found on. */
const HTTP = new Set([
  80, 81, 3000, 5000, 8000, 8001, 8008, 8080, 8081, 8082, 8083, 8088, 8090, 8888, 9090, 9200, 15_021,
]);
const TLS = new Set([443, 6443, 8443, 9443, 10_250]);
const OTHER = new Set([
  21, 22, 23, 25, 53, 88, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2049, 2181, 2379, 2380, 3306, 4222,
  5432, 5671, 5672, 6379, 9042, 9092, 11_211, 26_379, 27_017, 50_051,
]);

function byNumber(port: number): Speaks {
  if (HTTP.has(port)) return "http";
  if (TLS.has(port)) return "tls";
  return OTHER.has(port) ? "other" : "unknown";
}
