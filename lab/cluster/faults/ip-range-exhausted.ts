import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { selects } from "../endpoints.ts";
import type { LabPod } from "../model.ts";
import { findService } from "../names.ts";
import { podKey } from "../store.ts";
import { defineFault, type LabParts, type Undo } from "./fault.ts";

/** Pods of a service were made anew on nodes that have no addresses left: they wait, and the kubelet says why. */
export const ipRangeExhausted = defineFault(
  "ip-range-exhausted",
  { service: z.string("must be a service"), count: z.number().int().min(1).max(200).optional() },
  {
    prepare({ service: text, count }, lab) {
      const service = findService(lab.store, text);
      const pods = [...lab.store.pods.values()]
        .filter((pod) => pod.namespace === service.namespace && selects(service.selector, pod.labels))
        .slice(0, count);
      if (pods.length === 0) throw new NetcheckError("bad-config", `Service ${podKey(service)} has no pods.`);
      return {
        description: `no addresses are left for ${pods.map(podKey).join(", ")}`,
        async apply() {
          const undos: Undo[] = [];
          for (const pod of pods) undos.push(await withoutAddress(lab, pod));
          await lab.proxy.sync();
          return async () => {
            for (const undo of undos) await undo();
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);

/** The words of the bridge plugin's address manager, host-local. */
async function withoutAddress({ store, pods, plan }: LabParts, pod: LabPod): Promise<Undo> {
  const prefix = plan.nodes.find(({ node }) => node.name === pod.node)?.podPrefix ?? "10.244.0.";
  await pods.stop(pod);
  const [container] = pod.containers;
  if (container) Object.assign(container, { state: "waiting" });
  Object.assign(pod, { phase: "Pending", ready: false });
  store.touched({ pod });
  store.record(
    { kind: "Pod", pod },
    {
      type: "Warning",
      reason: "FailedCreatePodSandBox",
      message: `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${pod.uid.replaceAll("-", "")}": plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: ${prefix}1-${prefix}254`,
    },
  );
  return () => pods.release(pod);
}
