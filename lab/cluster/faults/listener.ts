import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findPod } from "../names.ts";
import { defineFault, type LabParts, type PreparedFault } from "./fault.ts";

const shape = {
  pod: z.string("must be a pod"),
  /** All ports of the pod when absent. */
  port: z.number().int().min(1).max(65_535).optional(),
};

/** The server no longer listens on a port; the pod goes on living. */
export const portClosed = defineFault("port-closed", shape, {
  prepare: (spec, lab) => prepare(lab, spec, { words: "is closed", reopen: undefined }),
});

/** The server listens on the loopback address only: fine from inside the pod, refused from outside. */
export const loopbackListener = defineFault("loopback-listener", shape, {
  prepare: (spec, lab) => prepare(lab, spec, { words: "is bound to 127.0.0.1 only", reopen: "127.0.0.1" }),
});

type Change = { readonly words: string; readonly reopen: string | undefined };

function prepare(
  lab: LabParts,
  { pod: name, port }: { pod: string; port?: number | undefined },
  { words, reopen }: Change,
): PreparedFault {
  const pod = findPod(lab.store, name);
  const { serves } = lab.pods.planned(pod);
  const concerned = serves.filter((one) => port === undefined || one.port === port);
  if (concerned.length === 0) {
    const ports = serves.map((one) => one.port).join(", ");
    throw new NetcheckError(
      "bad-config",
      `Pod ${name} has no port ${port ?? ""} to close; it serves ${ports || "nothing"}.`,
    );
  }
  return {
    description: `port ${concerned.map((one) => one.port).join(", ")} of pod ${pod.namespace}/${pod.name} ${words}`,
    async apply() {
      const life = pod.containers[0]?.containerId;
      for (const { port: number, protocol } of concerned) {
        await lab.pods.control(pod, `close ${number}`);
        if (reopen !== undefined) await lab.pods.control(pod, `open ${number}/${protocol} ${reopen}`);
      }
      return async () => {
        // A container that was started again listens as it should.
        if (pod.containers[0]?.containerId !== life || pod.containers[0]?.state !== "running") return;
        for (const { port: number, protocol } of concerned) {
          await lab.pods.control(pod, `close ${number}`);
          await lab.pods.control(pod, `open ${number}/${protocol}`);
        }
      };
    },
  };
}
