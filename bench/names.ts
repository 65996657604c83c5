import { findTarget } from "#src/core/nearest.ts";
import { type Bench, quantile } from "./figure.ts";

const PODS = 20_000;
const RUNS = 20;

/** How long a misspelt name takes in a large cluster: it is compared with all of them while the user waits. */
export const names: Bench = {
  name: "names",
  async *run() {
    const pods = Array.from({ length: PODS }, (_, index) => ({
      namespace: "shop",
      name: `payments-7d4b9c6f5-${index.toString(36).padStart(5, "x")}`,
      phase: "Running",
      ip: "10.0.0.1",
    }));
    const inventory = { cluster: "bench", atMs: 0, pods, services: [], deployments: [], nodes: [] };
    const times = Array.from({ length: RUNS }, () => {
      const began = performance.now();
      findTarget(inventory, { kind: "pod", name: "paymnets-7d4b9c6f5-x2x9z" });
      return performance.now() - began;
    });
    yield { bench: "names", metric: `nearest of ${PODS} names, median`, value: quantile(times, 0.5), unit: "ms" };
  },
};
