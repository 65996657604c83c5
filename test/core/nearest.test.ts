import { describe, expect, test } from "vitest";
import { editDistance, findTarget } from "#src/core/nearest.ts";
import type { Target } from "#src/core/target.ts";

const inventory = {
  pods: [
    { namespace: "shop", name: "web-0", phase: "Running", ip: "10.244.1.2", node: "node-1" },
    { namespace: "shop", name: "web-1", phase: "Running", ip: "10.244.2.2", node: "node-2" },
    { namespace: "shop", name: "db-0", phase: "Running", ip: "10.244.2.3", node: "node-2" },
    { namespace: "shop", name: "web-2", phase: "Pending" },
    { namespace: "a", name: "cache-0", phase: "Running", ip: "10.244.1.4", node: "node-1" },
    { namespace: "b", name: "cache-0", phase: "Running", ip: "10.244.1.5", node: "node-1" },
    { namespace: "shop", name: "payments-7d4b9c6f5-x2x9z", phase: "Running", ip: "10.244.1.6", node: "node-1" },
  ],
  services: [{ namespace: "shop", name: "web", ip: "10.96.0.80", ports: [80] }],
  deployments: [{ namespace: "shop", name: "payments" }],
  nodes: [
    { name: "node-1", ip: "192.168.50.11" },
    { name: "node-2", ip: "192.168.50.12" },
  ],
};

test.each<{ target: Target; text: string; ip?: string }>([
  { target: { kind: "pod", name: "web-0" }, text: "shop/web-0", ip: "10.244.1.2" },
  { target: { kind: "pod", namespace: "shop", name: "web-0", port: 8080 }, text: "shop/web-0:8080", ip: "10.244.1.2" },
  { target: { kind: "pod", namespace: "b", name: "cache-0" }, text: "b/cache-0", ip: "10.244.1.5" },
  { target: { kind: "service", name: "web", port: 80 }, text: "svc/shop/web:80", ip: "10.96.0.80" },
  { target: { kind: "deployment", name: "payments" }, text: "deploy/shop/payments" },
  { target: { kind: "node", name: "node-2" }, text: "node/node-2", ip: "192.168.50.12" },
  { target: { kind: "address", ip: "203.0.113.5", port: 443 }, text: "203.0.113.5:443", ip: "203.0.113.5" },
  { target: { kind: "host", name: "example.com", port: 443 }, text: "example.com:443" },
])("$text is found", ({ target, text, ip }) => {
  expect(findTarget(inventory, target)).toMatchObject({ found: { kind: target.kind, text, ...(ip ? { ip } : {}) } });
});

test.each<{ why: string; target: Target; problem: string; nearest: string[] }>([
  { why: "misspelt", target: { kind: "pod", name: "wbe-0" }, problem: "unknown", nearest: ["shop/web-0"] },
  { why: "a wrong number", target: { kind: "pod", name: "db-1" }, problem: "unknown", nearest: ["shop/db-0"] },
  {
    why: "in another namespace",
    target: { kind: "pod", namespace: "default", name: "db-0" },
    problem: "unknown",
    nearest: ["shop/db-0"],
  },
  {
    why: "of another kind",
    target: { kind: "pod", name: "web" },
    problem: "unknown",
    nearest: ["svc/shop/web", "shop/web-0", "shop/web-1"],
  },
  {
    why: "only a beginning",
    target: { kind: "pod", name: "pay", port: 80 },
    problem: "unknown",
    nearest: ["shop/payments-7d4b9c6f5-x2x9z:80", "deploy/shop/payments:80"],
  },
  { why: "a misspelt node", target: { kind: "node", name: "nod-1" }, problem: "unknown", nearest: ["node/node-1"] },
  { why: "like nothing", target: { kind: "pod", name: "zzzzzz" }, problem: "unknown", nearest: [] },
  {
    why: "in two namespaces",
    target: { kind: "pod", name: "cache-0", port: 1 },
    problem: "ambiguous",
    nearest: ["a/cache-0:1", "b/cache-0:1"],
  },
  {
    why: "without an address",
    target: { kind: "pod", name: "web-2" },
    problem: "no-ip",
    nearest: ["shop/web-0", "shop/web-1", "shop/db-0"],
  },
])("a name that is $why is answered with the nearest right forms", ({ target, problem, nearest }) => {
  expect(findTarget(inventory, target)).toEqual({ problem, nearest });
});

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["web", "web", 0],
    ["web", "wbe", 1],
    ["web", "we", 1],
    ["kitten", "sitting", 3],
    ["abc", "", 3],
  ])("of %s and %s is %i", (a, b, edits) => {
    expect(editDistance(a, b, 5)).toBe(edits);
    expect(editDistance(b, a, 5)).toBe(edits);
    if (edits > 0) expect(editDistance(a, b, edits - 1)).toBeUndefined();
  });
});
