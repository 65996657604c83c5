import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { LabPod } from "../model.ts";
import { findPod } from "../names.ts";
import type { Serves } from "../topology.ts";
import { defineFault, type LabParts, type PreparedFault, type Undo } from "./fault.ts";

const delay = z.number("must be milliseconds").min(1).max(600_000);

export const serverShape = {
  pod: z.string("must be a pod"),
  /** All ports of the pod when absent. */
  port: z.number().int().min(1).max(65_535).optional(),
};

/** The program takes its time before each answer; its kernel does not. */
export const slowServer = defineFault(
  "slow-server",
  { ...serverShape, delayMs: z.union([delay, z.tuple([delay, delay])]).default(2_000) },
  {
    prepare({ delayMs, ...spec }, lab) {
      const [low, high] = typeof delayMs === "number" ? [delayMs, delayMs] : delayMs;
      const range = low === high ? `${low}` : `${low}-${high}`;
      return behaving(lab, spec, { how: `delay ${range}`, words: `answers ${range} ms late` });
    },
  },
);

/** The program accepts connections and does not read from them: their windows close. */
export const slowReceiver = defineFault("slow-receiver", serverShape, {
  prepare: (spec, lab) => behaving(lab, spec, { how: "unread 4096", words: "does not read what it is sent" }),
});

type Concerned = { readonly pod: string; readonly port?: number | undefined };

/** The pod and those of its TCP ports that a fault is about. Throws `bad-config` when it serves none of them. */
export function servedTcp(lab: LabParts, { pod: name, port }: Concerned): { pod: LabPod; ports: readonly Serves[] } {
  const pod = findPod(lab.store, name);
  const tcp = lab.pods.planned(pod).serves.filter(({ protocol }) => protocol !== "udp");
  const ports = tcp.filter((one) => port === undefined || one.port === port);
  if (ports.length > 0) return { pod, ports };
  const list = tcp.map((one) => one.port).join(", ");
  throw new NetcheckError(
    "bad-config",
    `Pod ${name} does not serve TCP port ${port ?? ""}; it serves ${list || "none"}.`,
  );
}

/** A fault that is the way the pod's own server behaves. */
export function behaving(
  lab: LabParts,
  spec: Concerned,
  { how, words }: { readonly how: string; readonly words: string },
): PreparedFault {
  const { pod, ports } = servedTcp(lab, spec);
  return {
    description: `port ${ports.map(({ port }) => port).join(", ")} of pod ${pod.namespace}/${pod.name} ${words}`,
    async apply(): Promise<Undo> {
      const life = pod.containers[0]?.containerId;
      for (const { port } of ports) await lab.pods.control(pod, `behave ${port} ${how}`);
      return async () => {
        // A container that was started again behaves well by itself.
        if (pod.containers[0]?.containerId !== life || pod.containers[0]?.state !== "running") return;
        for (const { port, status } of ports) {
          await lab.pods.control(pod, `behave ${port} well`);
          if (status !== undefined) await lab.pods.control(pod, `behave ${port} status ${status}`);
        }
      };
    },
  };
}
