import { expect, test } from "vitest";
import type { Tap } from "#src/core/capture.ts";
import { placeText } from "#src/core/place.ts";
import { inWords } from "#src/core/sentence.ts";
import { betweenTaps, seenAt, sideOf } from "#src/core/tap-hooks.ts";
import { play } from "./simulate.ts";

const { plan } = play({ seconds: 3 });
const netnsOf = (pod: string): string => plan.vantages.find(({ label }) => label === pod)?.netns ?? "";
const tap = (node: string, kind: Tap["kind"], device: string, pod?: string): Tap => ({
  ...{
    task: "capture-0",
    label: `${pod ?? node} ${device}`,
    order: 0,
    node,
    device,
    kind,
    mtu: 1_500,
    snapLength: 128,
  },
  netns: pod === undefined ? "node" : netnsOf(pod),
  mayBeSkipped: false,
});
const pod = tap("ulm", "pod", "eth0", "shop/api-0");
const veth = tap("ulm", "host-end", "veth1");
const bridge = tap("ulm", "bridge", "cni0");
const tunnel = tap("ulm", "tunnel", "vx.7");
const nic = tap("ulm", "nic", "bond0");
const member = tap("ulm", "bond-member", "ens5");
const farMember = tap("graz", "bond-member", "ens6");
const farNic = tap("graz", "nic", "ens5");
const beside = tap("ulm", "host-end", "veth9");

const STACK = [
  "the reverse-path filter",
  "netfilter (PREROUTING, FORWARD, POSTROUTING) and conntrack",
  "routes and neighbour entries",
];

test.each<{ from: Tap; to: Tap; where: string; sides: string; hooks: readonly string[] }>([
  {
    ...{ from: pod, to: veth, where: "shop/api-0", sides: "sent received" },
    hooks: [
      "the cable (veth) between the pod and its node",
      "the backlog of the CPU that takes packets off it (softnet)",
      "XDP programs of veth1",
    ],
  },
  {
    ...{ from: veth, to: bridge, where: "ulm", sides: "received received" },
    hooks: ["programs at tc ingress of veth1", "state, filters and forwarding table of the bridge cni0"],
  },
  {
    ...{ from: bridge, to: tunnel, where: "ulm", sides: "received sent" },
    hooks: ["programs at tc ingress of cni0", ...STACK, "tc egress and the queue (qdisc) of vx.7"],
  },
  {
    ...{ from: tunnel, to: nic, where: "ulm", sides: "sent sent" },
    hooks: [
      "encapsulation by vx.7",
      "netfilter (OUTPUT, POSTROUTING) for the outer packet, its route and neighbour",
      "tc egress and the queue (qdisc) of bond0",
    ],
  },
  {
    ...{ from: nic, to: member, where: "ulm", sides: "sent sent" },
    hooks: ["the bond's choice of a member", "tc egress and the queue (qdisc) of ens5"],
  },
  {
    ...{ from: member, to: farMember, where: "ulm>graz", sides: "sent received" },
    hooks: ["NIC and driver of ulm", "cables, switches and routers", "NIC, receive ring and XDP programs of graz"],
  },
  {
    ...{ from: farMember, to: farNic, where: "graz", sides: "received received" },
    hooks: ["the bond, which takes packets of active members only"],
  },
  {
    ...{ from: nic, to: tunnel, where: "ulm", sides: "received received" },
    hooks: [
      "programs at tc ingress of bond0",
      "netfilter (PREROUTING, INPUT) and the reverse-path filter for the outer packet",
      "checks of the tunnel vx.7: network identifier, checksum, sender",
    ],
  },
  {
    ...{ from: tunnel, to: bridge, where: "ulm", sides: "received sent" },
    hooks: ["programs at tc ingress of vx.7", ...STACK, "tc egress and the queue (qdisc) of cni0"],
  },
  {
    ...{ from: bridge, to: veth, where: "ulm", sides: "sent sent" },
    hooks: ["state, filters and forwarding table of the bridge cni0", "tc egress and the queue (qdisc) of veth1"],
  },
  {
    ...{ from: veth, to: pod, where: "shop/api-0", sides: "sent received" },
    hooks: [
      "the cable (veth) between the pod and its node",
      "the backlog of the CPU that takes packets off it (softnet)",
      "XDP programs of eth0",
    ],
  },
  {
    ...{ from: veth, to: beside, where: "ulm", sides: "received sent" },
    hooks: ["programs at tc ingress of veth1", ...STACK, "tc egress and the queue (qdisc) of veth9"],
  },
])("between $from.label and $to.label lies $where", ({ from, to, where, sides, hooks }) => {
  const between = betweenTaps(from, to, plan);
  expect(placeText(between.where)).toBe(where);
  expect(between.hooks.map((one) => inWords(one))).toEqual(hooks);
  expect([from, to].map((one) => sideOf(one, from, to)).join(" ")).toBe(sides);
});

test("without taps on NICs the stacks of both nodes lie between as well", () => {
  const hooks = betweenTaps(pod, tap("graz", "pod", "eth0", "shop/api-1"), plan).hooks.map((one) => inWords(one));
  expect([hooks[0], hooks.at(-1)]).toEqual(["the network stack of ulm", "the network stack of graz"]);
});

test("a tap says on which side of the hooks it sits", () => {
  expect(inWords(seenAt(nic, "sent"))).toBe("ulm bond0 shows what has left its queue (qdisc)");
  expect(inWords(seenAt(nic, "received"))).toBe("ulm bond0 shows what has come in, before tc ingress and netfilter");
});
