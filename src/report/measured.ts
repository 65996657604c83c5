import type { Report } from "#src/core/report.ts";
import { msText } from "#src/core/units.ts";
import { partText, thousands } from "./numbers.ts";
import type { Wording } from "./words.ts";

export type Measurement = Report["measurements"][number];

/** What was measured along the path that was asked about, in the asked direction first. */
export function askedPath(report: Report, probe: string): Measurement | undefined {
  const along = report.measurements.filter((one) => one.probe === probe && one.part === "end-to-end");
  return along.find((one) => one.from === report.from) ?? along[0];
}

export const probesSent = (report: Report): number => report.measurements.reduce((sum, { sent }) => sum + sent, 0);

export function lossText({ sent, lost }: { sent: number; lost: number }, wording: Wording): string {
  return wording.lostOf(thousands(lost), thousands(sent), partText(lost, sent));
}

export function latencyText({ rttMs, sent, largestBytes, path }: Measurement, wording: Wording): string {
  if (largestBytes !== undefined) return `≤ ${thousands(largestBytes)} B`;
  if (path !== undefined) return pathText(path);
  if (rttMs === undefined) return sent > 0 ? wording.noAnswer : wording.notMeasured;
  return `p50 ${msText(rttMs.p50)} · p99 ${msText(rttMs.p99)} · max ${msText(rttMs.max)}`;
}

const MAX_HOPS = 12;

/** The routers on the way with what they answered of what was asked: "1 10.0.0.1 9/10 0.3 ms → 2 * 0/10". */
function pathText(path: NonNullable<Measurement["path"]>): string {
  const hops = path.slice(0, MAX_HOPS).map(({ ttl, address = "*", sent, lost, rttMs }) => {
    return `${ttl} ${address} ${sent - lost}/${sent}${rttMs === undefined ? "" : ` ${msText(rttMs)}`}`;
  });
  return [...hops, ...(path.length > MAX_HOPS ? ["…"] : [])].join(" → ");
}

/** How TCP attempts ended: "connected 98, timeout 2". */
export function outcomesText(outcomes: Readonly<Record<string, number>>, wording: Wording): string {
  return Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${wording.outcome(outcome)} ${thousands(count)}`)
    .join(wording.language === "zh" ? "，" : ", ");
}
