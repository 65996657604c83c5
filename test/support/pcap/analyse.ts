import { CaptureAnalysis } from "#src/pcap/capture-analysis.ts";
import type { CaptureSummary } from "#src/pcap/capture-summary.ts";

/** Reads a whole capture that is in memory. */
export function analyse(file: Uint8Array, options?: ConstructorParameters<typeof CaptureAnalysis>[0]): CaptureSummary {
  const analysis = new CaptureAnalysis(options);
  analysis.reader.push(file);
  analysis.end();
  return analysis.summary();
}
