import { expect, test } from "vitest";
import { parseMetrics } from "#src/probes/dataplane-metrics.ts";
import { ebpfMapFull } from "#src/rules/ebpf-map-full.ts";
import { loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** Metrics of a node's agent, with so many drops a second. */
const metrics =
  (
    node: string,
    { reason = "CT: Map insertion failed", perSecond = 0, fill = 0.3 } = {},
  ): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe !== "dataplane-metrics") return undefined;
    const drops = 400 + (at.node === node ? Math.round((perSecond * (atMs - startOf)) / 1_000) : 0);
    return `cilium_bpf_map_pressure{map_name="ct4_global"} ${at.node === node ? fill : 0.1}\ncilium_drop_count_total{direction="EGRESS",reason="${reason}"} ${drops}\ncilium_drop_count_total{direction="INGRESS",reason="Policy denied"} ${drops * 2}\n`;
  };
const bad = loses(0.5, through("graz"));

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a map is full and drops",
    scene: { facts: metrics("graz", { perSecond: 5, fill: 0.98 }), faults: [bad] },
    want: "graz certain",
  },
  {
    name: "it drops, and no map is reported as full",
    scene: { facts: metrics("graz", { perSecond: 5 }), faults: [bad] },
    want: "graz likely",
  },
  {
    name: "the map of translations has no room",
    scene: { facts: metrics("graz", { reason: "No mapping for NAT masquerade", perSecond: 5 }), faults: [bad] },
    want: "graz likely",
  },
  // What can fool it.
  { name: "all is well", scene: { facts: metrics("graz") }, want: "cleared" },
  {
    name: "a map is full and drops nothing",
    scene: { facts: metrics("graz", { fill: 1 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "it drops and nothing is lost",
    scene: { facts: metrics("graz", { perSecond: 5, fill: 1 }) },
    want: "cleared",
  },
  {
    name: "it drops for other reasons",
    scene: { facts: metrics("graz", { reason: "Stale or unroutable IP", perSecond: 5, fill: 1 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "a node beside the path drops",
    scene: { facts: metrics("bern", { perSecond: 5, fill: 1 }), faults: [bad] },
    want: "cleared",
  },
  { name: "no agent tells", scene: { faults: [bad] }, want: "unknown" },
])("ebpf-map-full says $want when $name", ({ scene, want }) => {
  expect(ask(ebpfMapFull, scene).brief).toBe(want);
});

test("it says the map and the reason", () => {
  const text = because(
    ask(ebpfMapFull, { facts: metrics("graz", { perSecond: 5, fill: 0.98 }), faults: [bad] }).verdict,
  );
  expect(text).toMatch(
    /the data plane of graz dropped \d+ packets while packets were lost: CT: Map insertion failed\nits map ct4_global is filled to 98 %/,
  );
});

test("metrics are read line by line, however they are cut", () => {
  const text =
    'cilium_bpf_map_pressure{map_name="nat_v4"} 0.93\nkubeproxy_sync_proxy_rules_last_timestamp_seconds 1.8e+09\nx_total{a="b"} NaN\n';
  expect(parseMetrics(text)).toEqual([
    { name: "cilium_bpf_map_pressure", labels: 'map_name="nat_v4"', value: 0.93 },
    { name: "kubeproxy_sync_proxy_rules_last_timestamp_seconds", labels: "", value: 1_800_000_000 },
  ]);
  for (let end = 0; end < text.length; end++) expect(() => parseMetrics(text.slice(0, end))).not.toThrow();
});
