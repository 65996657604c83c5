import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { policyViewSchema } from "../core/policy-view.ts";
import type { ClusterProbe } from "../core/probe.ts";

/** The NetworkPolicies of the cluster, and the labels of its namespaces; absent when they may not be read. Subject: `cluster`. */
export const policiesEvidence = defineEvidence(
  "policies",
  z.object({
    policies: z.array(policyViewSchema),
    /** There are more than are kept. */
    cut: z.boolean(),
    namespaces: z.array(z.object({ name: z.string(), labels: z.record(z.string(), z.string()) })).optional(),
  }),
);

const MAX_POLICIES = 400;
const MAX_NAMESPACES = 500;

export const policies: ClusterProbe = {
  kind: "cluster",
  name: "policies",
  read(views) {
    const newest = views.findLast((view) => view.policies !== undefined);
    if (!newest?.policies) return [];
    return [
      evidenceOf(policiesEvidence, "cluster", newest.atMs, {
        policies: newest.policies.slice(0, MAX_POLICIES),
        cut: newest.policies.length > MAX_POLICIES,
        ...(newest.namespaces ? { namespaces: newest.namespaces.slice(0, MAX_NAMESPACES) } : {}),
      }),
    ];
  },
};
