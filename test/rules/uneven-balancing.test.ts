import { expect, test } from "vitest";
import type { ServiceView } from "#src/core/cluster-view.ts";
import { unevenBalancing } from "#src/rules/uneven-balancing.ts";
import { loses, type Packet, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { shop, tables, world } from "./service-world.ts";

const [one, other] = ["10.42.1.6", "10.42.2.6"];
/** So many connections of the asking pod to each backend. */
const spread =
  (shares: Readonly<Record<string, number>>): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe !== "flows") return tables()(at, probe, atMs);
    if (at.label !== "ulm") return "";
    return Object.entries(shares)
      .flatMap(([backend, count], nth) =>
        Array.from(
          { length: count },
          (_, n) =>
            `tcp      6 90 TIME_WAIT src=10.42.0.5 dst=${shop.ip} sport=${40_000 + 1_000 * nth + n} dport=80 src=${backend} dst=10.42.0.5 sport=7001 dport=${40_000 + 1_000 * nth + n} [ASSURED] mark=0 use=1\n`,
        ),
      )
      .join("");
  };
const bad = loses(0.3, ({ leg, from }: Packet) => leg.toIp === shop.ip && from === "shop/api-0");
const asked = { world, to: "svc/shop/cart", seconds: 40 } as const;
const service = (change: Partial<ServiceView>): Pick<Scene, "views"> => ({
  views: (view) => [
    { ...view, services: view.services.map((each) => (each.clusterIp === shop.ip ? { ...each, ...change } : each)) },
  ],
});

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "one backend gets nearly all and connects are lost",
    scene: { ...asked, facts: spread({ [one]: 74, [other]: 4 }), faults: [bad] },
    want: "svc/shop/cart likely",
  },
  // What can fool it.
  {
    name: "they are spread evenly",
    scene: { ...asked, facts: spread({ [one]: 41, [other]: 37 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "the other one refuses, and the table knows nothing of those connects",
    scene: {
      ...asked,
      facts: spread({ [one]: 44 }),
      faults: [
        ({ leg, from }: Packet, random) =>
          from === "shop/api-0" &&
          leg.port !== undefined &&
          (leg.toIp === other || (leg.toIp === shop.ip && random() < 0.5))
            ? { refused: true }
            : undefined,
      ],
    },
    want: "cleared",
  },
  {
    name: "it is within chance",
    scene: { ...asked, facts: spread({ [one]: 48, [other]: 30 }), faults: [bad] },
    want: "cleared",
  },
  { name: "nothing suffers", scene: { ...asked, facts: spread({ [one]: 74, [other]: 4 }) }, want: "cleared" },
  {
    name: "there are few connections",
    scene: { ...asked, facts: spread({ [one]: 14 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "a client goes to one backend by design",
    scene: { ...asked, facts: spread({ [one]: 74 }), faults: [bad], ...service({ sessionAffinity: "ClientIP" }) },
    want: "cleared",
  },
  {
    name: "backends are chosen by node",
    scene: { ...asked, facts: spread({ [one]: 74 }), faults: [bad], ...service({ internalTrafficPolicy: "Local" }) },
    want: "cleared",
  },
  {
    name: "there is one backend",
    scene: {
      ...asked,
      facts: spread({ [one]: 74 }),
      faults: [bad],
      ...service({ endpoints: [{ ip: one, ready: true, ports: [7001] }] }),
    },
    want: "cleared",
  },
  { name: "the table could not be read", scene: { ...asked, facts: tables(), faults: [bad] }, want: "unknown" },
])("uneven-balancing says $want when $name", ({ scene, want }) => {
  expect(ask(unevenBalancing, scene).brief).toBe(want);
});

test("it says the shares", () => {
  expect(
    because(ask(unevenBalancing, { ...asked, facts: spread({ [one]: 74, [other]: 4 }), faults: [bad] }).verdict),
  ).toContain("10.42.1.6 got 74 of 78 connections of shop/api-0 to svc/shop/cart:80 (94.9 %), an even share is 50 %");
});
