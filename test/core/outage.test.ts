import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { tables, world } from "../rules/service-world.ts";
import { type Fault, play, type Scene, startOf } from "./simulate.ts";

/** From second 9 on nobody answers at the pod's address, whoever asks. */
const silent =
  (pod: string): Fault =>
  ({ leg, atMs }) =>
    [leg.from, leg.to].includes(`pod/${pod}`) && atMs >= startOf + 9_000 ? { lost: true } : undefined;

/** Views at -5, 10, 20 and 30 s; from the second on the pod is another one of the same name with another address. */
const replaced =
  (name: string): NonNullable<Scene["views"]> =>
  (view) =>
    [-5, 10, 20, 30].map((atS, n): ClusterView => {
      const later = { ...view, atMs: startOf + atS * 1_000 };
      if (n === 0) return later;
      const ip = "10.42.9.9";
      return {
        ...later,
        pods: view.pods.map((one) => (one.name === name ? { ...one, uid: "another", ip } : one)),
        services: view.services.map((service) => ({
          ...service,
          endpoints: service.endpoints.map((end) => (end.pod === name ? { ...end, ip } : end)),
        })),
      };
    });
const service: Scene = { world, to: "svc/shop/cart", seconds: 30, facts: tables() };
const pods: Scene = { world, to: "shop/mail-1", seconds: 30, facts: tables() };

test.each<{ name: string; scene: Scene; status: string; causes: string[] }>([
  {
    name: "one of a Service's pods is replaced",
    scene: { ...service, faults: [silent("shop/cart-2")], views: replaced("cart-2") },
    status: "healthy",
    causes: [],
  },
  {
    name: "a pod that is only compared with is replaced",
    scene: { ...pods, faults: [silent("shop/api-1")], views: replaced("api-1") },
    status: "healthy",
    causes: [],
  },
  {
    name: "one of a Service's pods runs on and is not reached",
    scene: { ...service, faults: [silent("shop/cart-2")] },
    status: "degraded",
    causes: ["path-loss"],
  },
  {
    name: "another of its pods is replaced than the one that is not reached",
    scene: { ...service, faults: [silent("shop/cart-2")], views: replaced("mail-2") },
    status: "degraded",
    causes: ["path-loss"],
  },
  {
    name: "the asked pod is replaced",
    scene: { ...pods, faults: [silent("shop/mail-1")], views: replaced("mail-1") },
    status: "broken",
    causes: ["target-not-running"],
  },
])("when $name, a check is $status", ({ scene, status, causes }) => {
  const { report } = play(scene);
  expect(report.causes.map(({ cause }) => cause)).toEqual(causes);
  expect(report.status).toBe(status);
});
