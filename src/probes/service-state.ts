import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ClusterProbe } from "../core/probe.ts";

/** A Service and its endpoints by the Kubernetes API. Subject: `svc/<ns>/<name>`. */
export const serviceStateEvidence = defineEvidence(
  "service-state",
  z.object({
    clusterIp: z.string().optional(),
    ports: z.array(z.number()),
    ready: z.array(z.object({ ip: z.string(), ports: z.array(z.number()), node: z.string().optional() })),
    notReady: z.number().int(),
  }),
);

const MAX_SERVICES = 300;

export const serviceState: ClusterProbe = {
  kind: "cluster",
  name: "service-state",
  read(views) {
    const newest = views.at(-1);
    return (newest?.services ?? []).slice(0, MAX_SERVICES).map(({ namespace, name, clusterIp, ports, endpoints }) =>
      evidenceOf(serviceStateEvidence, `svc/${namespace}/${name}`, newest?.atMs ?? 0, {
        ...(clusterIp === undefined ? {} : { clusterIp }),
        ports: ports.map(({ port }) => port),
        ready: endpoints.flatMap(({ ip, node, ready, ports: open }) =>
          ready ? [{ ip, ports: open, ...(node === undefined ? {} : { node }) }] : [],
        ),
        notReady: endpoints.filter(({ ready }) => !ready).length,
      }),
    );
  },
};
