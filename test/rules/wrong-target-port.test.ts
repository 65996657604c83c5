import { expect, test } from "vitest";
import { loopbackOnlyListener } from "#src/rules/loopback-only-listener.ts";
import { wrongTargetPort } from "#src/rules/wrong-target-port.ts";
import type { Fault, Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { services, shop, tables, world } from "./service-world.ts";

const wrong = services.map((service) => (service.name === shop.name ? { ...service, targetPort: 9999 } : service));
const refuses =
  (port: number): Fault =>
  ({ leg, way }) =>
    way === "request" && (leg.port === port || leg.toIp === shop.ip) ? { refused: true } : undefined;
const listening =
  (address: string): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) =>
    probe === "listeners" && at.label.startsWith("shop/cart")
      ? address === ""
        ? ""
        : `LISTEN 0 128 ${address} 0.0.0.0:*\n`
      : tables()(at, probe, atMs);
const base = { world: { ...world, services: wrong }, to: "svc/shop/cart", faults: [refuses(9999)] } as const;
const right = { world, to: "svc/shop/cart", faults: [refuses(7001)] } as const;

test.each<{ name: string; scene: Scene; target: string; loopback: string }>([
  {
    name: "pods serve the port that they declare, the Service means another",
    scene: { ...base, facts: listening("0.0.0.0:7001") },
    target: "svc/shop/cart certain",
    loopback: "cleared",
  },
  {
    name: "the program is bound to 127.0.0.1",
    scene: { ...right, facts: listening("127.0.0.1:7001") },
    target: "cleared",
    loopback: "shop/cart-1 certain, shop/cart-2 certain",
  },
  {
    name: "it is bound to ::1",
    scene: { ...right, facts: listening("[::1]:7001") },
    target: "cleared",
    loopback: "shop/cart-1 certain, shop/cart-2 certain",
  },
  // What can fool them.
  { name: "the program is down", scene: { ...right, facts: listening("") }, target: "cleared", loopback: "cleared" },
  {
    name: "a declared port is closed and another one open",
    scene: { ...right, facts: listening("0.0.0.0:9000") },
    target: "cleared",
    loopback: "cleared",
  },
  {
    name: "all is well",
    scene: { ...right, faults: [], facts: listening("0.0.0.0:7001") },
    target: "cleared",
    loopback: "cleared",
  },
])("when $name, wrong-target-port says $target and loopback-only-listener $loopback", ({ scene, target, loopback }) => {
  expect(ask(wrongTargetPort, scene).brief).toBe(target);
  expect(ask(loopbackOnlyListener, scene).brief).toBe(loopback);
});

test("both say which port is meant", () => {
  expect(because(ask(wrongTargetPort, { ...base, facts: listening("0.0.0.0:7001") }).verdict)).toContain(
    "they listen on 7001",
  );
  expect(because(ask(loopbackOnlyListener, { ...right, facts: listening("127.0.0.1:7001") }).verdict)).toContain(
    "listens on 127.0.0.1:7001 only",
  );
});
