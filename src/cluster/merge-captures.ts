import { captureFile, type Segment, type Tap } from "../core/capture.ts";
import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { FULL_SNAP } from "../core/plan-taps.ts";
import type { ReportFile } from "../core/report.ts";
import type { PathFindings } from "../pcap/add-slices.ts";
import type { Merge, MergedTap } from "../pcap/merged-capture.ts";
import { type InStore, type Shelf, segmentKey } from "./fetch-captures.ts";
import type { Recorded } from "./measure-ports.ts";

/** Writes all points into one file and keeps it under a key, outside the event loop (`store/merged-artifact.ts`). */
export type WriteMerged = (
  key: string,
  merge: Omit<Merge, "taps"> & {
    readonly taps: readonly (Omit<MergedTap, "segments"> & { readonly paths: string[] })[];
  },
) => Promise<{ readonly bytes: number; readonly sha256: string }>;

/** What is in the store of a tap. */
export type Held = { readonly tap: Tap; readonly segments: readonly Segment[] };

/** Of the file with all points, bytes: what people can still open. */
const MERGED_BYTES = 200_000_000;

export const mergedKey = (check: string): string => `captures/${check}/merged.pcapng`;

/** A file for people that is to be written. */
type FileToMerge = {
  readonly name: string;
  readonly holds: ReportFile["holds"];
  readonly held: readonly Held[];
  readonly findings: PathFindings;
  /** What else its first lines say. */
  readonly about: readonly string[];
};

/** The file with all points, and where whole packets of moments are here, one with those. */
export function filesToMerge(
  recorded: Recorded,
  {
    held,
    findings,
    fetched,
  }: {
    readonly held: readonly Held[];
    readonly findings: PathFindings;
    readonly fetched: InStore;
  },
): readonly FileToMerge[] {
  const { plan, recordings } = recorded;
  const rings = (plan.taps ?? []).flatMap((tap): readonly Held[] => {
    const { segments = [], letGo = [] } = recordings.get(tap.ring ?? "") ?? {};
    const here = [...letGo, ...segments].filter(({ number }) => fetched.kept.get(tap.ring ?? "")?.has(number));
    if (tap.ring === undefined || here.length === 0) return [];
    return [{ tap: { ...tap, task: tap.ring, snapLength: FULL_SNAP }, segments: here }];
  });
  const merged: FileToMerge = { name: "merged.pcapng", holds: "all", held, findings, about: [] };
  const about = ["Seconds around triggers only: what lies between them was not kept, and is not lost."];
  // Numbers of packets are those of the other recorders.
  const unnumbered = { ...findings, suspects: [] };
  return rings.length === 0
    ? [merged]
    : [merged, { name: "moments.pcapng", holds: "moments", held: rings, findings: unnumbered, about }];
}

/** Writes what is held of all taps into one file for people. Throws what the store and the writing throw. */
export async function mergeCaptures(
  { plan, recordings, kernel }: Recorded,
  { name, holds, held, findings, about }: FileToMerge,
  { shelf, writeMerged }: { readonly shelf: Shelf; readonly writeMerged: WriteMerged },
): Promise<Evidence> {
  const { check, window, from, to } = plan;
  using open = new DisposableStack();
  const taps = [];
  for (const { tap, segments } of held) {
    const paths: string[] = [];
    for (const { number } of segments)
      paths.push(open.use(await shelf.localPath(segmentKey(check, tap.task, number))).path);
    const clock = findings.hops.clocks.find(({ node }) => node === tap.node);
    const { matched = 0, dropped = 0, letGo = [] } = recordings.get(tap.task) ?? {};
    taps.push({
      ...{ label: tap.label, snapLength: tap.snapLength, paths, dropped },
      received: matched,
      ...(clock && { clock: { ...clock, atMs: window.endMs } }),
      remarks: letGo.length === 0 || holds === "moments" ? [] : [`${letGo.length} files were let go on the node.`],
      lost: lostAt(tap, segments, findings),
    });
  }
  const at = (ms: number): string => new Date(ms).toISOString();
  const headersOnly = taps.every(({ snapLength }) => snapLength < FULL_SNAP);
  const triggers = [...findings.triggers, ...kernel].toSorted((one, other) => other.count - one.count);
  const key = `captures/${check}/${name}`;
  const { bytes, sha256 } = await writeMerged(key, {
    about: [`netcheck ${check}: ${from.name} > ${to.name}, ${at(window.startMs)} to ${at(window.endMs)}`, ...about],
    window,
    taps,
    momentsMs: triggers.map(({ worstS }) => worstS * 1_000),
    headersOnly,
    maxBytes: MERGED_BYTES,
  });
  return evidenceOf(captureFile, key, window.endMs, { key, bytes, sha256, holds, payload: !headersOnly });
}

/** Lost packets of a tap by their number in all its files together, and the tap that should have seen them next. */
function lostAt(tap: Tap, segments: readonly Segment[], { suspects, files, hops }: PathFindings): Map<number, string> {
  const before = new Map<number, number>();
  let count = 0;
  for (const { number } of segments) {
    before.set(number, count);
    count += files[tap.task]?.get(number) ?? 0;
  }
  const lost = new Map<number, string>();
  for (const { kind, tap: label, segment, packet, direction } of suspects) {
    const earlier = before.get(segment);
    if (kind !== "lost" || label !== tap.label || earlier === undefined) continue;
    const hop = hops.hops.find((one) => one.direction === direction && one.from.split(" + ")[0] === label);
    lost.set(earlier + packet, hop?.to ?? "any other point");
  }
  return lost;
}
