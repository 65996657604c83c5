import { expect, test } from "vitest";
import { podLinkBroken } from "#src/rules/pod-link-broken.ts";
import { loses, type Packet, play, type Scene, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const target = "shop/api-1";
const cut = loses(1, ({ from, to }: Packet) => from === target || to === target);

type Cable = {
  readonly inside?: "up" | "down" | "gone";
  readonly outside?: "up" | "down" | "gone";
  readonly master?: string | undefined;
  readonly others?: string | undefined;
  readonly kind?: string;
  readonly route?: boolean;
};
/** What the target's pod and its node say of their devices and routes. */
const cables =
  ({
    inside = "up",
    outside = "up",
    kind = "veth",
    route = true,
    ...bridges
  }: Cable = {}): NonNullable<Scene["facts"]> =>
  (at, probe) => {
    const flags = (state: string) => (state === "up" ? ["UP", "LOWER_UP"] : ["NO-CARRIER"]);
    const { master, others } = { master: "cni0", others: "cni0", ...bridges };
    const on = (bridge: string | undefined) => (bridge === undefined ? {} : { master: bridge });
    const linkinfo = { info_kind: kind };
    if (probe === "addresses" && at.label === target && inside === "gone")
      return JSON.stringify([{ ifname: "lo", flags: ["UP", "LOWER_UP"] }]);
    if (probe === "routes" && at.label === "graz" && !route) {
      const routes = [
        { dst: "default", gateway: "172.20.7.1", dev: "ens5" },
        { dst: "10.42.1.6", dev: "cali0" },
        { dst: "10.42.0.0/24", gateway: "10.42.0.0", dev: "vx.7" },
      ];
      return JSON.stringify(routes);
    }
    if (probe !== "links") return undefined;
    if (at.label === target)
      return inside === "gone"
        ? JSON.stringify([{ ifname: "lo", flags: ["UP", "LOWER_UP"] }])
        : JSON.stringify([
            { ifname: "eth0", ifindex: 2, link_index: 17, link_netnsid: 0, flags: flags(inside), linkinfo },
          ]);
    if (at.label !== "graz") return undefined;
    return JSON.stringify([
      { ifname: "ens5", ifindex: 1, flags: ["UP", "LOWER_UP"] },
      ...(outside === "gone"
        ? []
        : [
            {
              ifname: "veth17",
              ifindex: 17,
              link_index: 2,
              link_netnsid: 3,
              flags: flags(outside),
              linkinfo,
              ...on(master),
            },
          ]),
      { ifname: "veth19", ifindex: 19, link_index: 2, link_netnsid: 4, flags: flags("up"), linkinfo, ...on(others) },
    ]);
  };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the pod's end has no carrier",
    scene: { facts: cables({ inside: "down" }), faults: [cut] },
    want: `${target} certain`,
  },
  {
    name: "the node's end is down",
    scene: { facts: cables({ outside: "down" }), faults: [cut] },
    want: `${target} certain`,
  },
  {
    name: "the node's end is gone",
    scene: { facts: cables({ outside: "gone" }), faults: [cut] },
    want: `${target} certain`,
  },
  {
    name: "the pod has no device",
    scene: { facts: cables({ inside: "gone" }), faults: [cut] },
    want: `${target} certain`,
  },
  {
    name: "it hangs on no bridge",
    scene: { facts: cables({ master: undefined }), faults: [cut] },
    want: `${target} certain`,
  },
  {
    name: "its node has no route to it",
    scene: { facts: cables({ route: false }), faults: [cut] },
    want: `${target} certain`,
  },
  // What can fool it.
  { name: "all is well", scene: { facts: cables() }, want: "cleared" },
  { name: "it is down and packets pass", scene: { facts: cables({ outside: "down" }) }, want: "cleared" },
  { name: "the pod is cut off and its cable is well", scene: { facts: cables(), faults: [cut] }, want: "cleared" },
  {
    name: "this pod network has no bridge",
    scene: { facts: cables({ master: undefined, others: undefined }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "its cable is of netkit",
    scene: { facts: cables({ kind: "netkit", master: undefined }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "only packets from other nodes are lost",
    scene: { facts: cables({ master: undefined }), faults: [loses(0.4, through("graz"))] },
    want: "cleared",
  },
  {
    name: "nodes are asked about",
    scene: { from: "ulm", to: "graz", facts: cables({ outside: "down" }) },
    want: "cleared",
  },
])("pod-link-broken says $want when $name", ({ scene, want }) => {
  expect(ask(podLinkBroken, scene).brief).toBe(want);
});

test("it is unknown where nothing was read", () => {
  const silent: Scene = { facts: (_, probe) => (probe === "links" ? "garbage" : undefined), faults: [cut] };
  expect(ask(podLinkBroken, silent).brief).toBe("unknown");
});

test("it says what is wrong with which device, and what is lost is beneath it", () => {
  const scene: Scene = { facts: cables({ outside: "down", inside: "down" }), faults: [cut] };
  const text = because(ask(podLinkBroken, scene).verdict);
  expect(text).toContain("eth0 of shop/api-1 has no carrier");
  expect(text).toContain("veth17 on graz, the other end of the cable of shop/api-1, is down");
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["pod-link-broken"]);
});

test("a pod that has ended explains its missing cable", () => {
  const scene: Scene = {
    facts: cables({ outside: "gone" }),
    faults: [cut],
    views: (view) => [view, { ...view, pods: view.pods.filter(({ name }) => name !== "api-1") }],
  };
  const [cause, ...others] = play(scene).report.causes;
  expect(cause?.cause).toBe("target-not-running");
  expect(cause?.explains.map((one) => one.cause)).toContain("pod-link-broken");
  expect(others).toEqual([]);
});
