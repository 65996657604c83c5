import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { selects } from "../endpoints.ts";
import type { LabPod, LabService } from "../model.ts";
import { findNode, findService } from "../names.ts";
import { podKey } from "../store.ts";
import { defineFault, type LabParts } from "./fault.ts";

/** One node's kube-proxy has lost a service's rules, or all of them. */
export const serviceRulesMissing = defineFault(
  "service-rules-missing",
  {
    node: z.string("must be a node"),
    service: z.string().optional(),
    kubeProxy: z
      .enum(["running", "crashing"], "must be running or crashing; others are not available yet in this lab")
      .default("running"),
  },
  {
    prepare({ node, service, kubeProxy }, lab) {
      const { name } = findNode(lab.store, node);
      const services = service === undefined ? ("all" as const) : new Set([podKey(findService(lab.store, service))]);
      const proxyPod = [...lab.store.pods.values()].find(
        (pod) => pod.node === name && pod.owner?.name === "kube-proxy",
      );
      return {
        description: `${name} lacks the rules of ${service === undefined ? "all services" : `service ${service}`}`,
        async apply() {
          const remember = lab.proxy.forget(name, services);
          await lab.proxy.sync();
          if (kubeProxy === "crashing" && proxyPod !== undefined) await lab.pods.crash(proxyPod);
          return async () => {
            if (kubeProxy === "crashing" && proxyPod !== undefined) await lab.pods.release(proxyPod);
            remember();
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);

const service = z.string("must be a service");

/** The rules of a service still send a share of connections to addresses that nobody has any more. */
export const staleEndpoint = defineFault(
  "stale-endpoint",
  { service, count: z.number().int().min(1).max(20).default(1) },
  {
    prepare({ service: text, count }, lab) {
      const found = findService(lab.store, text);
      const addresses = unusedPodIps(lab, count);
      return {
        description: `service ${podKey(found)} still has ${count} endpoint${count === 1 ? "" : "s"} that no longer exist`,
        async apply() {
          const end = lab.proxy.keepStale(podKey(found), addresses);
          await lab.proxy.sync();
          return async () => {
            end();
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);

function unusedPodIps({ plan }: LabParts, count: number): string[] {
  const used = new Set(plan.pods.map(({ pod }) => pod.ip));
  const drawn: string[] = [];
  while (drawn.length < count) {
    const { podPrefix = "" } = plan.nodes[plan.random.between(0, plan.nodes.length - 1)] ?? {};
    const candidate = `${podPrefix}.${plan.random.between(2, 254)}`;
    if (used.has(candidate)) continue;
    used.add(candidate);
    drawn.push(candidate);
  }
  return drawn;
}

/** No pod behind a service is ready: their readiness probes fail. */
export const noEndpoints = defineFault(
  "no-endpoints",
  { service },
  {
    prepare({ service: text }, lab) {
      const found = findService(lab.store, text);
      const pods = podsBehind(lab, found);
      if (pods.length === 0) throw new NetcheckError("bad-config", `Service ${podKey(found)} has no pods.`);
      return {
        description: `no pod of service ${podKey(found)} is ready`,
        async apply() {
          for (const pod of pods) setReady(lab, pod, false);
          await lab.proxy.sync();
          return async () => {
            for (const pod of pods) if (pod.containers[0]?.state === "running") setReady(lab, pod, true);
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);

const podsBehind = ({ store }: LabParts, { namespace, selector }: LabService): LabPod[] =>
  [...store.pods.values()].filter((pod) => pod.namespace === namespace && selects(selector, pod.labels));

function setReady({ store }: LabParts, pod: LabPod, ready: boolean): void {
  pod.ready = ready;
  store.touched({ pod });
  if (ready) return;
  const [port] = pod.containers[0]?.ports ?? [];
  store.record(
    { kind: "Pod", pod },
    {
      type: "Warning",
      reason: "Unhealthy",
      message: `Readiness probe failed: Get "http://${pod.ip}:${port?.port ?? 80}/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    },
  );
}
