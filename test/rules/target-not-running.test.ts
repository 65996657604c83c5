import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { targetNotRunning } from "#src/rules/target-not-running.ts";
import { type Fault, loses, type Packet, play, type Scene, startOf, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { natTable, services, shop, tables, world } from "./service-world.ts";

type Pod = ClusterView["pods"][number];
const container = { name: "main", ports: [{ port: 7000, protocol: "TCP" }], restarts: 0, state: "running" as const };
const pod = (name: string, change: Partial<Pod>): Pick<Scene, "views"> => ({
  views: (view) => [view, { ...view, pods: view.pods.map((one) => (one.name === name ? { ...one, ...change } : one)) }],
});
const refuses = {
  faults: [(packet: Packet) => (toPort("shop/api-1", 7000)(packet) ? ({ refused: true } as const) : undefined)],
};
const silent = { faults: [loses(1, ({ from, to }) => [from, to].includes("shop/api-1"))] };
const waiting = { containers: [{ ...container, state: "waiting" as const, reason: "CrashLoopBackOff", restarts: 3 }] };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "its container crashes again and again",
    scene: { ...pod("api-1", waiting), ...refuses },
    want: "shop/api-1 certain",
  },
  {
    name: "it is Failed and silent",
    scene: { ...pod("api-1", { phase: "Failed", ready: false }), ...silent },
    want: "shop/api-1 certain",
  },
  {
    name: "it is being deleted",
    scene: { ...pod("api-1", { deletedAtMs: 1_800_000_003_000 }), ...silent },
    want: "shop/api-1 certain",
  },
  { name: "it was replaced", scene: { ...pod("api-1", { uid: "other" }), ...silent }, want: "shop/api-1 certain" },
  {
    name: "the source is the one that ended",
    scene: pod("api-0", { phase: "Succeeded", ready: false }),
    want: "shop/api-0 certain",
  },
  {
    name: "it restarted once during the check",
    scene: pod("api-1", { containers: [{ ...container, restarts: 1 }] }),
    want: "shop/api-1 certain",
  },
  { name: "all is well", scene: {}, want: "cleared" },
  // What can fool it.
  { name: "it is not ready but serves", scene: pod("api-1", { ready: false }), want: "cleared" },
  {
    name: "a side container ended and everything answers",
    scene: pod("api-1", {
      containers: [container, { ...container, name: "init", state: "terminated", reason: "Completed" }],
    }),
    want: "cleared",
  },
  {
    name: "it restarted long before the check",
    scene: {
      views: (view) => [
        pod("api-1", { containers: [{ ...container, restarts: 9 }] }).views?.(view)[1] ?? view,
        pod("api-1", { containers: [{ ...container, restarts: 9 }] }).views?.(view)[1] ?? view,
      ],
    },
    want: "cleared",
  },
  { name: "another pod is down", scene: pod("mail-2", { phase: "Failed" }), want: "cleared" },
  { name: "the ends are nodes", scene: { from: "ulm", to: "graz" }, want: "cleared" },
])("target-not-running says $want when $name", ({ scene, want }) => {
  expect(ask(targetNotRunning, scene).brief).toBe(want);
});

test("it names container, state and reason, and how many legs still answer", () => {
  const { verdict } = ask(targetNotRunning, { ...pod("api-1", waiting), ...refuses });
  expect(because(verdict)).toContain("container main is waiting (CrashLoopBackOff)");
  expect(because(verdict)).toContain("restarted 3 times during the check");
  expect(because(verdict)).toMatch(/\d+ of \d+ legs to and from it answer/);
});

/** Connects to the Service that would go to the backend that went: every second one, from one second to another. */
const everySecond =
  (fromS: number, toS: number): Fault =>
  ({ leg, way, atMs }) =>
    leg.toIp === shop.ip && way === "request" && isWithin(atMs, fromS, toS) && Math.floor(atMs / 500) % 2 === 0
      ? { refused: true }
      : undefined;
const isWithin = (atMs: number, fromS: number, toS: number) =>
  atMs >= startOf + fromS * 1_000 && atMs < startOf + toS * 1_000;
