import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { serviceProgrammingLag } from "#src/rules/service-programming-lag.ts";
import { type Fault, type Packet, play, type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { natTable, services, shop, tables, world } from "./service-world.ts";

const OLD = "10.42.2.99";
const fourth: Fault = ({ leg, way, atMs }: Packet) =>
  leg.toIp === shop.ip && way === "request" && leg.id.startsWith("pod/shop/api-0") && Math.floor(atMs / 500) % 4 === 0
    ? { lost: true }
    : undefined;
/** An endpoint of the shop that the API has until the view of so many seconds after the start. */
const left =
  (untilS: number): NonNullable<Scene["views"]> =>
  (view): readonly ClusterView[] => {
    const more = view.services.map((one) =>
      one.clusterIp === shop.ip
        ? { ...one, endpoints: [...one.endpoints, { ip: OLD, ready: true, ports: [7001] }] }
        : one,
    );
    return [
      { ...view, services: more },
      { ...view, atMs: startOf + untilS * 1_000 },
      { ...view, atMs: startOf + 30_000 },
    ];
  };
const stale = tables({ ulm: natTable(services, [OLD]) });
const asked: Scene = { world, to: "svc/shop/cart", seconds: 30 };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "an endpoint left long ago and the rules still have it",
    scene: { ...asked, facts: stale, views: left(5), faults: [fourth] },
    want: "ulm certain",
  },
  // What can fool it.
  {
    name: "the rules followed",
    scene: { ...asked, facts: tables(), views: left(5), faults: [fourth] },
    want: "cleared",
  },
  {
    name: "it left a moment ago, as in every rollout",
    scene: { ...asked, facts: stale, views: left(26), faults: [fourth] },
    want: "cleared",
  },
  {
    name: "the rules still have it and nothing fails",
    scene: { ...asked, facts: stale, views: left(5) },
    want: "cleared",
  },
  { name: "no endpoint came or went", scene: { ...asked, facts: stale, faults: [fourth] }, want: "cleared" },
  {
    name: "an endpoint came that the rules do not have, among others that work",
    scene: {
      ...asked,
      facts: tables(),
      views: (view) =>
        left(5)(view)
          .toReversed()
          .map((one, n) => ({ ...one, atMs: startOf + 5_000 * n })),
      faults: [fourth],
    },
    want: "cleared",
  },
  {
    name: "the rules could not be read",
    scene: { ...asked, facts: tables({ ulm: "garbage" }), views: left(5), faults: [fourth] },
    want: "unknown",
  },
])("service-programming-lag says $want when $name", ({ scene, want }) => {
  const { brief } = ask(serviceProgrammingLag, scene);
  if (want === "unknown") expect(["unknown", "cleared"]).toContain(brief);
  else expect(brief).toBe(want);
});

test("it says which address, since when and how late, and what kube-proxy says of itself", () => {
  const metrics: NonNullable<Scene["facts"]> = (at, probe, atMs) => {
    if (probe !== "dataplane-metrics") return stale(at, probe, atMs);
    const n = atMs > startOf + 12_000 ? 2 : 0;
    return `kubeproxy_network_programming_duration_seconds_sum ${100 + 31 * n}\nkubeproxy_network_programming_duration_seconds_count ${50 + n}\nkubeproxy_sync_proxy_rules_iptables_restore_failures_total ${n}\n`;
  };
  const scene: Scene = { ...asked, facts: metrics, views: left(5), faults: [fourth] };
  const text = because(ask(serviceProgrammingLag, scene).verdict);
  expect(text).toMatch(
    /10\.42\.2\.99 has left svc\/shop\/cart:80 by .* UTC, and 2\d s later the rules of ulm still lead to it/,
  );
  expect(text).toContain("kube-proxy there says that 2 changes took 31 s each on average");
  expect(text).toContain("its iptables-restore failed 2 times during the check");
  expect(play(scene).report.causes[0]?.cause).toBe("service-programming-lag");
});
