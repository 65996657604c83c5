import { bucketLengthMs, intoBuckets, spreadOf } from "../core/buckets.ts";
import type { Window } from "../core/check.ts";
import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { type TcpOutcome, tcpEvidence, tcpOutcomes } from "../core/leg-evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import { connectIntervalMs, packetsIn } from "../core/pace.ts";
import type { Reader, StreamProbe } from "../core/probe.ts";

/** Long enough for one SYN to be sent again (after 1 s), short enough for two attempts to fit into a first finding. */
const TIMEOUT_MS = 2_500;
const BYTES_PER_ATTEMPT = 64;
const MAX_ATTEMPTS = 65_000;
const MAX_ERRORS = 8;

type Attempt = { atMs: number; ms: number; outcome: TcpOutcome; resent: number };

/**
 * TCP connects to a real port, about two a second, by `netcheck-tcp HOST PORT INTERVAL_MS TIMEOUT_MS`. Each starts at a
 * random moment of its interval: connects in step would come as one train of packets, and a NIC that holds back every
 * n-th packet would then meet always the same of them.
 */
export const tcp: StreamProbe = {
  kind: "stream",
  name: "tcp",
  wants: ({ port }) => port !== undefined,
  argv: ({ leg, window, index }) => {
    const interval = `${connectIntervalMs(index, window, leg)}`;
    return ["netcheck-tcp", leg.toIp, `${leg.port ?? 0}`, interval, `${TIMEOUT_MS}`, "--jitter", interval];
  },
  maxBytes: ({ window, index, leg }) =>
    4_096 + packetsIn(window, connectIntervalMs(index, window, leg)) * BYTES_PER_ATTEMPT,
  open: ({ leg, window, index }) => openTcp(leg.id, window, connectIntervalMs(index, window, leg)),
};

/** Reads lines `startUnixMs durationMs outcome localPort [synRetransmissions]`. Attempts still pending are left out. */
export function openTcp(subject: string, window: Window, intervalMs: number): Reader {
  const attempts: Attempt[] = [];
  const errors = new Set<string>();
  let newestMs = 0;

  const push = lineReader((line) => {
    const [start, duration, word = "", , resent = "0"] = line.trim().split(/\s+/);
    const atMs = Number(start);
    const ms = Number(duration);
    if (!Number.isFinite(atMs) || !Number.isFinite(ms) || atMs <= 0) return;
    const outcome = outcomeOf(word);
    if (outcome === undefined || attempts.length >= MAX_ATTEMPTS) return;
    if (outcome === "error" && errors.size < MAX_ERRORS) errors.add(word.replace(/^error:/, ""));
    newestMs = Math.max(newestMs, atMs + ms);
    attempts.push({ atMs, ms, outcome, resent: Number(resent) || 0 });
  });

  return {
    push,
    evidence: (): readonly Evidence[] => {
      if (attempts.length === 0) return [];
      const ordered = attempts.toSorted((a, b) => a.atMs - b.atMs);
      const startMs = ordered[0]?.atMs ?? 0;
      const took = (wanted: TcpOutcome): number[] =>
        ordered.flatMap(({ outcome, ms }) => (outcome === wanted ? [ms] : []));
      const connectMs = spreadOf(took("connected"));
      const refusedMs = spreadOf(took("refused"));
      const outcomes: Partial<Record<TcpOutcome, number>> = {};
      for (const { outcome } of ordered) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      const answered = ({ atMs, outcome, ms }: Attempt) => ({ atMs, ms: outcome === "connected" ? ms : undefined });
      return [
        evidenceOf(tcpEvidence, subject, newestMs, {
          sent: ordered.length,
          outcomes,
          retransmitted: ordered.filter(({ outcome, resent }) => outcome === "connected" && resent > 0).length,
          ...(connectMs ? { connectMs } : {}),
          ...(refusedMs ? { refusedMs } : {}),
          errors: [...errors],
          startMs,
          intervalMs,
          attempts: ordered.map(({ atMs, outcome, ms, resent }): [number, number, number, number] => [
            Math.round(atMs - startMs),
            tcpOutcomes.indexOf(outcome),
            Number(ms.toFixed(2)),
            resent,
          ]),
          buckets: intoBuckets(ordered.map(answered), bucketLengthMs(window.endMs - window.startMs)),
        }),
      ];
    },
  };
}

function outcomeOf(word: string): TcpOutcome | undefined {
  if (word.startsWith("error:")) return "error";
  return tcpOutcomes.find((known) => known === word && known !== "error");
}
