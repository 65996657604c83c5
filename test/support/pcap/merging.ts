import { CaptureAnalysis } from "#src/pcap/capture-analysis.ts";
import type { CaptureSummary } from "#src/pcap/capture-summary.ts";
import { type Merge, type Merged, type MergedTap, writeMergedCapture } from "#src/pcap/merged-capture.ts";
import type { ReadBytes } from "#src/pcap/tap-packets.ts";
import { joined } from "./frames.ts";

/** Gives the bytes in pieces, as a file does. */
export function readFrom(bytes: Uint8Array): ReadBytes {
  let at = 0;
  return (room) => {
    const piece = bytes.subarray(at, at + room.length);
    room.set(piece);
    at += piece.length;
    return piece.length;
  };
}

/** A tap of these segments; `analysed` when its findings are to be in the file. */
export function tapOf(
  label: string,
  segments: readonly Uint8Array[],
  { analysed = false, ...more }: Partial<MergedTap> & { readonly analysed?: boolean } = {},
): MergedTap {
  return {
    ...{ label, snapLength: 262_144, received: 0, dropped: 0, remarks: [], lost: new Map() },
    segments: function* () {
      for (const bytes of segments) yield readFrom(bytes);
    },
    ...(analysed ? { summary: summaryOf(segments) } : {}),
    ...more,
  };
}

export function summaryOf(segments: readonly Uint8Array[]): CaptureSummary {
  const analysis = new CaptureAnalysis();
  for (const bytes of segments) {
    analysis.reader.push(bytes);
    analysis.end();
  }
  return analysis.summary();
}

export function merged(
  taps: readonly MergedTap[],
  more: Partial<Merge> & Pick<Merge, "window">,
): Merged & { readonly file: Uint8Array } {
  const blocks: Uint8Array[] = [];
  const merge = { about: ["Check nc-4f2a."], momentsMs: [], headersOnly: false, maxBytes: 1e9, taps, ...more };
  const result = writeMergedCapture(merge, (bytes) => void blocks.push(bytes));
  return { ...result, file: joined(...blocks) };
}
