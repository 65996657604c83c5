import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { removeCgroup } from "../cgroups.ts";
import type { LabContainer } from "../model.ts";
import { awaitLine, tailOf } from "../processes.ts";
import { defineFault } from "./fault.ts";
import { servedTcp } from "./server.ts";

const PROXY_PORT = "15006";
const PERIOD_US = 100_000;
/** A tenth of a core. */
const QUOTA_US = 10_000;

const MODES = {
  fine: "passes everything on",
  down: "does not run",
  slow: "passes everything on late",
  throttled: "is limited to 100m of CPU",
};

/**
 * A mesh's proxy in front of a pod's program: a second container, to which the pod's network redirects what comes for the
 * pod's TCP ports. `fine` is for healthy twins.
 */
export const sidecar = defineFault(
  "sidecar",
  {
    pod: z.string("must be a pod"),
    mode: z.enum(["down", "slow", "throttled", "fine"], "must be down, slow, throttled or fine"),
  },
  {
    ipv4Only: true,
    prepare({ pod: name, mode }, lab) {
      const { pod, ports } = servedTcp(lab, { pod: name });
      const numbers = ports.map(({ port }) => port).join(",");
      return {
        description: `the sidecar of pod ${pod.namespace}/${pod.name} ${MODES[mode]}`,
        async apply() {
          const containerId = randomBytes(32).toString("hex");
          const down = mode === "down";
          const container: LabContainer = {
            name: "istio-proxy",
            image: "docker.io/istio/proxyv2:1.27.1",
            containerId,
            ports: [],
            state: down ? "waiting" : "running",
            ...(down ? { reason: "CrashLoopBackOff", exitCode: 1 } : {}),
            restarts: down ? 4 : 0,
            startedAtMs: Date.now(),
            log: [],
          };
          const rule = ["PREROUTING", "-i", "eth0", "-p", "tcp", "-m", "multiport", "--dports", numbers];
          const redirect = [...rule, "-j", "REDIRECT", "--to-ports", PROXY_PORT];
          const proxy = down
            ? undefined
            : lab.pods.beside(pod, containerId, ["/usr/bin/python3", "-ESs", "/srv/app/sidecar.py", mode]);
          if (proxy) {
            await awaitLine(proxy.child, (line) => line === "ok", { log: tailOf(proxy.child) });
            if (mode === "throttled") limit(proxy.cgroups);
          }
          await lab.pods.run(pod, ["iptables", "-t", "nat", "-A", ...redirect]);
          pod.containers.push(container);
          if (down) pod.ready = false;
          lab.store.touched({ pod });
          await lab.proxy.sync();
          return async () => {
            if (proxy && proxy.child.exitCode === null && proxy.child.signalCode === null) {
              const gone = once(proxy.child, "exit");
              proxy.child.stdin?.end();
              await gone;
            }
            for (const folder of proxy?.cgroups ?? []) removeCgroup(folder);
            // With a dead node its network went too.
            await lab.pods.run(pod, ["iptables", "-t", "nat", "-D", ...redirect]).catch(() => {});
            pod.containers.splice(pod.containers.indexOf(container), 1);
            if (down) pod.ready = pod.containers.every(({ state }) => state === "running");
            lab.store.touched({ pod });
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);

function limit(cgroups: readonly string[]): void {
  for (const folder of cgroups) {
    if (existsSync(join(folder, "cpu.cfs_quota_us"))) {
      writeFileSync(join(folder, "cpu.cfs_period_us"), String(PERIOD_US));
      writeFileSync(join(folder, "cpu.cfs_quota_us"), String(QUOTA_US));
    } else if (existsSync(join(folder, "cpu.max"))) writeFileSync(join(folder, "cpu.max"), `${QUOTA_US} ${PERIOD_US}`);
  }
}
