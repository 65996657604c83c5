import { expect, test } from "vitest";
import { conntrackStaleUdp } from "#src/rules/conntrack-stale-udp.ts";
import { type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { dns, shop, tables, world } from "./service-world.ts";

type Entry = {
  readonly from?: string;
  readonly to?: string;
  readonly answers?: string;
  readonly answered?: boolean;
  readonly kept?: boolean;
  readonly protocol?: "udp" | "tcp";
};
/** One connection of the asking pod in ulm's table; one that is kept has its timeout set anew all the time. */
const entry =
  ({
    from = "10.42.0.5",
    to = shop.ip,
    answers = "10.42.1.99",
    answered = false,
    kept = true,
    protocol = "udp",
  }: Entry = {}): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe !== "flows") return tables()(at, probe, atMs);
    if (at.label !== "ulm") return "";
    const left = kept ? 29 : Math.max(1, 120 - Math.round((atMs - startOf) / 1_000));
    return `${protocol}      17 ${left} src=${from} dst=${to} sport=40000 dport=80 ${answered ? "" : "[UNREPLIED] "}src=${answers} dst=${from} sport=7001 dport=40000 mark=0 use=1\n`;
  };

const asked = { world, to: "svc/shop/cart" } as const;

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "an entry leads to an address that nobody lists", scene: { ...asked, facts: entry() }, want: "ulm certain" },
  {
    name: "an entry is not translated at all",
    scene: { ...asked, facts: entry({ answers: shop.ip }) },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "it leads to an endpoint", scene: { ...asked, facts: entry({ answers: "10.42.2.6" }) }, want: "cleared" },
  { name: "it is answered", scene: { ...asked, facts: entry({ answered: true }) }, want: "cleared" },
  { name: "it runs out by itself", scene: { ...asked, facts: entry({ kept: false }) }, want: "cleared" },
  { name: "it is of TCP", scene: { ...asked, facts: entry({ protocol: "tcp" }) }, want: "cleared" },
  { name: "it is of another pod", scene: { ...asked, facts: entry({ from: "10.42.0.6" }) }, want: "cleared" },
  {
    name: "another Service than the asked one is concerned",
    scene: { ...asked, facts: entry({ to: dns.ip }) },
    want: "cleared",
  },
  {
    name: "the endpoint is being ended",
    scene: {
      ...asked,
      facts: entry(),
      views: (view) => [
        {
          ...view,
          services: view.services.map((one) =>
            one.clusterIp === shop.ip
              ? {
                  ...one,
                  endpoints: [
                    ...one.endpoints,
                    { ip: "10.42.1.99", ready: false, serving: true, terminating: true, ports: [7001] },
                  ],
                }
              : one,
          ),
        },
      ],
    },
    want: "cleared",
  },
  { name: "the table could not be read", scene: { ...asked, facts: tables() }, want: "unknown" },
])("conntrack-stale-udp says $want when $name", ({ scene, want }) => {
  expect(ask(conntrackStaleUdp, scene).brief).toBe(want);
});

test("it says where the packets go and for how long", () => {
  expect(because(ask(conntrackStaleUdp, { ...asked, facts: entry() }).verdict)).toMatch(
    /ulm leads 1 connection of shop\/api-0 to svc\/shop\/cart \(UDP 10\.96\.7\.7:80\) to 10\.42\.1\.99, which is no endpoint of it\npackets kept these entries alive for 2\d s/,
  );
});
