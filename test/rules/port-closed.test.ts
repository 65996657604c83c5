import { describe, expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { portClosed } from "#src/rules/port-closed.ts";
import { cluster, loses, type Packet, type Scene, startOf, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { natTable, services, tables, world } from "./service-world.ts";

const target = toPort("shop/api-1", 7000);
const refuses = (afterS = 0): Pick<Scene, "faults"> => ({
  faults: [
    (packet: Packet) => (target(packet) && packet.atMs >= startOf + afterS * 1_000 ? { refused: true } : undefined),
  ],
});
const sockets = (text: (atMs: number) => string): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) => (probe === "listeners" && at.label === "shop/api-1" ? text(atMs) : undefined),
});
const listens = (address: string) => `LISTEN 0      128          ${address}       0.0.0.0:*\n`;
const three = cluster(3);

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "nothing listens there", scene: { ...refuses(), ...sockets(() => "") }, want: "shop/api-1 certain" },
  {
    name: "something listens on another port",
    scene: { ...refuses(), ...sockets(() => listens("0.0.0.0:7001")) },
    want: "shop/api-1 certain",
  },
  {
    name: "it stopped listening in the middle",
    scene: { ...refuses(9), ...sockets((atMs) => (atMs > startOf + 9_000 ? "" : listens("0.0.0.0:7000"))) },
    want: "shop/api-1 certain",
  },
  {
    name: "the far node has no agent",
    scene: {
      ...refuses(),
      world: { ...three, nodes: three.nodes.map((node) => ({ ...node, agent: node.name !== "graz" })) },
    },
    want: "shop/api-1 likely",
  },
  { name: "all connects", scene: {}, want: "cleared" },
  { name: "nothing answers at all", scene: { faults: [loses(1, target)] }, want: "unknown" },
  // What can fool it.
  {
    name: "a packet filter refuses in its name",
    scene: {
      ...refuses(),
      facts: (at, probe, atMs) =>
        probe === "packet-filter" && at.label === "graz"
          ? `*filter\n:FORWARD ACCEPT [0:0]\n[${Math.round((atMs - startOf) / 20)}:0] -A FORWARD -d 10.42.1.5/32 -p tcp -m tcp --dport 7000 -j REJECT --reject-with tcp-reset\nCOMMIT\n`
          : probe === "packet-filter" && at.label === "shop/api-1"
            ? "*filter\nCOMMIT\n"
            : undefined,
    },
    want: "unknown",
  },
  {
    name: "a socket listens there all the time",
    scene: { ...refuses(), ...sockets(() => listens("0.0.0.0:7000")) },
    want: "unknown",
  },
])("port-closed says $want when $name", ({ scene, want }) => {
  expect(ask(portClosed, scene).brief).toBe(want);
});

type Pod = ClusterView["pods"][number];
/** A view so many seconds after the start, with one pod changed, or without it. */
const at = (view: ClusterView, atS: number, name: string, change: Partial<Pod> | "gone" = {}): ClusterView => {
  const isIt = (one: { readonly pod?: string | undefined }) => one.pod === name;
  const ready = change !== "gone" && change.ready !== false;
  return {
    ...view,
    atMs: startOf + atS * 1_000,
    pods: view.pods.flatMap((one) => (one.name !== name ? [one] : change === "gone" ? [] : [{ ...one, ...change }])),
    services: view.services.map((service) => ({
      ...service,
      endpoints: service.endpoints.flatMap((one) =>
        isIt(one) ? (change === "gone" ? [] : [{ ...one, ready }]) : [one],
      ),
    })),
  };
};
const container = { name: "main", ports: [{ port: 7001, protocol: "TCP" }], restarts: 0, state: "running" as const };
const loops: Partial<Pod> = {
  ready: false,
  containers: [{ ...container, restarts: 4, state: "waiting", reason: "CrashLoopBackOff" }],
};
const unready: Partial<Pod> = { ready: false };
const restarted = (restarts: number): Partial<Pod> => ({ containers: [{ ...container, restarts }] });
const refusedBy = (pod: string, fromS = 0, toS = 1_000): Pick<Scene, "faults"> => ({
  faults: [
    ({ leg, way, atMs }: Packet) =>
      leg.to === `pod/${pod}` &&
      leg.port === 7001 &&
      way === "request" &&
      atMs >= startOf + fromS * 1_000 &&
      atMs < startOf + toS * 1_000
        ? { refused: true }
        : undefined,
  ],
});
const behind: Scene = {
  world,
  to: "svc/shop/cart",
  seconds: 30,
  facts: (vantage, probe, atMs) =>
    probe === "listeners" && vantage.label.startsWith("shop/cart") ? "" : tables()(vantage, probe, atMs),
};
const direct: Scene = { ...behind, to: "shop/cart-2", port: 7001 };

