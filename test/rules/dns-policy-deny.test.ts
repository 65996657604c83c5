import { expect, test } from "vitest";
import type { PolicyView } from "#src/core/policy-view.ts";
import { dnsPolicyDeny } from "#src/rules/dns-policy-deny.ts";
import { askNames, type Names, ONE, type Said, SERVICE, TWO } from "./dns-case.ts";

const DEAD: Said = { lost: 40, tcpLost: 10, outside: { timeout: 10 } };
const TCP_DEAD: Said = { tcpLost: 10 };

/** Isolates the pods of the shop for what goes out, or the DNS pods for what comes in. */
const egress = (...rules: PolicyView["egress"]): PolicyView => ({
  namespace: "shop",
  name: "out",
  podSelector: {},
  types: ["Egress"],
  ingress: [],
  egress: rules,
});
const ingress = (...rules: PolicyView["ingress"]): PolicyView => ({
  namespace: "kube-system",
  name: "names",
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  types: ["Ingress"],
  ingress: rules,
  egress: [],
});
const shop = { peers: [{ podSelector: {} }] };
const udp = { ports: [{ protocol: "UDP", port: 53 }] };
const names = { ports: [...udp.ports, { protocol: "TCP", port: 53 }] };
const source = { "*": DEAD };

test.each<{ name: string; says: Names; want: string }>([
  { name: "names were forgotten", says: { source, policies: [egress(shop)] }, want: "shop/api-0 likely" },
  {
    name: "all pods of the shop suffer, the DNS pods answer themselves",
    says: { source, near: source, far: source, policies: [egress(shop)] },
    want: "shop/api-0 likely",
  },
  {
    name: "TCP was forgotten",
    says: { source: { "*": TCP_DEAD }, policies: [egress(shop, udp)] },
    want: "shop/api-0 likely",
  },
  {
    name: "the DNS pods are locked",
    says: { source, near: source, far: source, policies: [ingress()] },
    want: "svc/kube-system/kube-dns likely",
  },
  {
    name: "one DNS pod may be asked",
    says: {
      source: { [SERVICE]: { lost: 20 }, [TWO]: DEAD },
      policies: [egress({ ...udp, peers: [{ ipBlock: { cidr: `${ONE}/32` } }] })],
    },
    want: "shop/api-0 likely",
  },
  {
    name: "the DNS pods are dead as well",
    says: { source, near: source, far: source, self: DEAD, policies: [egress(shop)] },
    want: "shop/api-0 possible",
  },
  // What can fool it.
  { name: "there are no policies", says: { source, policies: [] }, want: "cleared" },
  { name: "they allow names", says: { source, policies: [egress(shop, names)] }, want: "cleared" },
  { name: "the pod network does not enforce them", says: { policies: [egress(shop)] }, want: "cleared" },
  {
    name: "the pod asks the node's cache, which answers",
    says: {
      resolver: "169.254.20.10",
      source: { [SERVICE]: DEAD, [ONE]: DEAD, [TWO]: DEAD },
      policies: [egress(shop)],
    },
    want: "cleared",
  },
  { name: "policies may not be read", says: { source }, want: "unknown" },
])("dns-policy-deny says $want when $name", ({ says, want }) => {
  expect(askNames(dnsPolicyDeny, says).brief).toBe(want);
});

test("it names the policy, what it forbids and what became of it", () => {
  const { text, all } = askNames(dnsPolicyDeny, { source, policies: [egress(shop)] });
  expect(text).toContain(
    "shop/out isolates shop/api-0 for what goes out and has no rule that allows UDP and TCP to port 53 of kube-system/names-a and kube-system/names-b",
  );
  expect(text).toContain("kube-system/names-b (10.42.1.9) TCP: 10 of 10 queries without a usable answer (100 %)");
  expect(all[0]?.confirm[0]).toBe("kubectl get networkpolicy -n shop out -o yaml");
  expect(all[0]?.explains).toContain("dns-down");
});
