import { expect, test } from "vitest";
import type { ClusterView, ServiceView } from "#src/core/cluster-view.ts";
import { noEndpoints } from "#src/rules/no-endpoints.ts";
import { selectorMismatch } from "#src/rules/selector-mismatch.ts";
import type { Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { services, shop, tables, world } from "./service-world.ts";

const cart = (change: (service: ServiceView) => Partial<ServiceView>): NonNullable<Scene["views"]> => {
  const changed = (view: ClusterView): ClusterView => ({
    ...view,
    services: view.services.map((service) => (service.name === "cart" ? { ...service, ...change(service) } : service)),
  });
  return (view) => [changed(view)];
};
const unready = cart(({ endpoints }) => ({ endpoints: endpoints.map((one) => ({ ...one, ready: false })) }));
const wrongLabel = cart(() => ({ endpoints: [], selector: { app: "kart" } }));
const refused: NonNullable<Scene["faults"]> = [({ leg }) => (leg.toIp === shop.ip ? { refused: true } : undefined)];
const asked = { world: { ...world, services }, to: "svc/shop/cart", facts: tables() } as const;

test.each<{ name: string; scene: Scene; ends: string; selects: string }>([
  {
    name: "no pod is ready",
    scene: { ...asked, faults: refused, views: unready },
    ends: "svc/shop/cart certain",
    selects: "cleared",
  },
  {
    name: "the selector finds nothing",
    scene: { ...asked, faults: refused, views: wrongLabel },
    ends: "unknown",
    selects: "svc/shop/cart certain",
  },
  {
    name: "there is no selector and nobody wrote endpoints",
    scene: { ...asked, faults: refused, views: cart(() => ({ endpoints: [], selector: {} })) },
    ends: "svc/shop/cart certain",
    selects: "cleared",
  },
  // What can fool them.
  { name: "all is well", scene: asked, ends: "cleared", selects: "cleared" },
  {
    name: "it answers all the same: endpoints that are being ended still serve",
    scene: { ...asked, views: unready },
    ends: "unknown",
    selects: "cleared",
  },
  {
    name: "EndpointSlices may not be read",
    scene: {
      ...asked,
      faults: refused,
      views: (view) => [
        {
          ...view,
          services: view.services.map((service) => ({ ...service, endpoints: [] })),
          unread: ["netcheck may not list endpointslices."],
        },
      ],
    },
    ends: "unknown",
    selects: "cleared",
  },
  {
    name: "pods are asked",
    scene: { ...asked, to: "shop/api-1", views: unready },
    ends: "cleared",
    selects: "cleared",
  },
])("when $name, no-endpoints says $ends and selector-mismatch $selects", ({ scene, ends, selects }) => {
  expect(ask(noEndpoints, scene).brief).toBe(ends);
  expect(ask(selectorMismatch, scene).brief).toBe(selects);
});

test("they name pods and labels", () => {
  expect(because(ask(noEndpoints, { ...asked, faults: refused, views: unready }).verdict)).toContain(
    "cart-1 is not ready",
  );
  const text = because(ask(selectorMismatch, { ...asked, faults: refused, views: wrongLabel }).verdict);
  expect(text).toContain("app=kart, finds no pod in shop");
});
