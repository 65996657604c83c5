import { bucketLengthMs, intoBuckets, type Sent, spreadOf } from "../core/buckets.ts";
import type { Window } from "../core/check.ts";
import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { type PingData, pingEvidence } from "../core/leg-evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import { echoId, packetsIn, pingIntervalMs } from "../core/pace.ts";
import { encodeMs, encodeTimes, LOST, UNKNOWN } from "../core/packet-series.ts";
import type { Reader, StreamProbe } from "../core/probe.ts";

/** An answer that has not come after this long counts as lost; one that comes later still counts as received. */
const GRACE_MS = 2_000;
/** Longest lines of ping: a reply, or an error and its "no answer yet". */
const BYTES_PER_PACKET = 150;
/** Sequence numbers beyond this are not ours. */
const MAX_SEQUENCE = 65_000;
const MAX_ERROR_KINDS = 16;
/** Room for ping's time stamp, without which it cannot tell round-trip times, and nothing more. */
const PAYLOAD = "16";

const REPLY = /^\[(\d+\.\d+)\] \d+ bytes from \S+ icmp_seq=(\d+) .*?time=([\d.]+) ms(.*)$/;
const NO_ANSWER = /^\[(\d+\.\d+)\] no answer yet for icmp_seq=(\d+)/;
const ICMP_ERROR = /^\[(\d+\.\d+)\] From (\S+?):? icmp_seq=(\d+) (.+)$/;

type IcmpError = PingData["errors"][number];

/** ICMP echo by iputils ping: five a second, the time and number of every packet, late answers included. */
export const ping: StreamProbe = {
  kind: "stream",
  name: "ping",
  wants: ({ port, scope }) => port === undefined && scope !== "service",
  argv: ({ leg, window, index, check }) => {
    const intervalMs = pingIntervalMs(index, window);
    const seconds = (intervalMs / 1_000).toFixed(3);
    const count = packetsIn(window, intervalMs);
    const id = `${echoId(check, index)}`;
    return ["ping", "-n", "-D", "-O", "-i", seconds, "-e", id, "-s", PAYLOAD, "-c", `${count}`, leg.toIp];
  },
  maxBytes: ({ window, index }) => 4_096 + packetsIn(window, pingIntervalMs(index, window)) * BYTES_PER_PACKET,
  open: ({ leg, window, index }) => openPing(leg.id, window, pingIntervalMs(index, window)),
};

/** Reads what `ping -n -D -O` writes. Times are those of the node. */
export function openPing(subject: string, window: Window, intervalMs: number): Reader {
  /** By sequence number - 1. */
  const rttMs: (number | undefined)[] = [];
  const leftMs: (number | undefined)[] = [];
  const refused = new Set<number>();
  const errors = new Map<string, IcmpError>();
  let duplicates = 0;
  let newestMs = 0;

  const sent = (sequence: number): number | undefined => {
    if (sequence < 1 || sequence > MAX_SEQUENCE) return undefined;
    while (rttMs.length < sequence) {
      rttMs.push(undefined);
      leftMs.push(undefined);
    }
    return sequence - 1;
  };

  const push = lineReader((line) => {
    const reply = REPLY.exec(line);
    if (reply) {
      const index = sent(Number(reply[2]));
      const atMs = Number(reply[1]) * 1_000;
      newestMs = Math.max(newestMs, atMs);
      if (index === undefined) return;
      if (reply[4]?.includes("DUP!") || rttMs[index] !== undefined) duplicates++;
      else {
        rttMs[index] = Number(reply[3]);
        leftMs[index] = atMs - Number(reply[3]);
      }
      return;
    }
    const silent = NO_ANSWER.exec(line);
    if (silent) {
      // Printed when the next packet is about to leave.
      const atMs = Number(silent[1]) * 1_000;
      const index = sent(Number(silent[2]));
      newestMs = Math.max(newestMs, atMs);
      if (index !== undefined) leftMs[index] ??= atMs - intervalMs;
      return;
    }
    const error = ICMP_ERROR.exec(line);
    if (!error) return;
    const [, at, from = "", sequence, text = ""] = error;
    newestMs = Math.max(newestMs, Number(at) * 1_000);
    // A redirect is advice, the packet went on.
    if (text.startsWith("Redirect")) return;
    const index = sent(Number(sequence));
    if (index !== undefined) {
      refused.add(index);
      leftMs[index] ??= Number(at) * 1_000;
    }
    const key = `${from} ${text}`;
    const known = errors.get(key);
    if (known) errors.set(key, { ...known, count: known.count + 1 });
    else if (errors.size < MAX_ERROR_KINDS) errors.set(key, { from, text, reason: icmpReason(text), count: 1 });
  });

  return {
    push,
    evidence: (): readonly Evidence[] => {
      if (rttMs.length === 0) return [];
      const left = filled(leftMs, intervalMs);
      const outcome = rttMs.map((ms, index): "answered" | "lost" | "pending" => {
        if (ms !== undefined) return "answered";
        return refused.has(index) || newestMs - (left[index] ?? 0) > GRACE_MS ? "lost" : "pending";
      });
      const packets: Sent[] = [];
      for (const [index, what] of outcome.entries())
        if (what !== "pending") packets.push({ atMs: left[index] ?? 0, ms: rttMs[index] });
      const answered = rttMs.filter((ms) => ms !== undefined);
      const rtt = spreadOf(answered);
      const startMs = left[0] ?? newestMs;
      const data: PingData = {
        sent: packets.length,
        received: answered.length,
        lost: packets.length - answered.length,
        pending: outcome.length - packets.length,
        duplicates,
        ...(rtt ? { rttMs: rtt } : {}),
        errors: [...errors.values()],
        longestLostRun: longestRun(outcome),
        startMs: rounded(startMs),
        intervalMs,
        series: outcome
          .map((what, index) => (what === "answered" ? encodeMs(rttMs[index] ?? 0) : what === "lost" ? LOST : UNKNOWN))
          .join(""),
        times: encodeTimes(left, { startMs: rounded(startMs), stepMs: intervalMs }),
        buckets: intoBuckets(packets, bucketLengthMs(window.endMs - window.startMs)),
      };
      return [evidenceOf(pingEvidence, subject, newestMs, data)];
    },
  };
}

function icmpReason(text: string): IcmpError["reason"] {
  if (/prohibited|filtered/i.test(text)) return "prohibited";
  if (/host unreachable|address unreachable|no route/i.test(text)) return "host-unreachable";
  if (/net unreachable|network unreachable/i.test(text)) return "net-unreachable";
  if (/time to live|hop limit|time exceeded/i.test(text)) return "ttl-exceeded";
  return "other";
}

/**
 * When each packet left. Unanswered ones say it only roughly, so they take the pace of their neighbours: ping keeps a
 * steady beat, a little slower than asked because of the kernel's timer.
 */
function filled(leftMs: readonly (number | undefined)[], intervalMs: number): number[] {
  const known = leftMs.findIndex((ms) => ms !== undefined);
  let previous = (leftMs[known] ?? 0) - (known + 1) * intervalMs;
  return leftMs.map((ms) => {
    previous = ms ?? previous + intervalMs;
    return previous;
  });
}

function longestRun(outcomes: readonly ("answered" | "lost" | "pending")[]): number {
  let run = 0;
  let longest = 0;
  for (const outcome of outcomes) {
    if (outcome === "lost") longest = Math.max(longest, ++run);
    else if (outcome === "answered") run = 0;
  }
  return longest;
}

function rounded(ms: number): number {
  return Number(ms.toFixed(1));
}
