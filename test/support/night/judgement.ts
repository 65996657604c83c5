import { SAYS_EVERY_MS, type Sent } from "./counted-traffic.ts";
import type { Night } from "./night.ts";
import { keyOf } from "./scheduled.ts";

/** One thing that is to be so, with its number. */
export type Judged = {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly wanted?: string;
  readonly met?: boolean;
};

/** What one node keeps unfetched, MB: what all its recorders' rings may hold, and the lines that they and the probes say. */
const NODE_MB = 1_100;
const WORKER_MB = 1_000;
const MERGED_MB = 200;
/** What the analysis of one slice says, as JSON. */
const SLICE_MB = 1;
/**
 * What is claimed may be off by so much of what was asked, and by the longest pause of the sender on top: a sender that got no CPU when a
 * recorder began sends the packets of its pause afterwards, and which of them the recorder should have is not known.
 */
const COVERAGE_ERROR = 0.005;

/** Holds what netcheck kept and told of a night against what was sent and what lay on the nodes. */
export function judgeNight(night: Night, { captureMb }: { readonly captureMb: number }): readonly Judged[] {
  const { report, sent, nodes, stored, memoryMb, quiet, told, digest, left } = night;
  const { window } = report;
  const sealed = [...nodes.sealed];
  const inStore = sealed.filter(([key, sha256]) => stored.segments.get(key) === sha256);
  const lost = sealed.filter(([key]) => !stored.segments.has(key) && !nodes.letGo.has(key));
  const gone = [...stored.segments.keys()].filter((key) => !stored.kept.has(key));
  const untold = gone.filter((key) => !stored.letGo.has(key));
  const packets = [...stored.taps.values()].reduce((sum, tap) => sum + tap.packets, 0);
  const claimed = report.captures.reduce((sum, one) => sum + one.packets, 0);
  const dropped = report.captures.reduce((sum, one) => sum + one.droppedByKernel, 0);
  const [first, last] = [sentBy(sent, window.startMs), sentBy(sent, window.endMs)];
  const taps = [...stored.taps].toSorted(([one], [other]) => Number(one.slice(7)) - Number(other.slice(7)));
  const shares = taps.map(([, { seen }]) => seenOf(seen, first, last) / (last - first));
  const twice = taps.reduce((sum, [, { seen }]) => sum + seen.filter((times) => times > 1).length, 0);
  const windowMs = window.endMs - window.startMs;
  const pauseMs = longestPause(sent);
  const mostError = COVERAGE_ERROR + pauseMs / windowMs;
  const errors = report.captures.map(({ recordedMs = 0 }, n) => Math.abs((shares[n] ?? 0) - recordedMs / windowMs));
  const digests = told.filter((message) => keyOf(message).includes(":digest:"));
  const mb = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  const percent = (share: number): number => Math.round(share * 1e4) / 100;
  const none = (metric: string, value: number, unit: string): Judged => ({
    ...{ metric, value, unit },
    wanted: "0",
    met: value === 0,
  });
  const below = (metric: string, value: number, unit: string, most: number): Judged => ({
    ...{ metric, value: Math.round(value), unit },
    wanted: `≤ ${most}`,
    met: value <= most,
  });
  return [
    { metric: "counted packets sent", value: sent.steps.at(-1)?.[1] ?? 0, unit: "packets" },
    { metric: "of them received", value: sent.received, unit: "packets" },
    { metric: "longest pause of the sender", value: Math.round(pauseMs), unit: "ms" },
    { metric: "packets recorded at all points", value: packets, unit: "packets" },
    none("packets that the report claims beyond or below those in the store", Math.abs(claimed - packets), "packets"),
    none("packets recorded twice at a point", twice, "packets"),
    { metric: "segments that recorders said they had sealed", value: sealed.length, unit: "segments" },
    { metric: "of them in the store with the same checksum", value: inStore.length, unit: "segments" },
    { metric: "let go on the nodes", value: nodes.letGo.size, unit: "segments" },
    none("sealed segments that are nowhere", lost.length, "segments"),
    { metric: "let go in the store", value: stored.letGo.size, unit: "segments" },
    none("gone from the store and not in its list", untold.length, "segments"),
    { metric: "points", value: report.captures.length, unit: "points" },
    {
      metric: "recorded share of the window, least covered point, true",
      value: percent(Math.min(...shares)),
      unit: "%",
    },
    {
      metric: "the same as the report tells it",
      value: percent(Math.min(...report.captures.map(({ recordedMs = 0 }) => recordedMs / windowMs))),
      unit: "%",
    },
    {
      ...{ metric: "greatest difference between true and told at any point", unit: "%" },
      value: percent(Math.max(...errors)),
      wanted: `≤ ${percent(mostError)}`,
      met: report.captures.length > 0 && Math.max(...errors) <= mostError,
    },
    { metric: "lost by recorders, as told", value: dropped, unit: "packets" },
    { metric: "observed by probes, as told", value: percent(report.coverage.share), unit: "%" },
    below("memory of a worker, most", memoryMb["worker"] ?? 0, "MB", WORKER_MB),
    { metric: "memory of a bot, most", value: Math.round(memoryMb["bot"] ?? 0), unit: "MB" },
    below("files on a node, most", mb(nodes.mostBytes), "MB", NODE_MB),
    { metric: "segments in the store, most", value: mb(stored.mostBytes), unit: "MB" },
    below("segments in the store at the end", mb(stored.segmentBytes), "MB", captureMb),
    below(
      "merged file and analyses of slices",
      mb(stored.bytes - stored.segmentBytes),
      "MB",
      MERGED_MB + SLICE_MB * stored.slices,
    ),
    { metric: "from the end of the window to the report", value: Math.round(night.reportMs / 1_000), unit: "s" },
    none("messages before the digest was due", quiet.length, "messages"),
    { metric: "digests", value: digests.length, unit: "messages", wanted: "1", met: digests.length === 1 },
    none(
      "messages beside the digest and its thread",
      told.filter(({ ts, thread_ts = ts }) => thread_ts !== digest.ts && ts !== digest.ts).length,
      "messages",
    ),
    none("things left on nodes", left.length, "things"),
  ];
}

/** By how much the sender was late at most in saying how far it was: so long it got no CPU. */
function longestPause({ steps }: Sent): number {
  return Math.max(0, ...steps.slice(1).map(([atMs], n) => atMs - (steps[n]?.[0] ?? atMs) - SAYS_EVERY_MS));
}

/** How many packets had been sent at a moment, between two that were noted in proportion. */
function sentBy({ steps }: Sent, atMs: number): number {
  const next = steps.findIndex(([ms]) => ms >= atMs);
  if (next === -1) return steps.at(-1)?.[1] ?? 0;
  const [after, before] = [steps[next] ?? [0, 0], steps[next - 1]];
  if (!before) return after[1];
  const part = (atMs - before[0]) / (after[0] - before[0]);
  return Math.round(before[1] + part * (after[1] - before[1]));
}

function seenOf(seen: Uint8Array, first: number, last: number): number {
  let count = 0;
  for (let number = first + 1; number <= last; number++) if (seen[number]) count++;
  return count;
}
