import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ClusterProbe } from "../core/probe.ts";

const event = z.object({
  atMs: z.number(),
  object: z.string(),
  reason: z.string(),
  message: z.string(),
  count: z.number(),
});

/** Events of the cluster in the order of time, newest views first seen. Subject: `cluster`. */
export const clusterEventsEvidence = defineEvidence("cluster-events", z.object({ events: z.array(event) }));

const MAX_EVENTS = 200;
const MAX_MESSAGE = 300;

export const clusterEvents: ClusterProbe = {
  kind: "cluster",
  name: "cluster-events",
  read(views) {
    const newest = views.at(-1);
    if (!newest) return [];
    const found = new Map<string, z.infer<typeof event>>();
    for (const view of views)
      for (const seen of view.events)
        found.set(`${seen.object} ${seen.reason} ${seen.message}`, {
          ...seen,
          message: seen.message.slice(0, MAX_MESSAGE),
        });
    const events = [...found.values()].toSorted((a, b) => a.atMs - b.atMs).slice(-MAX_EVENTS);
    return [evidenceOf(clusterEventsEvidence, "cluster", newest.atMs, { events })];
  },
};
