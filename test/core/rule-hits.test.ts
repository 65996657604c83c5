import { expect, test } from "vitest";
import type { DropRule } from "#src/core/drop-rules.ts";
import { hits } from "#src/core/rule-hits.ts";
import { play } from "./simulate.ts";

const { plan } = play({ seconds: 5 });
const leg = (from: string, to: string, port?: number) => {
  const found = plan.legs.find((one) => one.from === from && one.to === to && one.port === port);
  if (!found) throw new Error(`no leg ${from}>${to}`);
  return found;
};
const at = (id: string) => {
  const found = plan.vantages.find((vantage) => vantage.id === id);
  if (!found) throw new Error(`no vantage ${id}`);
  return found;
};
const rule = (hook: string, more: Partial<DropRule> = {}): DropRule => ({
  table: "filter",
  chain: hook.toUpperCase(),
  hooks: [hook],
  action: "drop",
  text: "",
  more: [],
  owned: false,
  packets: 10,
  ...more,
});
const endToEnd = leg("pod/shop/api-0", "pod/shop/api-1");
const tcp = leg("pod/shop/api-0", "pod/shop/api-1", 7000);
const underlay = leg("node/ulm", "node/graz");

test.each([
  {
    name: "forwarded to the pod",
    rule: rule("forward", { destination: "10.42.1.5/32" }),
    where: "node/graz",
    leg: endToEnd,
    want: true,
  },
  {
    name: "forwarded to the pod, seen from the other node",
    rule: rule("forward", { destination: "10.42.1.5/32" }),
    where: "node/ulm",
    leg: endToEnd,
    want: true,
  },
  {
    name: "forwarded to the pod, on a third node",
    rule: rule("forward", { destination: "10.42.1.5/32" }),
    where: "node/bern",
    leg: endToEnd,
    want: false,
  },
  {
    name: "forwarded to another pod",
    rule: rule("forward", { destination: "10.42.1.77/32" }),
    where: "node/graz",
    leg: endToEnd,
    want: false,
  },
  {
    name: "only the way back",
    rule: rule("forward", { source: "10.42.1.5/32" }),
    where: "node/graz",
    leg: endToEnd,
    want: true,
  },
  {
    name: "the port of another protocol",
    rule: rule("forward", { protocol: "tcp", ports: [[7000, 7000]] }),
    where: "node/graz",
    leg: endToEnd,
    want: false,
  },
  {
    name: "the port itself",
    rule: rule("forward", { protocol: "tcp", ports: [[7000, 7000]] }),
    where: "node/graz",
    leg: tcp,
    want: true,
  },
  {
    name: "another port",
    rule: rule("forward", { protocol: "tcp", ports: [[80, 443]] }),
    where: "node/graz",
    leg: tcp,
    want: false,
  },
  {
    name: "input of a node that only forwards",
    rule: rule("input", { protocol: "icmp" }),
    where: "node/graz",
    leg: endToEnd,
    want: false,
  },
  {
    name: "input of a node that is the target",
    rule: rule("input", { protocol: "icmp" }),
    where: "node/graz",
    leg: underlay,
    want: true,
  },
  {
    name: "the tunnel around the packet",
    rule: rule("input", { protocol: "udp", ports: [[8472, 8472]] }),
    where: "node/graz",
    leg: endToEnd,
    want: true,
  },
  {
    name: "a tunnel on an unusual port",
    rule: rule("input", { protocol: "udp", ports: [[7471, 7471]] }),
    where: "node/graz",
    leg: endToEnd,
    want: true,
  },
  {
    name: "the tunnel port, of node traffic",
    rule: rule("input", { protocol: "udp", ports: [[8472, 8472]] }),
    where: "node/graz",
    leg: underlay,
    want: false,
  },
  {
    name: "the tunnel from a third node",
    rule: rule("input", { source: "172.20.7.22", protocol: "udp" }),
    where: "node/graz",
    leg: endToEnd,
    want: false,
  },
  { name: "input of the pod", rule: rule("input"), where: "pod/shop/api-1", leg: endToEnd, want: true },
  { name: "output of the pod: its answers", rule: rule("output"), where: "pod/shop/api-1", leg: endToEnd, want: true },
  { name: "a pod that has no part in it", rule: rule("input"), where: "pod/shop/cart-1", leg: endToEnd, want: false },
  {
    name: "only invalid packets",
    rule: rule("forward", { more: ["ctstate INVALID"] }),
    where: "node/graz",
    leg: endToEnd,
    want: false,
  },
  {
    name: "only marked packets",
    rule: rule("forward", { more: ["mark 0x8000/0x8000"] }),
    where: "node/graz",
    leg: endToEnd,
    want: false,
  },
  {
    name: "a chain that nothing leads to",
    rule: rule("forward", { hooks: [] }),
    where: "node/graz",
    leg: endToEnd,
    want: false,
  },
])("a rule about $name: $want", ({ rule: drops, where, leg: along, want }) => {
  expect(hits(drops, at(where), along, plan, [7471])).toBe(want);
});