/** Views at -5, 10, 20 and 30 s; the pod is down, and no endpoint, in those that are named. */
const downIn =
  (name: string, ...which: readonly number[]): NonNullable<Scene["views"]> =>
  (view) =>
    [-5, 10, 20, 30].map((atS, n) => ({
      ...view,
      atMs: startOf + atS * 1_000,
      ...(which.includes(n)
        ? {
            pods: view.pods.map((one) => (one.name === name ? { ...one, ...waiting, ready: false } : one)),
            services: view.services.map((service) => ({
              ...service,
              endpoints: service.endpoints.map((end) => (end.pod === name ? { ...end, ready: false } : end)),
            })),
          }
        : {}),
    }));
const behind: Scene = { world, to: "svc/shop/cart", seconds: 30, facts: tables() };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a backend crashes, and until the rules follow connects to the Service are refused",
    scene: { ...behind, views: downIn("cart-2", 2, 3), faults: [everySecond(12, 18)] },
    want: "shop/cart-2 certain",
  },
  {
    name: "it crashes before the second view",
    scene: { ...behind, views: downIn("cart-2", 1, 2, 3), faults: [everySecond(2, 8)] },
    want: "shop/cart-2 certain",
  },
  // What can fool it.
  {
    name: "the rules follow at once and nobody notices",
    scene: { ...behind, views: downIn("cart-2", 2, 3) },
    want: "cleared",
  },
  {
    name: "the one that stands for the Service goes, and nobody notices",
    scene: { ...behind, views: downIn("cart-1", 2, 3) },
    want: "cleared",
  },
  {
    name: "the one that stands for the Service goes, and connects to the Service are refused for a while",
    scene: { ...behind, views: downIn("cart-1", 2, 3), faults: [everySecond(12, 18)] },
    want: "shop/cart-1 certain",
  },
  {
    name: "the backend was down before the check, and connects fail for a while",
    scene: { ...behind, views: downIn("cart-2", 0, 1, 2, 3), faults: [everySecond(12, 18)] },
    want: "cleared",
  },
  {
    name: "connects to the Service fail all the time",
    scene: { ...behind, views: downIn("cart-2", 2, 3), faults: [everySecond(0, 40)] },
    want: "cleared",
  },
  {
    name: "connects to the other backend fail at that time as well",
    scene: {
      ...behind,
      views: downIn("cart-2", 2, 3),
      faults: [
        everySecond(12, 18),
        ({ leg, atMs, way }) =>
          leg.port === 7001 && way === "request" && isWithin(atMs, 12, 22) ? { lost: true } : undefined,
      ],
    },
    want: "cleared",
  },
  {
    name: "a pod that is no backend crashes meanwhile",
    scene: { ...behind, views: downIn("mail-2", 2, 3), faults: [everySecond(12, 18)] },
    want: "cleared",
  },
])("of a Service's backends target-not-running says $want when $name", ({ scene, want }) => {
  expect(ask(targetNotRunning, scene).brief).toBe(want);
});

test("it counts what failed while the backend went, and at other times", () => {
  const { verdict } = ask(targetNotRunning, {
    ...behind,
    views: downIn("cart-2", 2, 3),
    faults: [everySecond(12, 18)],
  });
  expect(because(verdict)).toMatch(
    /[1-9]\d* of \d+ connects to svc\/shop\/cart failed while shop\/cart-2 went, 0 of \d+ connects at other times/,
  );
});

test("where the rules of a node lag behind, that is the cause, and the pod that went is beneath it", () => {
  const stale = tables({ ulm: natTable(services) });
  const [cause, ...others] = play({
    ...behind,
    seconds: 30,
    facts: stale,
    views: downIn("cart-2", 1, 2, 3),
    faults: [everySecond(4, 40)],
  }).report.causes;
  expect(cause).toMatchObject({ cause: "service-programming-lag", explains: [{ cause: "target-not-running" }] });
  expect(others).toEqual([]);
});

test("a pod that only starts during the check is named when connects to it failed before", () => {
  const { verdict, brief } = ask(targetNotRunning, {
    seconds: 30,
    views: (view) =>
      [-5, 10, 20].map((atS, n) => ({
        ...view,
        atMs: startOf + atS * 1_000,
        pods: view.pods.map((one) =>
          n < 2 && one.name === "api-1" ? { ...one, phase: "Pending", ready: false } : one,
        ),
      })),
    faults: [
      (packet: Packet) =>
        toPort("shop/api-1", 7000)(packet) && isWithin(packet.atMs, 0, 15) ? { refused: true } : undefined,
    ],
  });
  expect(brief).toBe("shop/api-1 certain");
  expect(because(verdict)).toMatch(/did not run for part of the check; (\d+) of \d+ connects to it failed meanwhile/);
});
