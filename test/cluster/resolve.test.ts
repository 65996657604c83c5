import { expect, test } from "vitest";
import { resolveNamed } from "#src/cluster/resolve.ts";
import type { ClusterView, PodView } from "#src/core/cluster-view.ts";
import { fullText, NetcheckError } from "#src/core/errors.ts";
import { inWords } from "#src/core/sentence.ts";
import type { Target } from "#src/core/target.ts";

const pod = (name: string, change: Partial<PodView> = {}): PodView => ({
  namespace: "shop",
  name,
  uid: `uid-${name}`,
  node: "node-1",
  ip: "10.244.1.2",
  hostNetwork: false,
  phase: "Running",
  ready: true,
  labels: {},
  containers: [],
  ...change,
});
const view: ClusterView = {
  atMs: 0,
  pods: [
    pod("web-a", { ip: "10.244.1.2", labels: { app: "web" }, ready: false }),
    pod("web-b", { ip: "10.244.1.3", labels: { app: "web" }, deletedAtMs: 1 }),
    pod("web-c", { ip: "10.244.2.4", labels: { app: "web", tier: "x" }, node: "node-2" }),
    pod("job-1", { ip: "10.244.9.9", phase: "Succeeded", ready: false }),
    pod("api-1", { ip: "10.244.9.9", node: "node-2" }),
    pod("proxy", { ip: "192.168.50.11", hostNetwork: true }),
  ],
  nodes: [{ name: "node-1", ip: "192.168.50.11", ready: "True", podCidrs: [] }],
  services: [
    {
      namespace: "shop",
      name: "web",
      clusterIp: "10.96.0.80",
      selector: {},
      ports: [{ port: 80, targetPort: 8080, protocol: "TCP" }],
      endpoints: [
        { ip: "10.244.1.2", pod: "web-a", node: "node-1", ready: false, ports: [8080] },
        { ip: "10.244.2.4", pod: "web-c", node: "node-2", ready: true, ports: [8080] },
      ],
    },
    {
      namespace: "shop",
      name: "headless",
      selector: {},
      ports: [{ port: 90, targetPort: 9090, protocol: "TCP" }],
      endpoints: [{ ip: "10.244.2.4", pod: "web-c", node: "node-2", ready: true, ports: [9090] }],
    },
    { namespace: "shop", name: "empty", selector: {}, ports: [], endpoints: [] },
  ],
  agents: [],
  events: [],
};
const deployments = [
  { namespace: "shop", name: "web", labels: { app: "web" } },
  { namespace: "shop", name: "none", labels: { app: "none" } },
];

test.each<{ target: Target; end: object }>([
  {
    target: { kind: "pod", name: "web-c", port: 8080 },
    end: { kind: "pod", name: "shop/web-c", ip: "10.244.2.4", node: "node-2", port: 8080 },
  },
  {
    target: { kind: "deployment", name: "web" },
    end: { kind: "pod", name: "shop/web-c", ip: "10.244.2.4", node: "node-2" },
  },
  {
    target: { kind: "service", name: "web" },
    end: { kind: "service", name: "svc/shop/web", ip: "10.96.0.80", node: "node-2", port: 80, backend: "shop/web-c" },
  },
  {
    target: { kind: "service", name: "web", port: 443 },
    end: { kind: "service", name: "svc/shop/web", ip: "10.96.0.80", node: "node-2", port: 443, backend: "shop/web-c" },
  },
  {
    target: { kind: "service", name: "headless" },
    end: {
      kind: "service",
      name: "svc/shop/headless",
      ip: "10.244.2.4",
      node: "node-2",
      port: 9090,
      backend: "shop/web-c",
    },
  },
  {
    target: { kind: "node", name: "node-1" },
    end: { kind: "node", name: "node-1", ip: "192.168.50.11", node: "node-1" },
  },
  {
    target: { kind: "address", ip: "10.244.9.9" },
    end: { kind: "pod", name: "shop/api-1", ip: "10.244.9.9", node: "node-2" },
  },
  {
    target: { kind: "address", ip: "192.168.50.11", port: 22 },
    end: { kind: "node", name: "node-1", ip: "192.168.50.11", node: "node-1", port: 22 },
  },
  {
    target: { kind: "address", ip: "10.96.0.80" },
    end: { kind: "service", name: "svc/shop/web", ip: "10.96.0.80", node: "node-2", port: 80, backend: "shop/web-c" },
  },
  {
    target: { kind: "address", ip: "203.0.113.5", port: 443 },
    end: { kind: "address", name: "203.0.113.5", ip: "203.0.113.5", port: 443 },
  },
])("$target becomes $end", ({ target, end }) => {
  expect(resolveNamed(target, view, deployments)).toEqual(end);
});

test.each<{ target: Target; message: string; chinese: string }>([
  {
    target: { kind: "pod", name: "web-d" },
    message: "There is no web-d. Try shop/web-a or shop/web-b or shop/web-c.",
    chinese: "不存在 web-d。可以试试 shop/web-a 或 shop/web-b 或 shop/web-c。",
  },
  {
    target: { kind: "deployment", name: "none" },
    message: "deploy/shop/none has no pod with an address.",
    chinese: "deploy/shop/none 没有带地址的 Pod。",
  },
  {
    target: { kind: "service", name: "empty" },
    message: "svc/shop/empty has neither an address nor an endpoint.",
    chinese: "svc/shop/empty 既没有地址也没有端点。",
  },
])("$message", ({ target, message, chinese }) => {
  const error = refusalOf(() => resolveNamed(target, view, deployments));
  expect(error.code).toBe("not-found");
  expect(inWords(fullText(error))).toBe(message);
  expect(inWords(fullText(error), "zh")).toBe(chinese);
});

function refusalOf(ask: () => unknown): NetcheckError {
  try {
    ask();
  } catch (error) {
    if (error instanceof NetcheckError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
