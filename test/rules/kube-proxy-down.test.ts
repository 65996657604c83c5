import { expect, test } from "vitest";
import { kubeProxyDown } from "#src/rules/kube-proxy-down.ts";
import type { Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { crashing, evicted, natTable, noService, pending, tables, withProxies, world } from "./service-world.ts";

type Change = Parameters<typeof withProxies>[1];
const proxies = (changes?: Change): Pick<Scene, "views"> => ({ views: (view) => [withProxies(view, changes)] });
const empty = natTable([]);
const gone: Scene = { world, faults: [noService("ulm")], facts: tables({ ulm: empty }) };

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "it waits for room", scene: { ...gone, ...proxies({ ulm: pending }) }, want: "ulm certain" },
  { name: "it was evicted", scene: { ...gone, ...proxies({ ulm: evicted }) }, want: "ulm certain" },
  { name: "it crashes and wrote nothing", scene: { ...gone, ...proxies({ ulm: crashing }) }, want: "ulm certain" },
  { name: "the node has none", scene: { ...gone, ...proxies({ ulm: "none" }) }, want: "ulm certain" },
  {
    name: "the far node is the one",
    scene: { world, faults: [noService("graz")], facts: tables({ graz: empty }), ...proxies({ graz: evicted }) },
    want: "graz certain",
  },
  {
    name: "the node's rules cannot be read, but others reach the Service",
    scene: { ...gone, facts: tables({ ulm: "garbage" }), ...proxies({ ulm: evicted }) },
    want: "ulm likely",
  },
  {
    name: "a Service is asked",
    scene: { ...gone, to: "svc/shop/cart", ...proxies({ ulm: evicted }) },
    want: "ulm certain",
  },
  // What can fool it.
  {
    name: "it crashes, but the rules it wrote are in force",
    scene: { world, facts: tables(), ...proxies({ ulm: crashing }) },
    want: "cleared",
  },
  { name: "it was restarted long ago", scene: { world, facts: tables(), ...proxies() }, want: "cleared" },
  { name: "it runs and wrote nothing", scene: { ...gone, ...proxies() }, want: "cleared" },
  {
    name: "a node beside the path lacks it",
    scene: { world, faults: [noService("bern")], facts: tables({ bern: empty }), ...proxies({ bern: evicted }) },
    want: "cleared",
  },
  {
    name: "the cluster has none at all and no rules",
    scene: { ...gone, facts: tables({ ulm: "", graz: "", bern: "" }) },
    want: "unknown",
  },
  {
    name: "the name server fails from everywhere",
    scene: {
      world,
      faults: ["ulm", "graz", "bern"].map((node) => noService(node)),
      facts: tables(),
      ...proxies({ ulm: crashing }),
    },
    want: "cleared",
  },
])("kube-proxy-down says $want when $name", ({ scene, want }) => {
  expect(ask(kubeProxyDown, scene).brief).toBe(want);
});

test("it says the state, since when, the numbers, and what to do", () => {
  const { verdict } = ask(kubeProxyDown, { ...gone, ...proxies({ ulm: pending }) });
  const text = because(verdict);
  expect(text).toContain(
    "kube-system/kube-proxy-ulm is Pending since 07:43:20 UTC, Unschedulable: 0/3 nodes are available: 1 Insufficient cpu",
  );
  expect(text).toContain("ulm has no rules for 2 of 2 ports");
  expect(text).toMatch(/from shop\/api-0 to svc\/kube-system\/kube-dns \(10\.96\.0\.10:53\) (\d+) of \1 connects fail/);
  expect(text).toContain("has no critical priority class");
  if (verdict.status !== "suspected") throw new Error("not suspected");
  expect(JSON.stringify(verdict.advice)).toContain("system-node-critical");
  expect(verdict.explains).toContain("dns-down");
});
