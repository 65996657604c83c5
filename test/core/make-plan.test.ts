import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { MAX_LEGS, makePlan } from "#src/core/make-plan.ts";
import { trafficOf } from "#src/core/make-tasks.ts";
import { openReader } from "#src/core/open-reader.ts";
import { type End, planSchema } from "#src/core/plan.ts";
import { probes } from "#src/probes/index.ts";
import { inEnglish } from "#test/support/in-english.ts";
import { cluster, endOf, requestFor, viewOf, type World } from "./simulate.ts";

const window = { startMs: 1_800_000_000_000, endMs: 1_800_000_060_000 };

function planFor(
  world: World,
  from: string | End,
  to: string | End,
  change: (view: ClusterView) => ClusterView = (view) => view,
  seconds = 60,
) {
  const end = (name: string | End): End => (typeof name === "string" ? endOf(world, name) : name);
  const plan = makePlan({
    request: requestFor(seconds),
    window: { startMs: window.startMs, endMs: window.startMs + seconds * 1_000 },
    from: end(from),
    to: end(to),
    view: change(viewOf(world)),
    probes,
  });
  return planSchema.parse(plan);
}

const three = cluster(3);
const legs = (plan: ReturnType<typeof planFor>) =>
  plan.legs.map(({ from, to, port }) => `${from}>${to}${port === undefined ? "" : `:${port}`}`);

test("two pods on two nodes of three: the path, its segments, and controls that differ in one thing each", () => {
  const plan = planFor(three, "shop/api-0", "shop/api-1");
  const found = legs(plan);
  const path = ["pod/shop/api-0>pod/shop/api-1", "pod/shop/api-1>pod/shop/api-0", "pod/shop/api-0>pod/shop/api-1:7000"];
  const segments = [
    "node/ulm>node/graz",
    "node/graz>node/ulm",
    "pod/shop/api-0>node/ulm",
    "pod/shop/api-1>node/graz",
    "node/ulm>pod/shop/api-1",
  ];
  const controls = [
    "node/bern>node/graz",
    "node/bern>node/ulm",
    "pod/shop/api-2>pod/shop/api-1",
    "pod/shop/cart-1>pod/shop/api-1",
    "pod/shop/cart-0>pod/shop/api-1",
  ];
  expect(found).toEqual(expect.arrayContaining([...path, ...segments, ...controls]));
  expect(plan.legs.filter(({ part }) => part === "end-to-end")).toHaveLength(3);
  expect(plan.gaps).toEqual([]);
});

const worlds: readonly { name: string; world: World; from: string | End; to: string | End }[] = [
  { name: "five nodes", world: cluster(5), from: "shop/api-0", to: "shop/api-4" },
  { name: "three nodes", world: three, from: "shop/api-2", to: "shop/mail-0" },
  { name: "two nodes", world: cluster(2), from: "shop/api-0", to: "shop/api-1" },
  { name: "one node", world: cluster(1), from: "shop/api-0", to: "shop/cart-0" },
  { name: "two nodes as targets", world: three, from: "ulm", to: "graz" },
  { name: "a node and a pod", world: three, from: "ulm", to: "shop/api-1" },
  { name: "a pod and its own node", world: three, from: "shop/api-0", to: "ulm" },
  {
    name: "an address outside",
    world: three,
    from: "shop/api-0",
    to: { kind: "address", name: "example.org", ip: "192.0.2.7", port: 443 },
  },
  {
    name: "an address as source",
    world: three,
    from: { kind: "address", name: "192.0.2.7", ip: "192.0.2.7" },
    to: "shop/api-0",
  },
  {
    name: "a cluster with nothing else in it",
    world: { nodes: cluster(2).nodes, pods: cluster(2).pods.filter(({ name }) => name.includes("api")) },
    from: "shop/api-0",
    to: "shop/api-1",
  },
];

test.each(worlds)(
  "a plan for $name is sound: bounded, unambiguous, and each task can be read",
  ({ world, from, to }) => {
    const plan = planFor(world, from, to);
    expect(plan.legs.length).toBeGreaterThan(0);
    expect(plan.legs.length).toBeLessThanOrEqual(MAX_LEGS);
    expect(new Set(plan.legs.map(({ id }) => id)).size).toBe(plan.legs.length);
    expect(new Set(plan.tasks.map(({ id }) => id)).size).toBe(plan.tasks.length);
    expect(plan.legs.some(({ part }) => part === "end-to-end")).toBe(true);
    for (const { from: start, toIp } of plan.legs) {
      expect(plan.vantages.find(({ id }) => id === start)?.ip).not.toBe(toIp);
      expect(toIp).not.toBe("");
    }
    for (const task of plan.tasks) expect(() => openReader(task, plan, probes)).not.toThrow();
    const streams = plan.tasks.filter(({ probe }) => probe === "ping" || probe === "tcp");
    expect(streams.map(({ subject }) => subject).toSorted()).toEqual(plan.legs.map(({ id }) => id).toSorted());
    expect(plan.tasks.findLastIndex(({ probe }) => probe === "echo-arrivals")).toBeLessThan(
      plan.tasks.findIndex(({ probe }) => probe === "ping"),
    );
  },
);

