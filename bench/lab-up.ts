import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "#lab/cluster/cluster.ts";
import { loadTopology } from "#lab/cluster/topology.ts";
import { type Bench, quantile } from "./figure.ts";

const RUNS = 5;

/** How long the default cluster takes to come up and to go. */
export const labUp: Bench = {
  name: "lab-up",
  async *run() {
    const up: number[] = [];
    const down: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const dir = mkdtempSync(join(tmpdir(), "netcheck-bench-"));
      const started = performance.now();
      const cluster = await startCluster(await loadTopology(undefined), { dir });
      up.push(performance.now() - started);
      const stopping = performance.now();
      await cluster.stop();
      down.push(performance.now() - stopping);
      rmSync(dir, { recursive: true, force: true });
    }
    yield { bench: "lab-up", metric: "ready, median of 5", value: Math.round(quantile(up, 0.5)), unit: "ms" };
    yield { bench: "lab-up", metric: "gone, median of 5", value: Math.round(quantile(down, 0.5)), unit: "ms" };
  },
};
