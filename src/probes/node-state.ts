import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ClusterProbe } from "../core/probe.ts";

/** What the Kubernetes API says about a node. Subject: `node/<name>`. */
export const nodeStateEvidence = defineEvidence(
  "node-state",
  z.object({
    present: z.boolean(),
    ready: z.enum(["True", "False", "Unknown"]),
    readyReason: z.string().optional(),
    /** Age of its lease when it was last read, ms. Kubelets renew it every 10 s. */
    leaseAgeMs: z.number().optional(),
    /** The boot id changed while the check ran. */
    rebooted: z.boolean(),
    zone: z.string().optional(),
    /** Ranges of addresses for its pods; none where the pod network keeps them to itself. */
    podCidrs: z.array(z.string()),
    /** Conditions other than Ready that are True: DiskPressure, FreezeScheduled … */
    troubles: z.array(z.string()).default([]),
  }),
);
export type NodeState = z.infer<typeof nodeStateEvidence.schema>;

export const nodeState: ClusterProbe = {
  kind: "cluster",
  name: "node-state",
  read(views) {
    const newest = views.at(-1);
    if (!newest) return [];
    const names = new Set(views.flatMap(({ nodes }) => nodes.map(({ name }) => name)));
    return [...names].map((name) => {
      const seen = views.flatMap(({ nodes }) => nodes.filter((node) => node.name === name));
      const last = seen.at(-1);
      const boots = new Set(seen.flatMap(({ bootId }) => (bootId === undefined ? [] : [bootId])));
      return evidenceOf(nodeStateEvidence, `node/${name}`, newest.atMs, {
        present: newest.nodes.some((node) => node.name === name),
        ready: last?.ready ?? "Unknown",
        ...(last?.readyReason === undefined ? {} : { readyReason: last.readyReason }),
        ...(last?.leaseAgeMs === undefined ? {} : { leaseAgeMs: last.leaseAgeMs }),
        rebooted: boots.size > 1,
        podCidrs: last?.podCidrs ?? [],
        ...(last?.zone === undefined ? {} : { zone: last.zone }),
        troubles: [
          ...new Set(
            seen.flatMap(({ conditions = [] }) =>
              conditions.flatMap(({ type, status }) => (status === "True" ? [type] : [])),
            ),
          ),
        ],
      });
    });
  },
};
