import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

/** kube-proxy takes changes together for up to some seconds; only what lasts longer is a lag. */
export const PROGRAMMED_MS = 8_000;

/**
 * What is known about Services, by the Kubernetes API and by the nodes that have to send their connections on. Declared here
 * and not in the probes, because several rules read both through `service-legs.ts`; `probes/` produces it.
 */

const endpoint = z.object({
  ip: z.string(),
  ports: z.array(z.number()),
  node: z.string().optional(),
  /** Name in the Service's namespace. */
  pod: z.string().optional(),
});

/** A Service and its endpoints by the Kubernetes API. Subject: `svc/<ns>/<name>`. */
export const serviceStateEvidence = defineEvidence(
  "service-state",
  z.object({
    clusterIp: z.string().optional(),
    ports: z.array(
      z.object({
        port: z.number(),
        targetPort: z.union([z.number(), z.string()]),
        protocol: z.string(),
        name: z.string().optional(),
        nodePort: z.number().optional(),
      }),
    ),
    ready: z.array(endpoint),
    /** Not ready, or being ended. */
    others: z.array(endpoint.extend({ serving: z.boolean(), terminating: z.boolean() })),
    /** Whether the EndpointSlices could be read, all of them. */
    listed: z.boolean(),
    /** Every address that was an endpoint at some time of the check. */
    everIps: z.array(z.string()),
    selector: z.record(z.string(), z.string()),
    /** Pods of its namespace that the selector picks, and those that differ from it in one label only. */
    selected: z.number().int(),
    near: z.array(z.object({ pod: z.string(), label: z.string(), value: z.string().optional() })),
    publishNotReady: z.boolean(),
    /** Endpoints are chosen by node: each node rightly knows only its own. */
    local: z.boolean(),
    /** The same for what comes from outside, by node ports and load balancers (externalTrafficPolicy). */
    externalLocal: z.boolean().optional(),
    /** All connections of one client go to the same endpoint (sessionAffinity). */
    sticky: z.boolean().optional(),
    /** Endpoints that came or went while the check ran, and between which views, Unix milliseconds. */
    moves: z
      .array(z.object({ ip: z.string(), came: z.boolean(), afterMs: z.number(), beforeMs: z.number() }))
      .optional(),
  }),
);
export type ServiceState = z.infer<typeof serviceStateEvidence.schema>;

/** One Service address and port as a node's packet filter knows it, with the backends that it would send a connection to. */
const serviceRule = z.object({
  ip: z.string(),
  port: z.number().int(),
  /** "tcp", "udp", "sctp" */
  protocol: z.string(),
  endpoints: z.array(z.object({ ip: z.string(), port: z.number().int() })),
  /** Backends that get no new connections (IPVS: weight 0). */
  drained: z.array(z.string()).optional(),
});
export type ServiceRule = z.infer<typeof serviceRule>;

/** Services as this node's NAT rules know them (kube-proxy in iptables mode). Subject: vantage id of the node. */
export const serviceRulesEvidence = defineEvidence(
  "service-rules",
  z.object({
    /** Whether the chain from which all Services hang is there at all. */
    frame: z.boolean(),
    /** Whether everything was read; a very long table is cut. */
    whole: z.boolean(),
    /** kube-proxy works in IPVS mode: its chains only mark packets, and the Services are elsewhere. */
    ipvs: z.boolean(),
    services: z.array(serviceRule),
    /** Begins of the names of pod networks' chains in the same table: "cali-", "FLANNEL-"; absent where there are none. */
    chains: z.array(z.string()).optional(),
  }),
);

/** Services as kube-proxy's own nft table knows them (nftables mode, Kubernetes 1.29 and later). Subject: vantage id of the node. */
export const serviceRulesNftEvidence = defineEvidence(
  "service-rules-nft",
  z.object({ frame: z.boolean(), services: z.array(serviceRule) }),
);

/** Services as the kernel's IPVS table knows them (kube-proxy in IPVS mode). Subject: vantage id of the node. */
export const serviceRulesIpvsEvidence = defineEvidence(
  "service-rules-ipvs",
  z.object({ services: z.array(serviceRule) }),
);
