import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { routeMissing } from "#src/rules/route-missing.ts";
import { cluster, loses, nodeRoutes, type Packet, play, type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

type PrintedRoute = { dst: string; type?: string; dev?: string; gateway?: string; table?: string };
const { plan } = play({ seconds: 5 });
const ordinary = (at: Vantage) => nodeRoutes(at, plan) as PrintedRoute[];
/** Routing tables of one node, changed. */
const routes = (
  node: string,
  change: (routes: PrintedRoute[], atMs: number) => PrintedRoute[],
): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) =>
    probe === "routes" && at.id === `node/${node}` ? JSON.stringify(change(ordinary(at), atMs)) : undefined,
});
const without = (cidr: string) => (all: PrintedRoute[]) => all.filter(({ dst }) => dst !== cidr);
/** What such a fault does: pod traffic from one node to the other vanishes. */
const vanishes = (afterS = 0, untilS = Number.POSITIVE_INFINITY): Pick<Scene, "faults"> => ({
  faults: [
    loses(
      1,
      ({ fromNode, toNode, leg, atMs }: Packet) =>
        fromNode === "ulm" && toNode === "graz" && leg.scope === "overlay" && isWithin(atMs, afterS, untilS),
    ),
  ],
});

const isWithin = (atMs: number, fromS: number, untilS: number): boolean =>
  atMs >= startOf + fromS * 1_000 && atMs < startOf + untilS * 1_000;
/** The route is away when one reading is taken. */
const awayAt = (fromS: number, untilS: number): Pick<Scene, "facts"> =>
  routes("ulm", (all, atMs) => (isWithin(atMs, fromS, untilS) ? without("10.42.1.0/24")(all) : all));

/** On ulm the way to graz's pods leads to bern; on bern it leads back, or on. */
const circle = (onBern: "bern" | "graz"): Pick<Scene, "facts"> => ({
  facts: (at, probe) => {
    if (probe === "addresses" && at.id.startsWith("node/")) {
      const tunnel =
        ordinary(at)
          .find(({ dev }) => dev === "cni0")
          ?.dst.replace("0/24", "0") ?? "";
      return JSON.stringify([
        { ifname: "vx.7", flags: ["LOWER_UP"], addr_info: [{ local: tunnel, prefixlen: 32 }] },
        { ifname: "ens5", flags: ["LOWER_UP"], addr_info: [{ local: at.ip, prefixlen: 24 }] },
      ]);
    }
    if (probe !== "routes" || !["ulm", "bern"].includes(at.label)) return undefined;
    const back = onBern === "bern" ? "10.42.0.0" : "10.42.1.0";
    const gateway = at.label === "ulm" ? "10.42.2.0" : back;
    return JSON.stringify([...without("10.42.1.0/24")(ordinary(at)), { dst: "10.42.1.0/24", gateway, dev: "vx.7" }]);
  },
});

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "only the default route is left for one node's pods",
    scene: { ...routes("ulm", without("10.42.1.0/24")), ...vanishes() },
    want: "ulm certain",
  },
  {
    name: "not even a default route is left",
    scene: { ...routes("ulm", (all) => without("10.42.1.0/24")(without("default")(all))), ...vanishes() },
    want: "ulm certain",
  },
  {
    name: "the route is a blackhole",
    scene: {
      ...routes("ulm", (all) => [...without("10.42.1.0/24")(all), { type: "blackhole", dst: "10.42.1.0/24" }]),
      ...vanishes(),
    },
    want: "ulm certain",
  },
  {
    name: "the route is unreachable",
    scene: {
      ...routes("ulm", (all) => [...without("10.42.1.0/24")(all), { type: "unreachable", dst: "10.42.1.0/24" }]),
      ...vanishes(),
    },
    want: "ulm certain",
  },
  {
    name: "it went away in the middle",
    scene: {
      ...routes("ulm", (all, atMs) => (atMs > startOf + 8_000 ? without("10.42.1.0/24")(all) : all)),
      ...vanishes(8),
    },
    want: "ulm certain",
  },
  {
    name: "it was away for a moment, and packets were lost then",
    scene: { seconds: 40, ...awayAt(8, 12), ...vanishes(8, 12) },
    want: "ulm certain",
  },
  {
    name: "there are only two nodes",
    scene: { world: cluster(2), ...routes("ulm", without("10.42.1.0/24")), ...vanishes() },
    want: "ulm certain",
  },
  {
    name: "a pod has no route at all",
    scene: {
      facts: (at, probe) => (probe === "routes" && at.label === "shop/api-0" ? "[]" : undefined),
      faults: [loses(1, ({ from, to, fromNode, toNode }) => fromNode !== toNode && [from, to].includes("shop/api-0"))],
    },
    want: "shop/api-0 certain",
  },
  {
    name: "the routes of two nodes lead in a circle",
    scene: { ...circle("bern"), ...vanishes() },
    want: "ulm certain",
  },
  { name: "all is well", scene: {}, want: "cleared" },
  // What can fool it.
  {
    name: "it was away for a moment, as when a tunnel is made anew, and packets are lost ever since",
    scene: { seconds: 40, ...awayAt(8, 12), ...vanishes(8) },
    want: "cleared",
  },
  {
    name: "a third node passes it on, and something else loses",
    scene: { ...circle("graz"), ...vanishes() },
    want: "cleared",
  },
  {
    name: "Calico's own blackhole has longer routes inside",
    scene: { ...routes("ulm", (all) => [...all, { type: "blackhole", dst: "10.42.0.0/16" }]), ...vanishes() },
    want: "cleared",
  },
  {
    name: "all pods are reached by the default route, and something else loses",
    scene: {
      facts: (at, probe) =>
        probe === "routes" && at.id.startsWith("node/")
          ? JSON.stringify(ordinary(at).filter(({ dst, dev }) => !dst.startsWith("10.42") || dev === "cni0"))
          : undefined,
      ...vanishes(),
    },
    want: "cleared",
  },
  {
    name: "the route is missing and packets pass: something bypasses the table",
    scene: routes("ulm", without("10.42.1.0/24")),
    want: "cleared",
  },
  {
    name: "the route is in another table",
    scene: {
      ...routes("ulm", (all) => [...without("10.42.1.0/24")(all), { dst: "10.42.1.0/24", dev: "vx.7", table: "2022" }]),
      ...vanishes(),
    },
    want: "cleared",
  },
  {
    name: "tables could not be read",
    scene: { facts: (_, probe) => (probe === "routes" ? "Killed" : undefined), ...vanishes() },
    want: "unknown",
  },
])("route-missing says $want when $name", ({ scene, want }) => {
  expect(ask(routeMissing, scene).brief).toBe(want);
});

