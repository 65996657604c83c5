import { describe, expect, test } from "vitest";
import { capturePoints, type EndState } from "#src/core/capture-points.ts";
import type { Device } from "#src/core/devices.ts";

const link = (name: string, index: number, more: Partial<Device> = {}): Device => ({
  name,
  index,
  mtu: 1_500,
  ...more,
});
const nic = link("eth0", 2);
const podLink = (peer: number, more: Partial<Device> = {}): Device =>
  link("eth0", 3, { kind: "veth", peer, elsewhere: true, mtu: 1_450, ...more });
const veth = (index: number, more: Partial<Device> = {}): Device =>
  link(`veth${index}`, index, { kind: "veth", peer: 3, elsewhere: true, mtu: 1_450, ...more });

function pod(node: string, more: Partial<EndState> = {}): EndState {
  const { nodeLinks = [nic, veth(7)] } = more;
  return {
    node,
    netns: `uid-${node}`,
    device: "eth0",
    links: [link("lo", 1), podLink(7)],
    nodeLinks,
    towardsEnd: "eth0",
    towardsNode: "eth0",
    ...more,
  };
}

const bridge = link("cni0", 5, { kind: "bridge", mtu: 1_450 });
const vxlan = link("flannel.1", 4, { kind: "vxlan", mtu: 1_450 });
const bridged = [nic, vxlan, bridge, veth(7, { master: "cni0" }), veth(9, { master: "cni0" })];
const steering = [nic, link("cilium_host", 4, { kind: "veth" }), link("cilium_vxlan", 5, { kind: "vxlan" }), veth(7)];
const bonded = [
  link("bond0", 6, { kind: "bond" }),
  link("ens1", 2, { master: "bond0" }),
  link("ens2", 3, { master: "bond0" }),
  veth(7),
];

const named = (from: EndState, to: EndState): readonly string[] =>
  capturePoints(from, to).map(
    ({ node, netns, device, kind }) => `${node}${netns === "node" ? "" : "/pod"} ${device} ${kind}`,
  );

describe("points of a path", () => {
  test.each<{ name: string; from: EndState; to: EndState; points: readonly string[] }>([
    {
      name: "bridged and tunnelled (flannel)",
      from: pod("a", { nodeLinks: bridged, towardsEnd: "flannel.1" }),
      to: pod("b", { nodeLinks: bridged, towardsEnd: "flannel.1" }),
      points: [
        "a/pod eth0 pod",
        "a veth7 host-end",
        "a cni0 bridge",
        "a flannel.1 tunnel",
        "a eth0 nic",
        "b eth0 nic",
        "b flannel.1 tunnel",
        "b cni0 bridge",
        "b veth7 host-end",
        "b/pod eth0 pod",
      ],
    },
    {
      name: "routed (Calico without a tunnel)",
      from: pod("a"),
      to: pod("b"),
      points: ["a/pod eth0 pod", "a veth7 host-end", "a eth0 nic", "b eth0 nic", "b veth7 host-end", "b/pod eth0 pod"],
    },
    {
      name: "handed to a program that puts it into a tunnel (Cilium with VXLAN)",
      from: pod("a", { nodeLinks: steering, towardsEnd: "cilium_host", steered: "cilium_vxlan" }),
      to: pod("b"),
      points: [
        "a/pod eth0 pod",
        "a veth7 host-end",
        "a cilium_vxlan tunnel",
        "a eth0 nic",
        "b eth0 nic",
        "b veth7 host-end",
        "b/pod eth0 pod",
      ],
    },
    {
      name: "routed beside such a tunnel",
      from: pod("a", { nodeLinks: steering, steered: "cilium_vxlan" }),
      to: pod("b"),
      points: ["a/pod eth0 pod", "a veth7 host-end", "a eth0 nic", "b eth0 nic", "b veth7 host-end", "b/pod eth0 pod"],
    },
    {
      name: "bonded on one side",
      from: pod("a", { nodeLinks: bonded, towardsEnd: "bond0", towardsNode: "bond0" }),
      to: pod("b"),
      points: [
        "a/pod eth0 pod",
        "a veth7 host-end",
        "a bond0 nic",
        "a ens1 bond-member",
        "a ens2 bond-member",
        "b eth0 nic",
        "b veth7 host-end",
        "b/pod eth0 pod",
      ],
    },
    {
      name: "on one node, bridged",
      from: pod("a", { nodeLinks: bridged, towardsEnd: "cni0" }),
      to: pod("a", { nodeLinks: bridged, towardsEnd: "cni0", netns: "other", links: [podLink(9)] }),
      points: ["a/pod eth0 pod", "a veth7 host-end", "a cni0 bridge", "a veth9 host-end", "a/pod eth0 pod"],
    },
    {
      name: "from a node to a pod of another one",
      from: pod("a", {
        netns: "node",
        links: bridged,
        nodeLinks: bridged,
        device: "flannel.1",
        towardsEnd: "flannel.1",
      }),
      to: pod("b"),
      points: ["a flannel.1 tunnel", "a eth0 nic", "b eth0 nic", "b veth7 host-end", "b/pod eth0 pod"],
    },
    {
      name: "netkit (Cilium)",
      from: pod("a", { links: [podLink(7, { kind: "netkit" })], nodeLinks: [nic, veth(7, { kind: "netkit" })] }),
      to: pod("b"),
      points: ["a/pod eth0 pod", "a veth7 host-end", "a eth0 nic", "b eth0 nic", "b veth7 host-end", "b/pod eth0 pod"],
    },
    {
      name: "a pod right on the NIC (macvlan)",
      from: pod("a", { links: [podLink(2, { kind: "macvlan" })], nodeLinks: [nic] }),
      to: pod("b"),
      points: ["a/pod eth0 pod", "a eth0 nic", "b eth0 nic", "b veth7 host-end", "b/pod eth0 pod"],
    },
    {
      name: "an index that happens to be another pod's",
      from: pod("a", { nodeLinks: [nic, veth(7, { peer: 12 })] }),
      to: pod("b"),
      points: ["a/pod eth0 pod", "a eth0 nic", "b eth0 nic", "b veth7 host-end", "b/pod eth0 pod"],
    },
  ])("$name", ({ from, to, points }) => {
    expect(named(from, to)).toEqual(points);
  });
});
