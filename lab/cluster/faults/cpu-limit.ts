import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { limitCpu } from "../cgroups.ts";
import type { LabPod } from "../model.ts";
import { findPod } from "../names.ts";
import { defineFault, type LabParts, type Undo } from "./fault.ts";
import { startWorker, whileContainerLives } from "./worker.ts";

/** The pod's container may use so many thousandths of a core, and has more to do: its server waits for its turn. */
export const cpuLimit = defineFault(
  "cpu-limit",
  { pod: z.string("must be a pod"), milli: z.number().int().min(10).max(64_000) },
  {
    prepare({ pod: text, milli }, lab) {
      const pod = findPod(lab.store, text);
      if (pod.hostNetwork) throw new NetcheckError("bad-config", `Pod ${text} is in the node's own network.`);
      return {
        description: `the container of pod ${pod.namespace}/${pod.name} is busy and limited to ${milli}m of CPU`,
        apply: () => applyLimit(lab, pod, milli),
      };
    },
  },
);

async function applyLimit(lab: LabParts, pod: LabPod, milli: number): Promise<Undo> {
  const worker = await startWorker(lab, pod, ["burn"]);
  const undo = limitCpu(lab.pods.cgroups(pod), milli);
  if (undo === undefined) {
    await worker.stop();
    throw new Error("this machine has no cpu cgroup that knows limits");
  }
  return whileContainerLives(pod, async () => {
    undo();
    await worker.stop();
  });
}
