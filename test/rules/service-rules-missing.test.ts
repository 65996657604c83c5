import { expect, test } from "vitest";
import { compare } from "#src/core/compare.ts";
import type { Suspicion } from "#src/core/rule.ts";
import { serviceRulesMissing } from "#src/rules/service-rules-missing.ts";
import { play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { dns, natTable, noService, services, shop, tables, withProxies, world } from "./service-world.ts";

const views: Scene["views"] = (view) => [withProxies(view)];
const [onlyDns, onlyShop] = [natTable(services.slice(0, 1)), natTable(services.slice(1))];
const emptied = natTable([]);
const asked = { world, views, to: "svc/shop/cart" } as const;

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the asker's node lacks the asked Service",
    scene: { ...asked, faults: [noService("ulm", shop.ip)], facts: tables({ ulm: onlyDns }) },
    want: "ulm certain",
  },
  {
    name: "pods are asked and the name server's rule is missing",
    scene: { world, views, faults: [noService("ulm", dns.ip)], facts: tables({ ulm: onlyShop }) },
    want: "ulm certain",
  },
  {
    name: "the Service is there without a backend",
    scene: {
      ...asked,
      faults: [noService("ulm", shop.ip)],
      facts: tables({ ulm: natTable([...services.slice(0, 1), { ...shop, backends: [] }]) }),
    },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "all is well", scene: { ...asked, facts: tables() }, want: "cleared" },
  {
    name: "the rule is missing and it works all the same (eBPF)",
    scene: { ...asked, facts: tables({ ulm: "" }) },
    want: "cleared",
  },
  {
    name: "no node has rules and the cluster has no kube-proxy",
    scene: {
      world,
      to: "svc/shop/cart",
      faults: [noService("ulm", shop.ip)],
      facts: tables({ ulm: "", graz: "", bern: "" }),
    },
    want: "unknown",
  },
  {
    name: "the rules are there and the path is broken",
    scene: { ...asked, faults: [noService("ulm")], facts: tables() },
    want: "cleared",
  },
  {
    name: "the tables are cut",
    scene: {
      ...asked,
      faults: [noService("ulm")],
      facts: tables({ ulm: "*nat\n:KUBE-SERVICES - [0:0]\n", graz: "x", bern: "x" }),
    },
    want: "unknown",
  },
])("service-rules-missing says $want when $name", ({ scene, want }) => {
  expect(ask(serviceRulesMissing, scene).brief).toBe(want);
});

test("it says what is missing where and who has it", () => {
  const { verdict } = ask(serviceRulesMissing, {
    ...asked,
    faults: [noService("ulm", shop.ip)],
    facts: tables({ ulm: onlyDns }),
  });
  const text = because(verdict);
  expect(text).toContain("ulm has no rule that sends svc/shop/cart:80 on, although 2 endpoints are ready");
  expect(text).toContain("graz and bern have that rule");
});

test.each([
  { name: "the name servers' rules are missing too", table: emptied, names: true },
  { name: "only another Service's are", table: onlyDns, names: false },
])("trouble with names is a symptom when $name: $names", ({ table, names }) => {
  const { plan, evidence } = play({ ...asked, faults: [noService("ulm", shop.ip)], facts: tables({ ulm: table }) });
  const named = { service: `svc/${dns.name}`, ip: dns.ip, servers: [], names: [], ownServers: false };
  const [said] = [
    serviceRulesMissing.evaluate({ plan: { ...plan, dns: named }, evidence, comparison: compare(plan, evidence) }),
  ].flat() as readonly Suspicion[];
  expect(said?.explains).toContain("path-loss");
  expect(said?.explains?.includes("dns-overloaded")).toBe(names);
});
