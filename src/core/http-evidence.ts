import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

/**
 * How a connection went after its handshake. "answer" = an HTTP status, or a TLS record, came; "greeting" = the server spoke something else;
 * "quiet" = it waited for us to speak, as it may; "no-answer" = the request was sent and nothing came in time; "closed" =
 * ended by the server without a word; "reset" = ended by a reset. The others are failures of the connect.
 */
export const httpOutcomes = [
  "answer",
  "greeting",
  "quiet",
  "no-answer",
  "closed",
  "reset",
  "refused",
  "timeout",
  "failed",
] as const;
export type HttpOutcome = (typeof httpOutcomes)[number];

const spread = z.object({ min: z.number(), p50: z.number(), p99: z.number(), max: z.number() });

/**
 * Requests of one place to one port, in phases. Declared here because the report's measurements show them. Subject: the id
 * of a leg; requests that a pod's own network sends to itself have the same notation, `pod/a/b>pod/a/b:80`.
 */
export const httpEvidence = defineEvidence(
  "http",
  z.object({
    from: z.string(),
    /** Vantage id, or `address/<ip>`. */
    to: z.string(),
    port: z.number().int(),
    /** "head": one request each; "tls": one ClientHello each; "hello": nothing was sent, only listened. */
    mode: z.enum(["head", "hello", "tls"]),
    sent: z.number().int(),
    outcomes: z.partialRecord(z.enum(httpOutcomes), z.number().int()),
    /** Answers by HTTP status. */
    statuses: z.record(z.string(), z.number().int()),
    connectMs: spread.optional(),
    /** From the handshake to the first byte of the answer. */
    waitMs: spread.optional(),
    totalMs: spread.optional(),
    /** The same as a proxy in front of the program tells it of the program. */
    upstreamMs: spread.optional(),
    /** Connections of which the kernel had to send something again. */
    resent: z.number().int(),
    /** Requests without an answer that the far kernel acknowledged all the same. */
    acknowledged: z.number().int(),
    startMs: z.number(),
    /** Per connection: offset from startMs in ms, index into `httpOutcomes`, wait in ms, status or 0. */
    requests: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
  }),
);
export type HttpData = z.infer<typeof httpEvidence.schema>;
