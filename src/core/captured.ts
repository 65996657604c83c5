import { captureFile, captureKept, hopsEvidence } from "./capture.ts";
import type { Comparison } from "./compare.ts";
import type { EvidenceSet } from "./evidence.ts";
import type { Plan } from "./plan.ts";
import type { Report } from "./report.ts";
import { counted, type Sentence, say } from "./sentence.ts";
import { percentText } from "./units.ts";

/** What was recorded and kept, in the order in which packets of the first end cross the taps. */
export function capturesOf(evidence: EvidenceSet): Report["captures"] {
  return evidence
    .all(captureKept)
    .map(({ data }) => data)
    .toSorted((a, b) => a.tap.order - b.tap.order)
    .map(({ tap, packets, bytes, droppedByKernel, fromMs, toMs, recordedMs, file, letGo }) => ({
      ...{
        node: tap.node,
        point: tap.label,
        device: tap.device,
        packets,
        bytes,
        droppedByKernel,
        fromMs,
        toMs,
        recordedMs,
        file,
      },
      ...(letGo > 0 ? { letGo } : {}),
    }));
}

/** Files for people, the one with all points first. */
export function filesOf(evidence: EvidenceSet): Pick<Report, "files"> {
  const files = evidence.all(captureFile).map(({ data }) => data);
  return files.length === 0 ? {} : { files: files.toSorted((a, b) => (a.holds < b.holds ? -1 : 1)) };
}

/** Hops between taps, where packets were followed; else those between nodes that echoes crossed, one way each. */
export function hopsOf(evidence: EvidenceSet, { oneWay }: Comparison): Report["hops"] {
  const followed = evidence.all(hopsEvidence).flatMap(({ data }) => data.hops);
  if (followed.length === 0)
    return oneWay.map(({ from, to, bad, of }) => ({ from, to, sent: of, seen: of - bad, lost: bad }));
  return followed.map(({ from, to, direction, sent, seen, lost, missed, delayMs }) => ({
    ...{ from, to, direction, sent, seen, lost, missed },
    ...(delayMs === undefined ? {} : { delayMs: delayMs.p50 }),
  }));
}

/** How much of the asked time was recorded at how many points, and what of it is missing; undefined without captures. */
export function capturedText({ window }: Plan, evidence: EvidenceSet): Sentence | undefined {
  const kept = evidence.all(captureKept).map(({ data }) => data);
  if (kept.length === 0) return undefined;
  const askedMs = Math.max(1, window.endMs - window.startMs);
  const leastMs = Math.min(...kept.map(({ recordedMs }) => recordedMs));
  const sum = (of: "packets" | "droppedByKernel" | "letGo"): number => kept.reduce((all, one) => all + one[of], 0);
  const [packets, dropped, files] = [sum("packets"), sum("droppedByKernel"), sum("letGo")];
  return say(
    "Captured at {points}, at the least covered one for {share} of the asked time: {packets}; {dropped} more were lost by the recorders, {files} let go.",
    {
      points: counted(kept.length, "point"),
      share: percentText(Math.min(1, leastMs / askedMs)),
      packets: counted(packets, "packet"),
      dropped,
      files: counted(files, "file"),
    },
  );
}
