import { captureFile, type Segment, type Tap } from "../core/capture.ts";
import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { FULL_SNAP } from "../core/plan-taps.ts";
import type { PathFindings } from "../pcap/add-slices.ts";
import type { Merge, MergedTap } from "../pcap/merged-capture.ts";
import { type Shelf, segmentKey } from "./fetch-captures.ts";
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

/** Writes what is held of all taps into one file for people. Throws what the store and the writing throw. */
export async function mergeCaptures(
  { plan, recordings }: Recorded,
  held: readonly Held[],
  findings: PathFindings,
  { key, shelf, writeMerged }: { readonly key: string; readonly shelf: Shelf; readonly writeMerged: WriteMerged },
): Promise<Evidence> {
  const { window, from, to } = plan;
  using open = new DisposableStack();
  const taps = [];
  for (const { tap, segments } of held) {
    const paths: string[] = [];
    for (const { number } of segments)
      paths.push(open.use(await shelf.localPath(segmentKey(plan.check, tap.task, number))).path);
    const clock = findings.hops.clocks.find(({ node }) => node === tap.node);
    const { matched = 0, dropped = 0, letGo = [] } = recordings.get(tap.task) ?? {};
    taps.push({
      ...{ label: tap.label, snapLength: tap.snapLength, paths, dropped },
      received: matched,
      ...(clock && { clock: { ...clock, atMs: window.endMs } }),
      remarks: letGo.length === 0 ? [] : [`${letGo.length} files were let go on the node.`],
      lost: lostAt(tap, segments, findings),
    });
  }
  const at = (ms: number): string => new Date(ms).toISOString();
  const headersOnly = taps.every(({ snapLength }) => snapLength < FULL_SNAP);
  const { bytes, sha256 } = await writeMerged(key, {
    about: [`netcheck ${plan.check}: ${from.name} > ${to.name}, ${at(window.startMs)} to ${at(window.endMs)}`],
    window,
    taps,
    momentsMs: findings.triggers.toSorted((one, other) => other.count - one.count).map(({ worstS }) => worstS * 1_000),
    headersOnly,
    maxBytes: MERGED_BYTES,
  });
  return evidenceOf(captureFile, key, window.endMs, { key, bytes, sha256, holds: "all", payload: !headersOnly });
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
