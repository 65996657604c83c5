import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { startCluster } from "#lab/cluster/cluster.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import type { ReadingProbe } from "#src/core/probe.ts";
import { probes } from "#src/probes/index.ts";
import { play, type World } from "../core/simulate.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";
import { agentOn, inPod } from "../lab/cluster/in-pod.ts";

/** What recognition is made of, of a node and of a pod. */
const NODE = ["links", "routes", "routing-rules", "service-rules", "service-rules-nft", "service-rules-ipvs"] as const;
/** The command of a reading in a check between pods with such addresses. */
function argvOf(name: string, ip = ""): readonly string[] {
  const argv = probes.find((probe): probe is ReadingProbe => probe.kind === "reading" && probe.name === name)?.argv;
  const end = { kind: "pod", name: "a/b", ip } as const;
  const at = { id: "node/n", label: "n", node: "n", netns: "node", ip, role: "from-node" } as const;
  return typeof argv === "function" ? argv(at, { vantages: [at], from: end, to: end }) : (argv ?? []);
}

const reason = whyNoLab();
const folder = mkdtempSync(join(tmpdir(), "netcheck-lab-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(reason !== undefined)(`data planes${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  test.each([
    ["vxlan", "iptables", "ipv4", "flannel, VXLAN, veth in a bridge, kube-proxy with iptables, IPv4"],
    ["host-gw", "nft", "ipv4", "flannel, routes of the nodes, veth in a bridge, kube-proxy with nft, IPv4"],
    ["vxlan", "nft", "ipv6", "flannel, VXLAN, veth in a bridge, kube-proxy with nft, IPv6"],
  ] as const)(
    "what the lab's nodes print with %s, %s and %s is recognised",
    async (overlay, serviceProxy, ipFamily, line) => {
      const topology = topologySchema.parse({ overlay, serviceProxy, ipFamily, nodes: 2 });
      const lab = await startCluster(topology, { dir: join(folder, `${overlay}-${ipFamily}`), graceMs: 2_000 });
      onTestFinished(() => lab.stop());
      const pods = [...lab.pods.values()].filter(({ hostNetwork }) => !hostNetwork);
      const ends = ["node-1", "node-2"].map((node) =>
        pods.find((pod) => pod.node === node && pod.namespace === "default"),
      );
      const world: World = {
        nodes: [...lab.nodes.values()].map(({ name, ip }) => ({ name, ip })),
        pods: pods.map(({ namespace, name, node, ip }) => ({ name: `${namespace}/${name}`, node, ip })),
      };
      const printed = new Map<string, string>();
      for (const { name: node } of world.nodes)
        for (const probe of NODE)
          printed.set(`${node} ${probe}`, (await inPod(lab, agentOn(lab, node), argvOf(probe, ends[0]?.ip))).stdout);
      const names = ends.map((pod) => `${pod?.namespace}/${pod?.name}`);
      for (const name of names) printed.set(`${name} links`, (await inPod(lab, name, argvOf("links"))).stdout);
      const [from = "", to = ""] = names;
      const { report } = play({
        ...{ world, from, to },
        facts: (at, probe) => (probe === "addresses" ? "[]" : printed.get(`${at.label} ${probe}`)),
      });
      expect(report.dataPlanes?.map(({ text }) => text)).toEqual([`node-1 and node-2: ${line}`]);
    },
  );
});
