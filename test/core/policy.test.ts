import { expect, test } from "vitest";
import { decide, type PolicyEnd, type PolicyFlow, type PolicyWorld } from "#src/core/policy.ts";
import type { PolicyView } from "#src/core/policy-view.ts";

const web: PolicyEnd = {
  ip: "10.1.0.5",
  pod: { namespace: "shop", name: "web-0", labels: { app: "web", tier: "front" }, ports: [] },
};
const db: PolicyEnd = {
  ip: "10.1.1.6",
  pod: { namespace: "bank", name: "db-0", labels: { app: "db" }, ports: [{ name: "sql", port: 5432 }] },
};
const outside: PolicyEnd = { ip: "203.0.113.9" };
const tcp: PolicyFlow = { from: web, to: db, protocol: "TCP", port: 5432 };
const policy = (change: Partial<PolicyView>): PolicyView => ({
  namespace: "bank",
  name: "p",
  podSelector: {},
  types: ["Ingress"],
  ingress: [],
  egress: [],
  ...change,
});
const world = (...policies: PolicyView[]): PolicyWorld => ({
  policies,
  namespaces: new Map([
    ["shop", { team: "a" }],
    ["bank", { team: "b" }],
  ]),
});
const fromShop = { namespaceSelector: { matchLabels: { team: "a" } } };

test.each<{ name: string; world: PolicyWorld; flow?: Partial<PolicyFlow>; want: string }>([
  { name: "there is no policy", world: world(), want: "allowed" },
  { name: "an empty selector isolates all and nothing is allowed", world: world(policy({})), want: "denied" },
  { name: "a policy of another namespace", world: world(policy({ namespace: "shop" })), want: "allowed" },
  {
    name: "a policy of other pods",
    world: world(policy({ podSelector: { matchLabels: { app: "x" } } })),
    want: "allowed",
  },
  { name: "an empty rule allows everybody", world: world(policy({ ingress: [{}] })), want: "allowed" },
  {
    name: "a pod selector alone means the policy's own namespace",
    world: world(policy({ ingress: [{ peers: [{ podSelector: {} }] }] })),
    want: "denied",
  },
  { name: "a namespace by its labels", world: world(policy({ ingress: [{ peers: [fromShop] }] })), want: "allowed" },
  {
    name: "namespace and pod in one peer both have to fit",
    world: world(policy({ ingress: [{ peers: [{ ...fromShop, podSelector: { matchLabels: { app: "cron" } } }] }] })),
    want: "denied",
  },
  {
    name: "as two peers one is enough",
    world: world(policy({ ingress: [{ peers: [fromShop, { podSelector: { matchLabels: { app: "cron" } } }] }] })),
    want: "allowed",
  },
  { name: "another port", world: world(policy({ ingress: [{ ports: [{ port: 80 }] }] })), want: "denied" },
  {
    name: "a range of ports",
    world: world(policy({ ingress: [{ ports: [{ port: 5000, endPort: 6000 }] }] })),
    want: "allowed",
  },
  { name: "a port by its name", world: world(policy({ ingress: [{ ports: [{ port: "sql" }] }] })), want: "allowed" },
  {
    name: "a name that no container declares",
    world: world(policy({ ingress: [{ ports: [{ port: "x" }] }] })),
    want: "unknown",
  },
  {
    name: "UDP only",
    world: world(policy({ ingress: [{ ports: [{ protocol: "UDP", port: 5432 }] }] })),
    want: "denied",
  },
  {
    name: "ports do not cover echoes",
    world: world(policy({ ingress: [{ ports: [{ port: 5432 }] }] })),
    flow: { protocol: "ICMP" },
    want: "denied",
  },
  {
    name: "one of several policies allows",
    world: world(policy({}), policy({ name: "q", ingress: [{ peers: [fromShop] }] })),
    want: "allowed",
  },
  {
    name: "an address block with an exception",
    world: world(policy({ ingress: [{ peers: [{ ipBlock: { cidr: "10.1.0.0/16", except: ["10.1.0.0/24"] } }] }] })),
    want: "denied",
  },
  {
    name: "an address block",
    world: world(policy({ ingress: [{ peers: [{ ipBlock: { cidr: "203.0.113.0/24" } }] }] })),
    flow: { from: outside },
    want: "allowed",
  },
  {
    name: "an address that is not known against a block",
    world: world(policy({ ingress: [{ peers: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] })),
    flow: { from: { ip: undefined } },
    want: "unknown",
  },
  {
    name: "the pod's own node is exempt",
    world: world(policy({})),
    flow: { from: { ip: "172.16.0.2" }, ownNode: true },
    want: "allowed",
  },
  {
    name: "on the way out to it engines differ",
    world: world(policy({ namespace: "shop", types: ["Egress"], egress: [] })),
    flow: { ownNode: true },
    want: "unknown",
  },
  {
    name: "egress is isolated and the peer is another one",
    world: world(policy({ namespace: "shop", types: ["Egress"], egress: [{ peers: [{ podSelector: {} }] }] })),
    want: "denied",
  },
  { name: "the policy is longer than what is kept of it", world: world(policy({ cut: true })), want: "unknown" },
  {
    name: "labels of namespaces are not known",
    world: { policies: [policy({ ingress: [{ peers: [fromShop] }] })], namespaces: undefined },
    want: "unknown",
  },
  {
    name: "the namespace is selected by its name",
    world: {
      policies: [
        policy({
          ingress: [{ peers: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } } }] }],
        }),
      ],
      namespaces: undefined,
    },
    want: "allowed",
  },
  {
    name: "expressions",
    world: world(
      policy({
        podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["db"] }] },
        ingress: [
          {
            peers: [
              {
                ...fromShop,
                podSelector: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["front"] }] },
              },
            ],
          },
        ],
      }),
    ),
    want: "denied",
  },
])("$want when $name", ({ world: policies, flow, want }) => {
  expect(decide({ ...tcp, ...flow }, policies).verdict).toBe(want);
});

test("a denial names the pod, the way and the policies", () => {
  expect(decide(tcp, world(policy({}), policy({ name: "q" })))).toEqual({
    verdict: "denied",
    way: "Ingress",
    pod: "bank/db-0",
    policies: ["bank/p", "bank/q"],
  });
});
