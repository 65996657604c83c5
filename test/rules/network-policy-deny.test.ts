import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import type { PolicyView } from "#src/core/policy-view.ts";
import { networkPolicyDeny } from "#src/rules/network-policy-deny.ts";
import { loses, type Packet, type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { world } from "./service-world.ts";

/** Isolates cart pods for what comes in; `peers` may come in. */
const policy = (ingress: PolicyView["ingress"] = []): PolicyView => ({
  namespace: "shop",
  name: "lock",
  podSelector: { matchLabels: { app: "cart" } },
  types: ["Ingress"],
  ingress,
  egress: [],
});
const views =
  (...policies: PolicyView[]) =>
  (view: ClusterView): ClusterView[] => [{ ...view, policies }];
const target = "shop/cart-1";
const into = ({ to, way, fromNode, toNode, from }: Packet): boolean =>
  way === "request" && to === target && !(fromNode === toNode && from === toNode);
const enforced = { faults: [loses(1, into)] };
const counting: NonNullable<Scene["facts"]> = (at, probe, atMs) =>
  probe === "packet-filter" && at.label === "graz"
    ? `*filter\n:FORWARD ACCEPT [0:0]\n:cali-tw-cali1 - [0:0]\n[9:9] -A FORWARD -j cali-tw-cali1\n[${Math.round((atMs - startOf) / 50)}:9] -A cali-tw-cali1 -m comment --comment "cali:x" -m comment --comment "Drop if no policies passed packet" -j DROP\nCOMMIT\n`
    : undefined;
const base = { world, to: target } as const;

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "it forbids all, and a rule of its engine counts",
    scene: { ...base, ...enforced, facts: counting, views: views(policy()) },
    want: "shop/cart-1 certain",
  },
  {
    name: "no counter can be read, but what is allowed passes",
    scene: { ...base, ...enforced, views: views(policy()) },
    want: "shop/cart-1 likely",
  },
  {
    name: "it allows others only",
    scene: {
      ...base,
      ...enforced,
      facts: counting,
      views: views(policy([{ peers: [{ podSelector: { matchLabels: { app: "x" } } }] }])),
    },
    want: "shop/cart-1 certain",
  },
  // What can fool it.
  { name: "the pod network does not enforce it", scene: { ...base, views: views(policy()) }, want: "cleared" },
  { name: "there are no policies", scene: { ...base, ...enforced, views: views() }, want: "cleared" },
  {
    name: "it allows us and the port is blocked otherwise",
    scene: { ...base, ...enforced, views: views(policy([{}])) },
    want: "cleared",
  },
  {
    name: "it forbids echoes only",
    scene: {
      ...base,
      faults: [loses(1, (packet) => into(packet) && packet.leg.port === undefined)],
      views: views(policy([{ ports: [{ port: 7001 }] }])),
    },
    want: "cleared",
  },
  {
    name: "everything is broken, the allowed too",
    scene: {
      ...base,
      faults: [loses(1, ({ fromNode, toNode }) => fromNode === "graz" || toNode === "graz")],
      views: views(policy()),
    },
    want: "cleared",
  },
  { name: "policies may not be read", scene: { ...base, ...enforced }, want: "unknown" },
])("network-policy-deny says $want when $name", ({ scene, want }) => {
  expect(ask(networkPolicyDeny, scene).brief).toBe(want);
});

test("it names the policy, the numbers and what passes", () => {
  const { verdict } = ask(networkPolicyDeny, { ...base, ...enforced, facts: counting, views: views(policy()) });
  const text = because(verdict);
  expect(text).toContain("shop/lock isolates shop/cart-1 for what comes in and has no rule that allows shop/api-0");
  expect(text).toContain("Drop if no policies passed packet");
});