/** Views at -5, 10, 20 and 30 s, as a check takes them. */
const views =
  (name: string, ...changes: readonly (Partial<Pod> | "gone")[]): NonNullable<Scene["views"]> =>
  (view) =>
    changes.map((change, n) => at(view, n === 0 ? -5 : 10 * n, name, change));

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a backend got no address and never ran",
    scene: {
      ...behind,
      ...refusedBy("shop/cart-2"),
      views: views("cart-2", ...Array(4).fill({ phase: "Pending", ready: false })),
    },
    want: "cleared",
  },
  {
    name: "a backend crashes again and again from the middle on",
    scene: { ...behind, ...refusedBy("shop/cart-2", 12), views: views("cart-2", {}, {}, loops, loops) },
    want: "cleared",
  },
  {
    name: "a backend's container restarted between two views",
    scene: {
      ...behind,
      ...refusedBy("shop/cart-2", 12, 17),
      views: views("cart-2", {}, {}, restarted(1), restarted(1)),
    },
    want: "cleared",
  },
  {
    name: "a backend is deleted in a rollout",
    scene: {
      ...behind,
      ...refusedBy("shop/cart-2", 12),
      views: views("cart-2", {}, { deletedAtMs: startOf + 9_000, ready: false }, "gone", "gone"),
    },
    want: "cleared",
  },
  {
    name: "a backend starts, is not ready yet, and the Service leaves it out",
    scene: { ...behind, ...refusedBy("shop/cart-2"), views: views("cart-2", ...Array(4).fill(unready)) },
    want: "cleared",
  },
  {
    name: "the asked pod itself crashes again and again",
    scene: { ...direct, ...refusedBy("shop/cart-2"), views: views("cart-2", loops, loops, loops, loops) },
    want: "unknown",
  },
  // Near ones, in which the port is closed.
  {
    name: "a backend runs and is ready all the time, and refuses",
    scene: { ...behind, ...refusedBy("shop/cart-2"), views: views("cart-2", {}, {}, {}, {}) },
    want: "shop/cart-2 certain",
  },
  {
    name: "a backend restarted long before and still refuses",
    scene: { ...behind, ...refusedBy("shop/cart-2"), views: views("cart-2", ...Array(4).fill(restarted(7))) },
    want: "shop/cart-2 certain",
  },
  {
    name: "a backend restarted in the middle and refuses all the time",
    scene: { ...behind, ...refusedBy("shop/cart-2"), views: views("cart-2", {}, {}, restarted(1), restarted(1)) },
    want: "shop/cart-2 certain",
  },
  {
    name: "the asked pod is not ready, runs and refuses",
    scene: { ...direct, ...refusedBy("shop/cart-2"), views: views("cart-2", ...Array(4).fill(unready)) },
    want: "shop/cart-2 certain",
  },
  {
    name: "another pod crashes",
    scene: { ...behind, ...refusedBy("shop/cart-2"), views: views("mail-1", {}, loops, loops, loops) },
    want: "shop/cart-2 certain",
  },
  {
    name: "no backend is ready, all run and refuse",
    scene: {
      ...behind,
      ...refusedBy("shop/cart-2"),
      facts: (vantage, probe, atMs) =>
        probe === "service-rules" ? natTable(services.slice(0, 1)) : behind.facts?.(vantage, probe, atMs),
      views: (view) => [-5, 10, 20, 30].map((s) => at(at(view, s, "cart-1", unready), s, "cart-2", unready)),
    },
    want: "shop/cart-2 certain",
  },
])("of pods that come and go, port-closed says $want when $name", ({ scene, want }) => {
  expect(ask(portClosed, scene).brief).toBe(want);
});

test("what a pod refused while it was down is not counted against it", () => {
  const scene: Scene = { ...direct, ...refusedBy("shop/cart-2") };
  const text = because(
    ask(portClosed, { ...scene, views: views("cart-2", {}, {}, restarted(1), restarted(1)) }).verdict,
  );
  const [, refusals = 0, connects = 0] = /refuses: (\d+) of (\d+) connects/.exec(text) ?? [];
  const whole = because(ask(portClosed, { ...scene, views: views("cart-2", {}, {}, {}, {}) }).verdict);
  const [, all = 0] = /refuses: (\d+) of/.exec(whole) ?? [];
  expect(refusals).toBe(connects);
  // Ten of thirty seconds.
  expect(Number(refusals) / Number(all)).toBeCloseTo(2 / 3, 1);
});

test("a listener on the loopback only is named as such", () => {
  const { verdict } = ask(portClosed, { ...refuses(), ...sockets(() => listens("127.0.0.1:7000")) });
  expect(because(verdict)).toContain("listens on 127.0.0.1:7000 only");
});

test("it counts the refusals, how fast they came, and what the pod listens on instead", () => {
  const { verdict } = ask(portClosed, { ...refuses(), ...sockets(() => listens("0.0.0.0:7001")) });
  expect(because(verdict)).toMatch(
    /port 7000 of shop\/api-1 refuses: (\d+) of \1 connects from \d places, answered within [\d.]+ ms/,
  );
  expect(because(verdict)).toContain("nothing listens on 7000 in the network of shop/api-1; it listens on 7001");
});

describe("an address outside of the cluster", () => {
  const outside = { to: "198.51.100.7", port: 443 } as const;
  const shut = (from?: string): Pick<Scene, "faults"> => ({
    faults: [
      ({ leg, way }: Packet) =>
        leg.toIp === outside.to && leg.port === 443 && way === "request" && (from === undefined || leg.from === from)
          ? { refused: true }
          : undefined,
    ],
  });
  test.each<{ name: string; scene: Scene; want: string }>([
    { name: "refuses whoever asks", scene: { ...outside, ...shut() }, want: "198.51.100.7 likely" },
    { name: "refuses one pod only", scene: { ...outside, ...shut("pod/shop/api-0") }, want: "cleared" },
    { name: "accepts", scene: outside, want: "cleared" },
    {
      name: "does not answer",
      scene: { ...outside, faults: [loses(1, ({ leg }) => leg.toIp === outside.to)] },
      want: "unknown",
    },
  ])("that $name: $want", ({ scene, want }) => {
    expect(ask(portClosed, scene).brief).toBe(want);
  });
});
