import { expect, test } from "vitest";
import { serversOf } from "#src/pcap/captured-opens.ts";
import { play } from "../core/simulate.ts";
import { services, shop, world } from "../rules/service-world.ts";

test.each([
  { name: "both pods behind it were asked", backends: ["shop/cart-1", "shop/cart-2"], named: false },
  { name: "it has one", backends: ["shop/cart-1"], named: true },
])("packets to a Service's address are those of its pod where $name: $named", ({ backends, named }) => {
  const { plan } = play({
    world: { ...world, services: services.map((one) => (one.name === shop.name ? { ...one, backends } : one)) },
    to: "svc/shop/cart",
    seconds: 5,
  });
  const to = plan.vantages.find(({ role }) => role === "to");
  if (!to) throw new Error("no target");
  expect(serversOf(to, shop.targetPort, plan)).toEqual([
    `${to.ip}:${shop.targetPort}`,
    ...(named ? [`${shop.ip}:${shop.port}`] : []),
  ]);
});
