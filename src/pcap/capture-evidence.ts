import { z } from "zod";
import { defineEvidence, type Evidence, evidenceOf } from "#src/core/evidence.ts";
import type { CaptureSummary } from "./capture-summary.ts";

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
const quantiles = z.object({ p50: ms, p90: ms, p99: ms }).optional();

/** How much of what happened a capture shows. The subject is the vantage point at which it was taken. */
export const captureCoverage = defineEvidence(
  "capture.coverage",
  z.object({
    packets: count,
    flows: count,
    /** Unix microseconds; absent without packets. */
    firstUs: z.number().optional(),
    lastUs: z.number().optional(),
    verdict: z.enum(["clean", "findings", "withheld"]),
    /** What could not be read or judged, in sentences. */
    quality: z.array(z.string()),
  }),
);

/** TCP in a capture, all connections together. The subject is the vantage point. Counters: CaptureSummary. */
export const captureTcp = defineEvidence(
  "capture.tcp",
  z.object({
    retransmissions: count,
    spuriousRetransmissions: count,
    timeouts: count,
    outOfOrder: count,
    copies: count,
    unseen: count,
    zeroWindowMs: ms,
    receiverLimitedMs: ms,
    resets: count,
    handshakes: count,
    refused: count,
    unanswered: count,
    rttMs: quantiles,
    answerMs: quantiles,
  }),
);

/** Connections to one server address and port. The subject is the vantage point, a space and the server. */
export const captureService = defineEvidence(
  "capture.service",
  z.object({
    server: z.string(),
    flows: count,
    established: count,
    refused: count,
    unanswered: count,
    bytes: z.number().nonnegative(),
    dataPackets: count,
    retransmissions: count,
    timeouts: count,
    outOfOrder: count,
    resets: count,
    zeroWindowMs: ms,
    receiverLimitedMs: ms,
    stalls: count,
    answers: count,
    meanAnswerMs: ms,
    longestAnswerMs: ms,
  }),
);

/** DNS in a capture. The subject is the vantage point. */
export const captureDns = defineEvidence(
  "capture.dns",
  z.object({
    queries: count,
    responses: count,
    repeated: count,
    unanswered: count,
    codes: z.record(z.string(), count),
    servers: z.array(
      z.object({ address: z.string(), queries: count, answers: count, unanswered: count, failures: count }),
    ),
    timeMs: quantiles,
  }),
);

/** What is wrong in a capture, of one kind. The subject is the vantage point, a space and the kind (and the server). */
export const captureFinding = defineEvidence(
  "capture.finding",
  z.object({
    kind: z.string(),
    text: z.string(),
    numbers: z.record(z.string(), z.number()),
    flow: z.object({ client: z.string(), server: z.string() }).optional(),
    /** Unix microseconds. */
    atUs: z.number().optional(),
    packet: count.optional(),
  }),
);

/** What a capture taken at `point` says, as evidence for rules. Without packets it says how much it covers, and nothing else. */
export function captureEvidence(point: string, summary: CaptureSummary): Evidence[] {
  const { packets, flows, firstUs, lastUs, verdict, tcp, dns } = summary;
  const atMs = Math.round((lastUs ?? 0) / 1_000);
  const times = firstUs === undefined || lastUs === undefined ? {} : { firstUs, lastUs };
  const coverage = { packets, flows, ...times, verdict, quality: [...summary.quality] };
  return [
    evidenceOf(captureCoverage, point, atMs, coverage),
    ...(packets === 0
      ? []
      : [
          evidenceOf(captureTcp, point, atMs, captureTcp.schema.parse(tcp)),
          evidenceOf(captureDns, point, atMs, captureDns.schema.parse(dns)),
        ]),
    ...summary.services.map((service) => evidenceOf(captureService, `${point} ${service.server}`, atMs, service)),
    ...summary.findings.map((finding) => {
      const subject = [point, finding.kind, ...(finding.flow ? [finding.flow.server] : [])].join(" ");
      return evidenceOf(captureFinding, subject, atMs, captureFinding.schema.parse(finding));
    }),
  ];
}
