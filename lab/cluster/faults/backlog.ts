import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findPod } from "../names.ts";
import { defineFault } from "./fault.ts";
import { startWorker, whileContainerLives } from "./worker.ts";

/** The program listens on its port, with a short queue, and accepts nothing any more. */
export const backlog = defineFault(
  "backlog",
  { pod: z.string("must be a pod"), port: z.number().int().min(1).max(65_535).optional() },
  {
    prepare({ pod: text, port }, lab) {
      const pod = findPod(lab.store, text);
      const served = lab.pods
        .planned(pod)
        .serves.find((one) => one.protocol !== "udp" && (port === undefined || one.port === port));
      if (served === undefined)
        throw new NetcheckError(
          "bad-config",
          `Pod ${text} serves no TCP port ${port ?? ""} that could stop accepting.`,
        );
      return {
        description: `pod ${pod.namespace}/${pod.name} listens on ${served.port} and accepts no connection`,
        async apply() {
          await lab.pods.control(pod, `close ${served.port}`);
          const worker = await startWorker(lab, pod, ["listen", String(served.port), "2"]);
          return whileContainerLives(pod, async () => {
            await worker.stop();
            await lab.pods.control(pod, `open ${served.port}/${served.protocol}`);
          });
        },
      };
    },
  },
);
