import { expect, test } from "vitest";
import type { Tap } from "#src/core/capture.ts";
import { DATA_PLANE } from "#src/core/data-plane-gaps.ts";
import { diagnose } from "#src/core/diagnose.ts";
import { dataPlanes } from "#src/probes/data-plane/data-planes.ts";
import { rules } from "#src/rules/index.ts";
import { fixture, sceneOf } from "../probes/data-plane/fixture.ts";
import { services, shop, world } from "../rules/service-world.ts";
import { everyNth, loses, play, requestFor, type Scene, through, toPort } from "./simulate.ts";

const from = (plane: string, more: Scene = {}): Scene => ({ ...sceneOf(fixture(plane)), ...more });
const service: Scene = { world: { ...world, services }, to: `svc/${shop.name}` };
const lossy: Scene = { faults: [loses(0.3, through("graz"))] };
/** Gaps about what data planes hide. */
const hidden = (scene: Scene): readonly string[] =>
  play(scene).report.gaps.flatMap(({ probe, subject, reason }) =>
    probe === DATA_PLANE ? [`${subject}: ${reason}`] : [],
  );

const outside = "lie outside of the nodes";
const policies = "keeps policies in eBPF maps";
const translated = "is translated by eBPF programs there";

test.each<{ name: string; scene: Scene; says: readonly string[] }>([
  { name: "flannel, a Service", scene: from("flannel-vxlan", service), says: [] },
  { name: "IPVS, a Service: its table is read", scene: from("calico-vxlan", service), says: [] },
  { name: "Services by eBPF, a pod was asked for", scene: from("cilium-netkit"), says: [] },
  { name: "Services by eBPF, a Service was asked for", scene: from("cilium-netkit", service), says: [translated] },
  { name: "Calico's eBPF, a Service was asked for", scene: from("calico-ebpf", service), says: [translated] },
  { name: "Cilium beside kube-proxy, a Service was asked for", scene: from("cilium-vxlan", service), says: [] },
  { name: "a cloud, all is well", scene: from("aws-vpc-cni"), says: [] },
  { name: "a cloud, packets between nodes are lost", scene: from("aws-vpc-cni", lossy), says: [outside, outside] },
  {
    name: "a cloud, packets are late only",
    scene: from("aws-vpc-cni", { faults: [everyNth("graz", 4, [200, 400])] }),
    says: [],
  },
  {
    name: "eBPF and a cloud, the asked port is dead",
    scene: from("gke-dataplane-v2", { faults: [loses(1, toPort("shop/api-1", 7000))] }),
    says: [outside, outside, policies, policies],
  },
  { name: "eBPF, packets are lost", scene: from("cilium-vxlan", lossy), says: [policies, policies] },
  { name: "no eBPF and no cloud, packets are lost", scene: from("calico-ipip", lossy), says: [] },
])("$name", ({ scene, says }) => {
  const said = hidden(scene);
  expect(said).toHaveLength(says.length);
  for (const part of says) expect(said.join("\n")).toContain(part);
});

const tap = (kind: Tap["kind"], device: string): Tap => ({
  ...{ task: `capture-${device}`, label: `ulm ${device}`, order: 0, node: "ulm", netns: "node", device, kind },
  ...{ mtu: 1500, snapLength: 128, mayBeSkipped: false },
});

test.each([
  { plane: "calico-bgp", taps: [tap("host-end", "cali12d4a061371"), tap("nic", "ens5")], says: /WireGuard: at ens5/ },
  { plane: "calico-bgp", taps: [tap("host-end", "cali12d4a061371")], says: undefined },
  { plane: "calico-bgp", taps: undefined, says: undefined },
  { plane: "calico-ipip", taps: [tap("nic", "ens5")], says: undefined },
])("what recorders cannot see of encrypted packets is said where there are any ($plane)", ({ plane, taps, says }) => {
  const { plan, evidence } = play(from(plane));
  const planned = { ...plan, ...(taps ? { taps } : {}) };
  const planes = dataPlanes({ plan: planned, evidence });
  const { gaps } = diagnose({ request: requestFor(20), plan: planned, evidence, gaps: [], rules, planes });
  const said = gaps.filter(({ probe }) => probe === DATA_PLANE).map(({ reason }) => reason);
  expect(said).toEqual(says ? [expect.stringMatching(says)] : []);
});

test("further interfaces of an asked pod are named, and the line says that there are some", () => {
  const device = (ifindex: number, ifname: string, kind: string, local: string): string =>
    JSON.stringify({
      ...{ ifindex, ifname, flags: ["UP", "LOWER_UP"], mtu: 1500, linkinfo: { info_kind: kind } },
      addr_info: [{ family: "inet", local, prefixlen: 24, scope: "global" }],
    });
  // Docker within a pod has a bridge of its own: nobody reaches the pod by it.
  const more = [device(9, "net1", "macvlan", "192.168.40.7"), device(10, "docker0", "bridge", "172.17.0.1")].join(
    ",\n",
  );
  const { report } = play(
    sceneOf(fixture("flannel-vxlan"), (text, { id, node }) =>
      id.startsWith("pod/") && node === "ulm" && text.startsWith("[") ? text.replace(/\]\s*$/, `,\n${more}]`) : text,
    ),
  );
  expect(report.gaps).toContainEqual({
    probe: "data-plane",
    subject: "pod/shop/api-0",
    reason: "its further interfaces (net1) were not measured, only the one with 10.42.0.5",
  });
  expect(report.dataPlanes?.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^ulm: flannel, .*, pods with further interfaces$/),
    expect.stringMatching(/^graz: flannel, .*, IPv4$/),
  ]);
  expect(report.causes).toEqual([]);
});
