import { capturedText } from "./captured.ts";
import { dnsEvidence } from "./dns-evidence.ts";
import type { EvidenceSet } from "./evidence.ts";
import { httpEvidence } from "./http-evidence.ts";
import { type Buckets, pingEvidence, tcpEvidence } from "./leg-evidence.ts";
import { trafficOf } from "./make-tasks.ts";
import type { Plan } from "./plan.ts";
import type { Report } from "./report.ts";
import { counted, inWords, type Language, listed, say } from "./sentence.ts";
import { percentText } from "./units.ts";

/** The first and last moments of a window belong to starting and stopping. */
const EDGES_MS = 2_000;

/** How much of the asked time was observed on how many of the planned legs, and what that put on the network. */
export function coverageOf(plan: Plan, evidence: EvidenceSet, language?: Language): Report["coverage"] {
  const askedMs = Math.max(1_000, plan.window.endMs - plan.window.startMs - EDGES_MS);
  let echoes = 0;
  let connects = 0;
  const queries = evidence
    .all(dnsEvidence)
    .reduce((sum, { data }) => sum + data.asked.reduce((all, { sent }) => all + sent, 0), 0);
  let measured = 0;
  const shares = plan.legs.map((leg) => {
    const data = leg.port === undefined ? evidence.get(pingEvidence, leg.id) : evidence.get(tcpEvidence, leg.id);
    if (!data || data.sent === 0) return 0;
    if (leg.port === undefined) echoes += data.sent;
    else connects += data.sent;
    measured++;
    return Math.min(1, observedMs(data) / askedMs);
  });
  const share = shares.length === 0 ? 0 : shares.reduce((sum, one) => sum + one, 0) / shares.length;
  const { packetsPerSecond, bytesPerSecond } = trafficOf(plan);
  const requests = evidence.all(httpEvidence).reduce((sum, { data }) => sum + data.sent, 0);
  const text = say(
    "{share} of the asked time on {measured} of {legs}: {sent} ({packets} packets/s, {kilobytes} kB/s on the whole cluster).",
    {
      share: percentText(share),
      measured,
      legs: counted(plan.legs.length, "leg"),
      sent: listed([
        counted(echoes, "echo", "echoes"),
        counted(connects, "connect"),
        ...(requests === 0 ? [] : [counted(requests, "application probe")]),
        ...(queries === 0 ? [] : [counted(queries, "DNS query", "DNS queries")]),
      ]),
      packets: `${packetsPerSecond}`,
      kilobytes: Math.max(1, Math.round(bytesPerSecond / 1_000)),
    },
  );
  const captured = capturedText(plan, evidence);
  const whole = captured ? say("{measured} {captured}", { measured: text, captured }) : text;
  return { share: Number(share.toFixed(4)), text: inWords(whole, language) };
}

/** A stream that is slower than its buckets observes from one packet to the next. */
function observedMs(data: { readonly sent: number; readonly intervalMs: number; readonly buckets: Buckets }): number {
  const { sent, bucketMs } = data.buckets;
  const filled = sent.filter((count) => count > 0).length * bucketMs;
  return data.intervalMs <= bucketMs ? filled : Math.max(filled, data.sent * data.intervalMs);
}
