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
    /** The same in numbers: packets, connections seen from one side, damaged places. Where some were dropped, gaps are ours. */
    unread: z.object({
      cut: count,
      malformed: count,
      unknownLinks: count,
      droppedByRecorder: count,
      oneSided: count,
      gaps: count,
    }),
  }),
);

/** TCP in a capture, all connections together. The subject is the vantage point. Counters: CaptureSummary. */
export const captureTcp = defineEvidence(
  "capture.tcp",
  z.object({
    retransmissions: count,
    fastRetransmissions: count,
    spuriousRetransmissions: count,
    timeouts: count,
    outOfOrder: count,
    copies: count,
    duplicateAcks: count,
    lostSegments: count,
    unseen: count,
    zeroWindowMs: ms,
    receiverLimitedMs: ms,
    keepAlives: count,
    resets: count,
    handshakes: count,
    refused: count,
    unanswered: count,
    halfOpen: count,
    reusedPorts: count,
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
    halfOpen: count,
    slowHandshakes: count,
    handshakeMs: quantiles,
    meanHandshakeMs: ms.optional(),
    /** Mean round trips of data between the vantage point and each side: on which side of it time is lost. */
    toServerMs: ms.optional(),
    toClientMs: ms.optional(),
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

/** Connections of the clients of one subnet. The subject is the vantage point, a space and the subnet. */
export const captureClients = defineEvidence(
  "capture.clients",
  z.object({
    subnet: z.string(),
    flows: count,
    established: count,
    failed: count,
    bytes: z.number().nonnegative(),
    dataPackets: count,
    retransmissions: count,
    timeouts: count,
    resets: count,
    meanHandshakeMs: ms.optional(),
  }),
);

/** HTTP/1 and TLS in a capture: whether the program, or its certificates, are to blame. The subject is the vantage point. */
export const captureApplication = defineEvidence(
  "capture.application",
  z.object({
    http: z.object({
      requests: count,
      answers: z.record(z.string(), count),
      aborted: count,
      dropped: count,
      timeMs: quantiles,
    }),
    tls: z.object({
      clientHellos: count,
      serverHellos: count,
      alerts: z.record(z.string(), count),
      unanswered: count,
    }),
  }),
);

/** ICMP and ICMPv6 in a capture. The subject is the vantage point. */
export const captureIcmp = defineEvidence(
  "capture.icmp",
  z.object({
    echoRequests: count,
    echoReplies: count,
    echoesLost: count,
    echoMs: quantiles,
    unreachable: count,
    prohibited: count,
    timeExceeded: count,
    tooBig: count,
    smallestMtu: count.optional(),
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
  const { packets, flows, firstUs, lastUs, verdict, unread, tcp, dns, icmp, http, tls } = summary;
  const atMs = Math.round((lastUs ?? 0) / 1_000);
  const times = firstUs === undefined || lastUs === undefined ? {} : { firstUs, lastUs };
  const coverage = { packets, flows, ...times, verdict, quality: [...summary.quality], unread };
  return [
    evidenceOf(captureCoverage, point, atMs, coverage),
    ...(packets === 0
      ? []
      : [
          evidenceOf(captureTcp, point, atMs, captureTcp.schema.parse(tcp)),
          evidenceOf(captureDns, point, atMs, captureDns.schema.parse(dns)),
          evidenceOf(captureIcmp, point, atMs, captureIcmp.schema.parse(icmp)),
          evidenceOf(captureApplication, point, atMs, captureApplication.schema.parse({ http, tls })),
        ]),
    ...summary.services.map((service) => evidenceOf(captureService, `${point} ${service.server}`, atMs, service)),
    ...summary.clients.map((clients) => evidenceOf(captureClients, `${point} ${clients.subnet}`, atMs, clients)),
    ...summary.findings.map((finding) => {
      const subject = [point, finding.kind, ...(finding.flow ? [finding.flow.server] : [])].join(" ");
      return evidenceOf(captureFinding, subject, atMs, captureFinding.schema.parse(finding));
    }),
  ];
}