test("it shows the route that is used instead, and until when the right one was there", () => {
  const { verdict } = ask(routeMissing, {
    ...routes("ulm", (all, atMs) => (atMs > startOf + 8_000 ? without("10.42.1.0/24")(all) : all)),
    ...vanishes(8),
  });
  expect(because(verdict)).toContain(
    "ulm has no route of its own to shop/api-1 (10.42.1.5) and uses its default route (default via 172.20.7.1 dev ens5)",
  );
  expect(because(verdict)).toContain("it had a route until about 08:00:10 UTC: 10.42.1.0/24 via 10.42.1.0 dev vx.7");
});

test("a circle is told with the nodes in it", () => {
  const { verdict } = ask(routeMissing, { ...circle("bern"), ...vanishes() });
  expect(because(verdict)).toContain(
    "packets for shop/api-1 (10.42.1.5) circle between nodes by their routes: ulm → bern → ulm",
  );
});

test("what is lost in a circle is no other cause, whatever a Service has to do with it", () => {
  const names = {
    name: "kube-system/kube-dns",
    ip: "10.96.0.10",
    port: 53,
    targetPort: 7000,
    backends: ["shop/api-1"],
  };
  let turn = 0;
  const lost = ({ toNode, fromNode, leg }: Packet): boolean =>
    leg.scope === "service" ? turn++ % 2 === 0 : leg.scope === "overlay" && toNode === "graz" && fromNode !== "graz";
  const { report } = play({
    ...circle("bern"),
    world: { ...cluster(4), services: [names] },
    seconds: 15,
    faults: [loses(1, lost)],
  });
  expect(report.causes.map(({ cause }) => cause)).toEqual(["route-missing"]);
});

test("a trace that goes round is cited with the circle", () => {
  const { verdict } = ask(routeMissing, {
    ...circle("bern"),
    ...vanishes(),
    surveys: (at, probe, { vantages }) => {
      const target = vantages.find(({ role }) => role === "to")?.ip;
      if (probe !== "trace" || at.role !== "from") return undefined;
      const routers = ["10.42.0.1", "10.42.2.0", "10.42.0.1", "10.42.2.0", "10.42.0.1"];
      return [`# ${target}`, ...routers.map((ip, index) => `${startOf} ${index + 1} ${ip} 0.2 hop`), ""].join("\n");
    },
  });
  expect(because(verdict)).toContain("comes to the same routers again and again: 10.42.0.1 → 10.42.2.0 → 10.42.0.1");
});
