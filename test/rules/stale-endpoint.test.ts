import { expect, test } from "vitest";
import { hairpinBroken } from "#src/rules/hairpin-broken.ts";
import { staleEndpoint } from "#src/rules/stale-endpoint.ts";
import type { Fault, Packet, Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { natTable, services, shop, tables, world } from "./service-world.ts";

/** Every n-th connect to the Service vanishes, its second SYN too. */
const everyNth = (n: number, from?: string): Fault => {
  const starts = new Map<string, number[]>();
  return ({ leg, way, atMs, from: source }: Packet) => {
    if (leg.toIp !== shop.ip || way !== "request" || (from !== undefined && source !== from)) return undefined;
    const begun = starts.get(leg.id) ?? [];
    if (!begun.some((start) => Math.abs(start + 1_000 - atMs) < 1)) begun.push(atMs);
    starts.set(leg.id, begun);
    const index = begun.findIndex((start) => Math.abs(start - atMs) < 1 || Math.abs(start + 1_000 - atMs) < 1);
    return index % n === 0 ? { lost: true } : undefined;
  };
};
const stale = natTable(services, ["10.42.2.99"]);
const everywhere = tables({ ulm: stale, graz: stale, bern: stale });
const asked = { world, to: "svc/shop/cart", seconds: 30 } as const;

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a third of the backends is an address that nobody lists",
    scene: { ...asked, faults: [everyNth(3)], facts: everywhere },
    want: "svc/shop/cart certain",
  },
  // What can fool it.
  { name: "rules are right", scene: { ...asked, facts: tables() }, want: "cleared" },
  { name: "the address is there and nothing fails", scene: { ...asked, facts: everywhere }, want: "cleared" },
  {
    name: "connects fail and rules are right",
    scene: { ...asked, faults: [everyNth(3)], facts: tables() },
    want: "cleared",
  },
  {
    name: "the address was an endpoint when the check began",
    scene: {
      ...asked,
      faults: [everyNth(3)],
      facts: everywhere,
      views: (view) => [
        {
          ...view,
          services: view.services.map((one) => ({
            ...one,
            endpoints: [...one.endpoints, { ip: "10.42.2.99", ready: true, ports: [7001] }],
          })),
        },
        view,
      ],
    },
    want: "cleared",
  },
  { name: "pods are asked", scene: { world, facts: everywhere }, want: "cleared" },
])("stale-endpoint says $want when $name", ({ scene, want }) => {
  expect(ask(staleEndpoint, scene).brief).toBe(want);
});

test("it names the address and its share", () => {
  const text = because(ask(staleEndpoint, { ...asked, faults: [everyNth(3)], facts: everywhere }).verdict);
  expect(text).toContain("10.42.2.99, which is in no EndpointSlice, 1 of 3 backends");
});

const own = { world, from: "shop/cart-1", to: "svc/shop/cart", seconds: 30 } as const;
const links =
  (hairpin: boolean): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe !== "links") return tables()(at, probe, atMs);
    const slave = { info_slave_kind: "bridge", info_slave_data: { hairpin } };
    return JSON.stringify(
      at.id === "pod/shop/cart-1"
        ? [{ ifname: "eth0", ifindex: 2, link_index: 31, linkinfo: { info_kind: "veth" } }]
        : [{ ifname: "vethab", ifindex: 31, linkinfo: { info_kind: "veth", ...slave } }],
    );
  };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "its own share fails and the bridge port is off",
    scene: { ...own, faults: [everyNth(2, "shop/cart-1")], facts: links(false) },
    want: "shop/cart-1 certain",
  },
  {
    name: "its own share fails and no bridge is seen",
    scene: { ...own, faults: [everyNth(2, "shop/cart-1")], facts: tables() },
    want: "shop/cart-1 likely",
  },
  // What can fool it.
  {
    name: "hairpin mode is on",
    scene: { ...own, faults: [everyNth(2, "shop/cart-1")], facts: links(true) },
    want: "cleared",
  },
  { name: "all is well and the bridge port is off", scene: { ...own, facts: links(false) }, want: "cleared" },
  { name: "others fail too", scene: { ...own, faults: [everyNth(2)], facts: links(false) }, want: "cleared" },
  {
    name: "the pod is no endpoint",
    scene: { ...own, from: "shop/api-0", faults: [everyNth(2)], facts: links(false) },
    want: "cleared",
  },
])("hairpin-broken says $want when $name", ({ scene, want }) => {
  expect(ask(hairpinBroken, scene).brief).toBe(want);
});