/** Name servers behind a Service, and HTTP on every port: all surveys have something to ask. */
function withEverything(view: ClusterView): ClusterView {
  const servers = view.pods.slice(-2);
  const dns: ClusterView["services"][number] = {
    namespace: "kube-system",
    name: "kube-dns",
    clusterIp: "10.96.0.10",
    selector: { "k8s-app": "kube-dns" },
    ports: [
      { port: 53, targetPort: 53, protocol: "UDP" },
      { port: 53, targetPort: 53, protocol: "TCP" },
    ],
    endpoints: servers.map(({ ip = "", name, node }) => ({
      ip,
      pod: name,
      ready: true,
      ports: [53],
      ...(node === undefined ? {} : { node }),
    })),
  };
  const pods = view.pods.map((pod) => ({
    ...pod,
    labels: servers.includes(pod) ? { "k8s-app": "kube-dns" } : pod.labels,
    namespace: servers.includes(pod) ? "kube-system" : pod.namespace,
    containers: pod.containers.map((one) => ({ ...one, ports: one.ports.map((port) => ({ ...port, name: "http" })) })),
  }));
  return { ...view, pods, services: [...view.services, dns] };
}

test.each(worlds)(
  "everything that a check for $name puts on the network stays below 200 kbit/s",
  ({ world, from, to }) => {
    for (const seconds of [20, 60, 600]) {
      const plan = planFor(world, from, to, withEverything, seconds);
      const { packetsPerSecond, bytesPerSecond } = trafficOf(plan);
      expect(packetsPerSecond).toBeLessThan(400);
      expect(bytesPerSecond * 8).toBeLessThan(200_000);
    }
  },
);

test("DNS pods are asked where they listen, which need not be port 53", () => {
  const elsewhere = (view: ClusterView): ClusterView => {
    const whole = withEverything(view);
    const services = whole.services.map((service) => ({
      ...service,
      ports: service.ports.map((port) => ({ ...port, name: "dns", targetPort: "dns" })),
      endpoints: service.endpoints.map((one) => ({ ...one, named: [{ name: "dns", port: 5353, protocol: "UDP" }] })),
    }));
    return { ...whole, services };
  };
  const plan = planFor(three, "shop/api-0", "shop/api-1", elsewhere, 20);
  expect(plan.dns?.servers.map(({ port }) => port)).toEqual([5353, 5353]);
  const asker = plan.tasks.find(({ probe, subject }) => probe === "dns" && subject === "pod/shop/api-0");
  expect(asker?.argv).toEqual(expect.arrayContaining(["10.96.0.10", `${plan.dns?.servers[0]?.ip}#5353`]));
});

test("readings of a node share one task, with its own pods and no others", () => {
  const plan = planFor(three, "shop/api-0", "shop/api-1");
  const task = plan.tasks.find(({ probe, node }) => probe === "read" && node === "graz");
  expect(plan.tasks.filter(({ probe }) => probe === "read")).toHaveLength(3);
  expect(new Set(task?.readings?.map(({ subject }) => subject))).toEqual(
    new Set(["node/graz", "pod/shop/api-1", "pod/shop/cart-1"]),
  );
  expect(task?.argv.filter((word) => ["--read", "--seldom"].includes(word))).toHaveLength(task?.readings?.length ?? 0);
});

test("without an agent at the far node the path is still measured towards it, and the gap says so", () => {
  const plan = planFor(three, "shop/api-0", "shop/api-1", (view) => ({
    ...view,
    agents: view.agents.filter(({ node }) => node !== "graz"),
  }));
  expect(inEnglish(plan.gaps)).toContainEqual(
    expect.objectContaining({ subject: "node/graz", reason: expect.stringContaining("no netcheck agent") }),
  );
  expect(plan.tasks.every(({ node }) => node !== "graz")).toBe(true);
  expect(legs(plan)).toContain("pod/shop/api-0>pod/shop/api-1");
  expect(legs(plan)).not.toContain("pod/shop/api-1>pod/shop/api-0");
});

test("without any agent there is no task, and every node is a gap", () => {
  const plan = planFor(three, "shop/api-0", "shop/api-1", (view) => ({ ...view, agents: [] }));
  expect(plan.tasks).toEqual([]);
  expect(plan.gaps.filter(({ probe }) => probe === "agent").map(({ subject }) => subject)).toEqual(
    expect.arrayContaining(["node/ulm", "node/graz"]),
  );
});

test("a pod on the host's network is measured as its node", () => {
  const world: World = {
    nodes: three.nodes,
    pods: [...three.pods, { name: "sys/dns", node: "graz", ip: "172.20.7.21", port: 53, hostNetwork: true }],
  };
  const plan = planFor(world, "shop/api-0", "sys/dns");
  expect(plan.vantages.find(({ role }) => role === "to")).toMatchObject({ id: "node/graz", netns: "node" });
  expect(legs(plan)).toContain("pod/shop/api-0>node/graz:53");
});

