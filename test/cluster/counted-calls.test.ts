import { expect, test } from "vitest";
import { countedNodes } from "#src/cluster/counted-calls.ts";
import type { NodeTasks } from "#src/cluster/node-tasks.ts";
import { createMetrics } from "#src/metrics.ts";

const linesOf = async (metrics: ReturnType<typeof createMetrics>, name: string) =>
  (await metrics.read()).split("\n").filter((line) => line.startsWith(name));

test("leases and running tasks follow what nodes answer, and go with their check or with time", async () => {
  const metrics = createMetrics();
  const clock = { nowMs: 0, clockMs: 0, bootId: "b", offsetEstimateMs: 0, offsetErrorMs: 0 };
  const states = { now: ["running", "running"] };
  const tasks = () =>
    states.now.map((state, n) => ({
      ...{ id: `t${n}`, state: state as "running", totalBytes: 0, offset: 0, stderr: "" },
      bytes: Buffer.alloc(10),
    }));
  const nodes: NodeTasks = {
    start: async () => ({ ...clock, tasks: tasks() }),
    sync: async () => ({ ...clock, tasks: tasks() }),
    stop: async () => ({ ...clock, tasks: tasks() }),
    segment: async () => ({ number: 1, state: "sealed", totalBytes: 70, offset: 0, bytes: Buffer.alloc(70) }),
    acknowledge: async () => ({ deleted: 1 }),
    remove: async () => ({ removed: true }),
    list: async () => ({ ...clock, checks: [] }),
  };
  const counted = countedNodes(nodes, metrics, () => clock.nowMs);
  const order = { check: "nc-1", leaseSeconds: 60, window: { startMs: 0, endMs: 1 }, tasks: [] };
  const now = async () => [...(await linesOf(metrics, "netcheck_node_"))];
  await counted.start("graz", order);
  await counted.start("bern", order);
  expect(await now()).toEqual(["netcheck_node_leases 2", "netcheck_node_tasks 4"]);
  states.now = ["running", "done"];
  await counted.sync("graz", "nc-1", new Map());
  expect(await now()).toEqual(["netcheck_node_leases 2", "netcheck_node_tasks 3"]);
  states.now = ["done", "done"];
  await counted.stop("graz", "nc-1");
  expect(await now()).toEqual(["netcheck_node_leases 1", "netcheck_node_tasks 2"]);
  await counted.remove("bern", "nc-1");
  expect(await now()).toEqual(["netcheck_node_leases 0", "netcheck_node_tasks 0"]);
  states.now = ["running"];
  await counted.start("graz", order);
  clock.nowMs = 120_001;
  expect(await now()).toEqual(["netcheck_node_leases 0", "netcheck_node_tasks 0"]);
  await counted.segment("graz", "nc-1", "t0", 1, 0);
  expect(await linesOf(metrics, "netcheck_fetched_bytes_total")).toEqual([
    'netcheck_fetched_bytes_total{kind="output"} 20',
    'netcheck_fetched_bytes_total{kind="packets"} 70',
  ]);
});
