import { evidenceOf } from "../core/evidence.ts";
import { sameFamily } from "../core/ip-family.ts";
import { lineReader } from "../core/line-reader.ts";
import type { Plan, Vantage } from "../core/plan.ts";
import type { Reader, SurveyProbe } from "../core/probe.ts";
import { ascending, quantile } from "../core/stats.ts";
import { type Hop, traceEvidence } from "../core/trace-evidence.ts";

/** Between two packets of one trace; slower in long checks, which are to print no more than so many lines. */
const EVERY_MS = 700;
const MAX_LINES = 4_000;
const TIMEOUT_MS = 2_000;
const BYTES_PER_LINE = 56;
/** On Ethernet: an echo of 48 bytes, and an answer that, every other time, quotes it. */
const BYTES_PER_ECHO = 48 + 64;

/**
 * The way between the two ends of the check, traced from both: which routers it meets, and what each of them answers.
 * Two small packets every 0.7 s for each direction.
 */
export const trace: SurveyProbe = {
  kind: "survey",
  name: "trace",
  wants: ({ at, plan }) => targetOf(at, plan) !== undefined,
  argv: ({ at, plan }) => ["netcheck-trace", `${everyMs(plan)}`, `${TIMEOUT_MS}`, targetOf(at, plan) ?? at.ip],
  maxBytes: ({ plan }) => 4_096 + Math.ceil(lengthMs(plan) / everyMs(plan) + 20) * BYTES_PER_LINE,
  traffic: ({ plan }) => ({
    packetsPerSecond: 2_000 / everyMs(plan),
    bytesPerSecond: (BYTES_PER_ECHO * 1_000) / everyMs(plan),
  }),
  open: ({ at }) => openTrace(at.id),
};

type Asked = Pick<Plan, "vantages" | "window">;

function lengthMs({ window }: Asked): number {
  return window.endMs - window.startMs;
}

function everyMs(plan: Asked): number {
  return Math.max(EVERY_MS, Math.ceil(lengthMs(plan) / MAX_LINES));
}

/** The other end, when it is on another node: within a node nothing routes. */
function targetOf(at: Vantage, { vantages }: Asked): string | undefined {
  const role = at.role === "from" ? "to" : at.role === "to" ? "from" : undefined;
  const other = vantages.find((vantage) => vantage.role === role);
  if (!other || other.node === at.node) return undefined;
  return sameFamily(at.ip, other.ip) ? other.ip : undefined;
}

const TARGET = /^# ([\da-f.:]{2,39})$/;
const ANSWERED = /^\d+ (\d{1,2}) ([\da-f.:]{2,39}) (\d+\.\d+) (hop|end|refused)$/;
const LOST = /^\d+ (\d{1,2}) - - lost$/;
const MAX_TTL = 30;
/** Routers that share one distance, and times that are kept of each. */
const MAX_ADDRESSES = 16;

type Entry = { sent: number; lost: number; readonly addresses: Map<string, number>; readonly ms: number[] };

/** Reads what `netcheck-trace` prints. */
export function openTrace(subject: string): Reader {
  const entries = new Map<number, Entry>();
  let target: string | undefined;
  let distance: number | undefined;
  const entryOf = (ttl: number): Entry | undefined => {
    if (ttl < 1 || ttl > MAX_TTL) return undefined;
    const entry = entries.get(ttl) ?? { sent: 0, lost: 0, addresses: new Map(), ms: [] };
    entries.set(ttl, entry);
    return entry;
  };
  const push = lineReader((line) => {
    target ??= TARGET.exec(line)?.[1];
    const lost = LOST.exec(line);
    const answer = ANSWERED.exec(line);
    const ttl = Number(lost?.[1] ?? answer?.[1] ?? 0);
    const entry = entryOf(ttl);
    if (!entry) return;
    entry.sent++;
    if (!answer) {
      entry.lost++;
      return;
    }
    const [, , ip = "", ms, what] = answer;
    if (entry.addresses.has(ip) || entry.addresses.size < MAX_ADDRESSES)
      entry.addresses.set(ip, (entry.addresses.get(ip) ?? 0) + 1);
    entry.ms.push(Number(ms));
    if (what === "end") distance = ttl;
  });
  return {
    push,
    evidence: ({ nowMs }) => {
      if (target === undefined || entries.size === 0) return [];
      const hops = [...entries].toSorted(([a], [b]) => a - b).map(([ttl, entry]) => hopOf(ttl, entry));
      // What is beyond the target was tried before it was known where that is.
      const known = distance === undefined ? hops : hops.filter(({ ttl }) => ttl <= (distance ?? ttl));
      return [
        evidenceOf(traceEvidence, subject, nowMs, {
          target,
          ...(distance === undefined ? {} : { distance }),
          hops: known,
        }),
      ];
    },
  };
}

function hopOf(ttl: number, { sent, lost, addresses, ms }: Entry): Hop {
  const rttMs = quantile(ascending(ms), 0.5);
  return {
    ttl,
    sent,
    lost,
    addresses: [...addresses].map(([ip, count]) => ({ ip, count })).toSorted((a, b) => b.count - a.count),
    ...(rttMs === undefined ? {} : { rttMs }),
  };
}
