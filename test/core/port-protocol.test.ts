import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { spokenOn } from "#src/core/port-protocol.ts";
import { cluster, viewOf } from "./simulate.ts";

const plain = viewOf(cluster(2));
const leg = (port: number) => ({ to: "pod/shop/api-1", toIp: "10.42.1.5", port, scope: "overlay" as const });

/** The cluster with a named container port, and a Service port of that name or application protocol before it. */
function named(port: number, name?: string, service?: { name?: string; appProtocol?: string }): ClusterView {
  return {
    ...plain,
    pods: plain.pods.map((pod) =>
      pod.name === "api-1"
        ? {
            ...pod,
            containers: pod.containers.map((one) => ({
              ...one,
              ports: [{ port, protocol: "TCP", ...(name ? { name } : {}) }],
            })),
          }
        : pod,
    ),
    services: service
      ? [
          {
            namespace: "shop",
            name: "api",
            clusterIp: "10.43.0.9",
            selector: {},
            ports: [{ port: 80, targetPort: port, protocol: "TCP", ...service }],
            endpoints: [{ ip: "10.42.1.5", pod: "api-1", node: "graz", ready: true, ports: [port] }],
          },
        ]
      : [],
  };
}

test.each([
  { port: 8080, view: plain, speaks: "http", why: "its number" },
  { port: 5432, view: plain, speaks: "other", why: "its number" },
  { port: 8443, view: plain, speaks: "tls", why: "its number" },
  { port: 7000, view: plain, speaks: "unknown", why: "nothing" },
  { port: 7000, view: named(7000, "http-admin"), speaks: "http", why: "its container port's name" },
  { port: 7000, view: named(7000, "web"), speaks: "http", why: "its container port's name" },
  { port: 8080, view: named(8080, "redis"), speaks: "other", why: "its container port's name, against the number" },
  { port: 8080, view: named(8080, "grpc-api"), speaks: "other", why: "its container port's name, against the number" },
  {
    port: 7000,
    view: named(7000, undefined, { appProtocol: "http" }),
    speaks: "http",
    why: "the Service's appProtocol",
  },
  {
    port: 7000,
    view: named(7000, "http", { appProtocol: "kubernetes.io/h2c" }),
    speaks: "other",
    why: "the Service's appProtocol",
  },
  { port: 7000, view: named(7000, undefined, { name: "https" }), speaks: "tls", why: "the Service port's name" },
  { port: 5432, view: named(5432, "main"), speaks: "other", why: "its number, when the name says nothing" },
])("port $port speaks $speaks by $why", ({ port, view, speaks }) => {
  expect(spokenOn(leg(port), view)).toBe(speaks);
});

test("a Service address is judged by the Service's own port", () => {
  const view = named(7000, undefined, { name: "http" });
  expect(spokenOn({ to: "address/10.43.0.9", toIp: "10.43.0.9", port: 80, scope: "service" }, view)).toBe("http");
});
