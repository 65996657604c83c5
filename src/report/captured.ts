import type { Report } from "#src/core/report.ts";
import { msText } from "#src/core/units.ts";
import { type Message, section } from "./blocks.ts";
import { cut, LIMITS } from "./limits.ts";
import { bold, safe } from "./mrkdwn.ts";
import { partText, thousands } from "./numbers.ts";
import type { Wording } from "./words.ts";

type Hop = Report["hops"][number];

/** Less than this between two taps is no time worth a number, ms. */
const LEAST_MS = 0.1;

/** What captures at the points of the path showed: the ladder in words, one line per way, and what is missing of it. */
export type Captured = {
  readonly title: string;
  /** `web-0 eth0 → node-1 eth0 → (3 %, 300 of 10,000 lost) → node-2 eth0`. */
  readonly ways: readonly string[];
  /** Points of which not everything was recorded or kept. */
  readonly missing: readonly string[];
};

/** Undefined when nothing was captured. */
export function capturedOf(report: Report, wording: Wording): Captured | undefined {
  const hops = report.hops.filter(({ direction }) => direction !== undefined);
  if (hops.length === 0 && report.captures.length === 0) return undefined;
  // Members of one bond are two captures and one point of the hops.
  const points = new Set(
    report.captures.length > 0 ? report.captures.map(({ point }) => point) : hops.flatMap(({ from, to }) => [from, to]),
  );
  const ways = (["forward", "backward"] as const).flatMap((way) => {
    const along = hops.filter(({ direction }) => direction === way);
    return chains(along).map((chain) => wording.about(wording.way[way], wayText(chain, wording)));
  });
  return { title: wording.capturedAt(points.size), ways, missing: missingLines(report, hops, wording) };
}

/** Hops that follow each other, in whatever order they are given; each path is a chain of its own. */
function chains(hops: readonly Hop[]): readonly (readonly Hop[])[] {
  const ends = new Set(hops.map(({ to }) => to));
  const left = new Set(hops);
  const begins = [...hops.filter(({ from }) => !ends.has(from)), ...hops];
  return begins.flatMap((first) => {
    const chain: Hop[] = [];
    for (let next: Hop | undefined = left.has(first) ? first : undefined; next; ) {
      chain.push(next);
      left.delete(next);
      const { to }: Hop = next;
      next = [...left].find(({ from }) => from === to);
    }
    return chain.length === 0 ? [] : [chain];
  });
}

function wayText(chain: readonly Hop[], wording: Wording): string {
  const steps = chain.map(({ to, sent, lost, delayMs }) => {
    const notes = [
      ...(lost > 0 ? [wording.lostOf(thousands(lost), thousands(sent), partText(lost, sent))] : []),
      ...(delayMs !== undefined && delayMs >= LEAST_MS ? [msText(delayMs)] : []),
    ];
    return notes.length === 0 ? `→ ${to}` : `→ [${wording.names(notes)}] → ${to}`;
  });
  return [chain[0]?.from ?? "", ...steps].join(" ");
}

function missingLines({ captures }: Report, hops: readonly Hop[], wording: Wording): readonly string[] {
  const points = new Set([...captures.map(({ point }) => point), ...hops.map(({ to }) => to)]);
  return [...points].flatMap((point) => {
    const kept = captures.filter((one) => one.point === point);
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
    const dropped = sum(kept.map(({ droppedByKernel }) => droppedByKernel));
    const letGo = sum(kept.map(({ letGo = 0 }) => letGo));
    const missed = sum(hops.filter(({ to }) => to === point).map(({ missed: count = 0 }) => count));
    const what = [
      ...(dropped > 0 ? [wording.dropped(thousands(dropped))] : []),
      ...(missed > 0 ? [wording.missed(thousands(missed))] : []),
      ...(letGo > 0 ? [wording.letGo(letGo)] : []),
    ];
    return what.length === 0 ? [] : [wording.about(point, wording.names(what))];
  });
}

/** One message of the thread. */
export function drawCaptured(report: Report, wording: Wording): Message | undefined {
  const captured = capturedOf(report, wording);
  if (!captured) return undefined;
  const { title, ways, missing } = captured;
  const lines = [
    bold(title),
    ...ways.map(safe),
    ...(missing.length > 0 ? [wording.about(wording.notWhole, safe(missing.join(" · ")))] : []),
  ];
  return { text: title, blocks: [section(cut(lines.join("\n"), LIMITS.section))] };
}
