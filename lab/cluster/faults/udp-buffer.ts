import { z } from "zod";
import { findPod } from "../names.ts";
import { defineFault } from "./fault.ts";
import { startWorker, whileContainerLives } from "./worker.ts";

/** A program of the pod does not read its UDP socket as fast as datagrams come: the kernel drops them. */
export const udpBuffer = defineFault(
  "udp-buffer",
  { pod: z.string("must be a pod"), port: z.number().int().min(1).max(65_535).default(9_125) },
  {
    ipv4Only: true,
    prepare({ pod: text, port }, lab) {
      const pod = findPod(lab.store, text);
      return {
        description: `pod ${pod.namespace}/${pod.name} does not read its UDP port ${port}`,
        async apply() {
          const worker = await startWorker(lab, pod, ["deaf", String(port), "4096"]);
          return whileContainerLives(pod, () => worker.stop());
        },
      };
    },
  },
);
