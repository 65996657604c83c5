import { diagnose } from "#src/core/diagnose.ts";
import { rules } from "#src/rules/index.ts";
import { cluster, everyNth, play, requestFor, type Scene, type World } from "#test/core/simulate.ts";
import { type Bench, quantile } from "./figure.ts";

const RUNS = 9;
const SECONDS = 600;

/** The most that a check measures from: a Service whose pods are on nodes of their own, DNS pods on all nodes. */
function largest(): World {
  const five = cluster(5);
  const dns = five.nodes.map(({ name }, n) => ({
    name: `kube-system/coredns-${n}`,
    node: name,
    ip: `10.42.${n}.53`,
    port: 53,
  }));
  const services = [
    { name: "shop/cart", ip: "10.96.7.7", port: 80, targetPort: 7001, backends: ["shop/cart-1", "shop/cart-2"] },
    { name: "kube-system/kube-dns", ip: "10.96.0.10", port: 53, targetPort: 53, backends: dns.map(({ name }) => name) },
  ];
  return { ...five, pods: [...five.pods, ...dns], services };
}

/** How long all rules take over the evidence of a ten-minute check on five nodes, with and without a fault in it. */
export const diagnosis: Bench = {
  name: "diagnose",
  async *run() {
    const healthy: Scene = { world: largest(), to: "svc/shop/cart", seconds: SECONDS };
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
