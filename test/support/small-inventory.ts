import type { Inventory } from "#src/core/inventory.ts";

/** A cluster of three nodes and a few pods, for everything that looks names up. */
export const smallInventory: Inventory = {
  cluster: "prod",
  atMs: 0,
  pods: [
    { namespace: "shop", name: "web-0", phase: "Running", ip: "10.244.1.2", node: "node-1" },
    { namespace: "shop", name: "web-1", phase: "Running", ip: "10.244.2.2", node: "node-2" },
    { namespace: "shop", name: "db-0", phase: "Running", ip: "10.244.2.3", node: "node-2" },
    { namespace: "shop", name: "payments-0", phase: "Running", ip: "10.244.3.2", node: "node-3" },
    { namespace: "shop", name: "new-0", phase: "Pending" },
    { namespace: "data", name: "warehouse-0", phase: "Running", ip: "10.244.3.3", node: "node-3" },
    { namespace: "data", name: "cache-0", phase: "Running", ip: "10.244.3.4", node: "node-3" },
    { namespace: "shop", name: "cache-0", phase: "Running", ip: "10.244.1.4", node: "node-1" },
    { namespace: "data", name: "proxy.v2", phase: "Running", ip: "10.244.3.9", node: "node-3" },
  ],
  services: [
    { namespace: "shop", name: "web", ip: "10.96.0.10", ports: [80] },
    { namespace: "shop", name: "db", ip: "10.96.0.11", ports: [5432] },
  ],
  deployments: [{ namespace: "shop", name: "web" }],
  nodes: [
    { name: "node-1", ip: "192.168.0.1" },
    { name: "node-2", ip: "192.168.0.2" },
    { name: "node-3", ip: "192.168.0.3" },
  ],
};
