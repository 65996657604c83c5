import { once } from "node:events";
import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { Fabric } from "./fabric.ts";
import { findPod, findService } from "./names.ts";
import type { Pods } from "./pods.ts";
import type { Store } from "./store.ts";

/** Load between a pod and another pod (`ns/name`) or a service (`svc/ns/name`), running until it is stopped. */
export const trafficSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  /** "bulk": one connection that is kept, 8 kB at a time. The others ask once per connection. */
  kind: z.enum(["tcp", "http", "udp", "bulk"], "must be tcp, http, udp or bulk").default("tcp"),
  port: z.number().int().min(1).max(65_535),
  perSecond: z.number().positive().max(1_000).default(10),
});
export type Traffic = z.output<typeof trafficSchema>;

/** CPU load on the machine itself. */
export const noiseSchema = z.strictObject({ busyLoops: z.number().int().min(1).max(64) });
export type Noise = z.output<typeof noiseSchema>;

type Parts = { readonly store: Store; readonly pods: Pods };

export async function startTraffic(
  { store, pods }: Parts,
  { from, to, kind, port, perSecond }: Traffic,
): Promise<AsyncDisposable> {
  const pod = findPod(store, from);
  const address = to.startsWith("svc/") ? findService(store, to).clusterIp : findPod(store, to).ip;
  const [container] = pod.containers;
  if (container === undefined) throw new NetcheckError("bad-config", `Pod ${from} has no container to send from.`);
  const child = pods.exec(pod, container.name, [
    "/usr/bin/python3",
    "-ESs",
    "/srv/app/client.py",
    kind,
    address,
    String(port),
    String(perSecond),
  ]);
  await once(child, "spawn");
  child.stdin?.on("error", () => {});
  child.stdout?.resume();
  child.stderr?.resume();
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.stdin?.end();
      await gone;
    },
  };
}

const BUSY =
  'n=$1; while [ "$n" -gt 0 ]; do sh -c "while :; do :; done" & all="$all $!"; n=$((n-1)); done; echo ready; cat >/dev/null; kill $all';

export async function startNoise(fabric: Fabric, { busyLoops }: Noise): Promise<AsyncDisposable> {
  const daemon = await fabric.daemon(["sh", "-c", BUSY, "sh", String(busyLoops)]);
  return { [Symbol.asyncDispose]: () => daemon.stop() };
}