test("pods that do not run, the agents and pods being deleted are no controls", () => {
  const plan = planFor(three, "shop/api-0", "shop/api-1", (view) => ({
    ...view,
    pods: view.pods.map((pod) =>
      pod.name.startsWith("cart")
        ? { ...pod, phase: "Pending", ready: false }
        : pod.name.startsWith("mail")
          ? { ...pod, namespace: "netcheck" }
          : pod,
    ),
  }));
  expect(
    plan.vantages.map(({ label }) => label).filter((label) => label.includes("cart") || label.includes("mail")),
  ).toEqual([]);
});

test("a node that is not ready is no control", () => {
  const plan = planFor(three, "shop/api-0", "shop/api-1", (view) => ({
    ...view,
    nodes: view.nodes.map((node) => (node.name === "bern" ? { ...node, ready: "False" as const } : node)),
  }));
  expect(plan.vantages.some(({ node }) => node === "bern")).toBe(false);
});

const service: ClusterView["services"][number] = {
  namespace: "shop",
  name: "api",
  clusterIp: "10.43.0.80",
  selector: {},
  ports: [{ port: 80, targetPort: "http", protocol: "TCP" }],
  endpoints: [
    { ip: "10.42.1.5", pod: "api-1", node: "graz", ready: true, ports: [7000] },
    { ip: "10.42.2.5", pod: "api-2", node: "bern", ready: true, ports: [7000] },
  ],
};
const withService = (view: ClusterView): ClusterView => ({ ...view, services: [service] });

test("a Service is measured by its address, from several nodes, and by its backends behind it", () => {
  const to: End = { kind: "service", name: "svc/shop/api", ip: "10.43.0.80", backend: "shop/api-1", node: "graz" };
  const plan = planFor(three, "shop/api-0", to, withService);
  expect(plan.legs[0]).toMatchObject({ to: "address/10.43.0.80", port: 80, scope: "service", part: "end-to-end" });
  expect(legs(plan)).toEqual(
    expect.arrayContaining([
      "node/ulm>address/10.43.0.80:80",
      "pod/shop/api-0>pod/shop/api-1:7000",
      "pod/shop/api-0>pod/shop/api-2:7000",
    ]),
  );
  expect(plan.legs.filter(({ scope }) => scope === "service").every(({ port }) => port === 80)).toBe(true);
});

test("a NodePort is measured at its node, and from there to the pods behind it", () => {
  const nodePort = { ...service, ports: [{ port: 80, targetPort: 7000, protocol: "TCP", nodePort: 30_080 }] };
  const found = legs(
    planFor(three, "bern", endOf(three, "ulm", 30_080), (view) => ({ ...view, services: [nodePort] })),
  );
  expect(found).toEqual(
    expect.arrayContaining(["node/bern>node/ulm:30080", "node/ulm>pod/shop/api-1", "node/ulm>pod/shop/api-1:7000"]),
  );
  const other = legs(
    planFor(three, "bern", endOf(three, "ulm", 30_081), (view) => ({ ...view, services: [nodePort] })),
  );
  expect(other).not.toContain("node/ulm>pod/shop/api-1:7000");
});

const bare: World = { nodes: three.nodes, pods: three.pods.map(({ port: _, ...pod }) => pod) };
test.each([
  {
    name: "the one that was asked for",
    world: three,
    to: endOf(three, "shop/api-1", 9000),
    change: withService,
    port: 9000,
  },
  { name: "the target port of a Service", world: bare, to: endOf(bare, "shop/api-1"), change: withService, port: 7000 },
  {
    name: "a declared container port",
    world: three,
    to: endOf(three, "shop/cart-1"),
    change: (view: ClusterView) => view,
    port: 7001,
  },
])("the port of a pod is $name", ({ world, to, change, port }) => {
  const plan = planFor(world, "shop/api-0", to, change);
  expect(plan.legs.filter((leg) => leg.part === "end-to-end").map((leg) => leg.port)).toContain(port);
});

test("a pod without any known port is measured by echoes, and the gap says how to name one", () => {
  const plan = planFor(bare, "shop/api-0", "shop/api-1");
  expect(plan.legs.every(({ port }) => port === undefined)).toBe(true);
  expect(inEnglish(plan.gaps)).toEqual([
    expect.objectContaining({ probe: "tcp", reason: expect.stringContaining("shop/api-1:8080") }),
  ]);
});

test("an address of the cluster is measured as what it is", () => {
  const plan = planFor(three, "shop/api-0", { kind: "address", name: "10.42.1.5", ip: "10.42.1.5" });
  expect(plan.vantages.find(({ role }) => role === "to")?.id).toBe("pod/shop/api-1");
});

test("the same cluster gives the same plan, in whatever order the API lists it", () => {
  const turned = planFor(three, "shop/api-0", "shop/api-1", (view) => ({ ...view, pods: view.pods.toReversed() }));
  expect(turned.legs).toEqual(planFor(three, "shop/api-0", "shop/api-1").legs);
});
