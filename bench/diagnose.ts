import { diagnose } from "#src/core/diagnose.ts";
import { rules } from "#src/rules/index.ts";
import { cluster, everyNth, play, requestFor, type Scene } from "#test/core/simulate.ts";
import { type Bench, quantile } from "./figure.ts";

const RUNS = 9;
const SECONDS = 600;

/** How long all rules take over the evidence of a ten-minute check on five nodes, with and without a fault in it. */
export const diagnosis: Bench = {
  name: "diagnose",
  async *run() {
    const healthy: Scene = { world: cluster(5), seconds: SECONDS };
    const scenes = { healthy, "one NIC late": { ...healthy, faults: [everyNth("graz", 4, [200, 400])] } };
    for (const [name, scene] of Object.entries(scenes)) {
      const { plan, evidence } = play(scene);
      const request = requestFor(SECONDS);
      const times = Array.from({ length: RUNS }, () => {
        const began = performance.now();
        diagnose({ request, plan, evidence, gaps: plan.gaps, rules });
        return performance.now() - began;
      });
      const metric = `10 min, ${plan.vantages.length} vantage points, ${plan.legs.length} legs, ${name}, median of ${RUNS}`;
      yield { bench: "diagnose", metric, value: Math.round(quantile(times, 0.5)), unit: "ms" };
    }
  },
};
