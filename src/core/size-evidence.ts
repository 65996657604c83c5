import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

/**
 * How large packets may be on the ways that leave a vantage point. Declared here because the report lists it and the rules
 * about packet sizes share its reading; `probes/mtu.ts` produces it. All sizes are whole IP packets in bytes, times Unix
 * milliseconds of the measuring node's clock.
 */

/** One TCP connection to our own listener at the far end: small packets both ways first, then full-size segments to it. */
const transfer = z.object({
  atMs: z.number(),
  /** "full" = two segments of the agreed size, "small" = as many bytes in segments of at most 500. */
  size: z.enum(["full", "small"]),
  /** "stalled" = connected, small packets were answered, and what came then was not acknowledged for 2 s. */
  outcome: z.enum(["done", "stalled", "refused", "timeout", "unreachable", "foreign", "closed"]),
  ms: z.number(),
  bytes: z.number(),
  /** The IP packet of a full-size segment, and the path MTU as the kernel knew it then. */
  packet: z.number().optional(),
  pmtu: z.number().optional(),
  /** Segments sent again, and how often the time-out was doubled. */
  resent: z.number().optional(),
  backoff: z.number().optional(),
});
export type Transfer = z.infer<typeof transfer>;

/** A stretch of time in which sizes up to `bytes` were answered and nothing above was. */
const limit = z.object({
  bytes: z.number(),
  /** The smallest size that got no answer; one more than `bytes` when it is exact. */
  above: z.number(),
  /** Echoes up to the limit: answered and tried; and echoes above it, none of which was answered. */
  answered: z.number(),
  tried: z.number(),
  unanswered: z.number(),
  /** First and last unanswered echo above the limit. */
  fromMs: z.number(),
  toMs: z.number(),
  /** When a larger packet crossed again; absent when none did. */
  endedMs: z.number().optional(),
});
export type SizeLimit = z.infer<typeof limit>;

const way = z.object({
  /** Vantage id or `address/<ip>`, as legs name it. */
  to: z.string(),
  device: z.string().optional(),
  deviceMtu: z.number().optional(),
  /** MTU that is set on the route itself. */
  routeMtu: z.number().optional(),
  sent: z.number(),
  answered: z.number(),
  /** The largest size that was answered; absent when none was. */
  largest: z.number().optional(),
  limit: limit.optional(),
  /** "Fragmentation needed" (ICMP) and "packet too big" (ICMPv6), by who said it. */
  fragNeeded: z.array(z.object({ from: z.string(), mtu: z.number(), count: z.number() })),
  transfers: z.array(transfer),
});
export type Way = z.infer<typeof way>;

/** Subject: the vantage point that the packets leave. */
export const mtuEvidence = defineEvidence("mtu", z.object({ listening: z.boolean(), ways: z.array(way) }));
