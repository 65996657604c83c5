import { CaptureAnalysis } from "#src/pcap/capture-analysis.ts";
import type { CaptureSummary } from "#src/pcap/capture-summary.ts";

/** What the engine says of bytes that come in pieces. `maxFlows` keeps the table small where many are made. */
export function analysed(
  bytes: Uint8Array,
  { chunk = Number.POSITIVE_INFINITY, maxFlows = 4_096 } = {},
): CaptureSummary {
  const analysis = new CaptureAnalysis({ maxFlows });
  for (let at = 0; at < bytes.length; at += chunk) analysis.reader.push(bytes.subarray(at, at + chunk));
  analysis.end();
  return analysis.summary();
}
