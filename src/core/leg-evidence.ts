import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

/**
 * What streams say about a leg. Declared here and not in the probes, because comparing legs (core) rests on them;
 * `probes/` produces them. Subject: the leg's id. All times are Unix milliseconds of the measuring node's clock.
 */

const spread = z.object({ min: z.number(), p50: z.number(), p99: z.number(), max: z.number() });

/** Counts per bucket of a stream; null where a bucket has no answered packet. At most 600 buckets. */
const buckets = z.object({
  startMs: z.number(),
  bucketMs: z.number(),
  sent: z.array(z.number()),
  lost: z.array(z.number()),
  p50: z.array(z.number().nullable()),
  p99: z.array(z.number().nullable()),
  max: z.array(z.number().nullable()),
});
export type Buckets = z.infer<typeof buckets>;

/** ICMP errors that came back instead of a reply, by the box that sent them. */
const icmpError = z.object({
  from: z.string(),
  reason: z.enum(["net-unreachable", "host-unreachable", "prohibited", "ttl-exceeded", "other"]),
  text: z.string(),
  count: z.number().int(),
});

/** ICMP echo along a leg. `sent` = `received` + `lost`; packets whose answer is still awaited are `pending`. */
export const pingEvidence = defineEvidence(
  "ping",
  z.object({
    sent: z.number().int(),
    received: z.number().int(),
    lost: z.number().int(),
    pending: z.number().int(),
    duplicates: z.number().int(),
    /** Absent when nothing was answered. */
    rttMs: spread.optional(),
    errors: z.array(icmpError),
    /** Longest run of unanswered packets. */
    longestLostRun: z.number().int(),
    /** When the first packet left, and the interval that was asked for. */
    startMs: z.number(),
    intervalMs: z.number(),
    /** Per packet, see packet-series.ts; index 0 is sequence number 1. */
    series: z.string(),
    times: z.array(z.number().nullable()),
    buckets,
  }),
);
export type PingData = z.infer<typeof pingEvidence.schema>;

export const tcpOutcomes = [
  "connected",
  "refused",
  "timeout",
  "unreachable-host",
  "unreachable-net",
  "reset",
  "no-port",
  "prohibited",
  "error",
] as const;
export type TcpOutcome = (typeof tcpOutcomes)[number];

/** TCP connects along a leg: how each attempt ended and how long that took. */
export const tcpEvidence = defineEvidence(
  "tcp",
  z.object({
    /** Attempts that have ended. */
    sent: z.number().int(),
    outcomes: z.partialRecord(z.enum(tcpOutcomes), z.number().int()),
    /** Attempts that connected, but only after the SYN was sent again. */
    retransmitted: z.number().int(),
    /** Of connected attempts; absent when none was. */
    connectMs: spread.optional(),
    /** How long refused attempts took, to tell an answer of the target from one on the way. */
    refusedMs: spread.optional(),
    /** Names of the other errors, each once, at most 8. */
    errors: z.array(z.string()),
    startMs: z.number(),
    intervalMs: z.number(),
    /** Per attempt: offset from startMs in ms, index into `tcpOutcomes`, duration in ms, SYNs sent again. */
    attempts: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
    buckets,
  }),
);
export type TcpData = z.infer<typeof tcpEvidence.schema>;

/** Echo requests of a leg as they arrived at its far end. Clock: that of the far end. */
export const arrivalEvidence = defineEvidence(
  "echo-arrivals",
  z.object({
    arrived: z.number().int(),
    /** When the first and the newest line of the tap came, whatever leg they belong to. */
    tapFromMs: z.number(),
    tapToMs: z.number(),
    startMs: z.number(),
    intervalMs: z.number(),
    /** Per sequence number (index 0 = 1), see packet-series.ts; null = did not arrive. */
    times: z.array(z.number().nullable()),
  }),
);
