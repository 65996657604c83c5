import {
  BEGAN,
  DIRECTION_WORDS,
  DIRECTIONS,
  ENDS,
  FLAGS,
  FLOW_CLIENT_1,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  HANDSHAKE,
  KIND,
  NEWEST,
  PORTS,
} from "./flow-table.ts";
import {
  COUNTED,
  COUNTERS,
  DATA_BYTES,
  DUPLICATE_ACKS,
  FAST,
  LOST_SEGMENTS,
  MSS,
  OUT_OF_ORDER,
  PACKETS,
  RESETS,
  RETRANSMISSIONS,
  SPURIOUS,
  STUCK_LENGTH,
  STUCK_TIMES,
  WINDOW_FULL,
  ZERO_NS,
  ZERO_WINDOWS,
} from "./tcp-analysis.ts";

/** What one side of a flow sent. */
type Side = {
  readonly packets: number;
  readonly bytes: number;
  readonly retransmissions: number;
  readonly fastRetransmissions: number;
  readonly spuriousRetransmissions: number;
  readonly outOfOrder: number;
  readonly duplicateAcks: number;
  readonly lostSegments: number;
  readonly zeroWindowMs: number;
  readonly zeroWindows: number;
  readonly windowFull: number;
  readonly resets: number;
  readonly mss?: number;
  /** The same data sent again and again without an answer, at the end: how long it is, and how often. */
  readonly stuck?: { readonly bytes: number; readonly times: number };
};

/** A TCP connection; the client is the side that sent the SYN, else the one with the higher port. */
export type FlowReport = {
  readonly client: string;
  readonly server: string;
  /** Seconds after the first packet of the capture. */
  readonly fromS: number;
  readonly toS: number;
  readonly ended: "refused" | "unanswered" | "established" | "begun before the capture";
  readonly handshakeMs?: number;
  readonly sent: Side;
  readonly received: Side;
};

type Ranked = { readonly badness: number; readonly report: FlowReport };

/**
 * Keeps the worst flows whole and the rest as sums. A flow is told when its slot is needed or the capture has ended; only
 * one that is worse than the best of those kept is worded at all.
 */
export class FlowReports {
  readonly #most: number;
  #worst: Ranked[] = [];
  flows = 0;
  /** Connections whose SYN was never answered. */
  unanswered = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(words: Int32Array, at: number, times: Float64Array, timesAt: number): void {
    this.flows++;
    const flags = words[at + FLAGS] as number;
    if ((flags & FLOW_SYN) !== 0 && (flags & (FLOW_SYN_ACK | FLOW_REFUSED | FLOW_ESTABLISHED)) === 0) this.unanswered++;
    const badness = badnessOf(words, at, flags);
    const least = this.#worst.at(-1)?.badness ?? 0;
    if (badness <= 0 || (this.#worst.length >= this.#most && badness <= least)) return;
    this.#worst.push({ badness, report: worded(words, at, times, timesAt) });
    this.#worst.sort((a, b) => b.badness - a.badness);
    this.#worst.length = Math.min(this.#worst.length, this.#most);
  }

  worst(): readonly FlowReport[] {
    return this.#worst.map(({ report }) => report);
  }
}

/** How much is wrong with a flow: what was sent again and how often nothing came back, against how much was sent. */
function badnessOf(words: Int32Array, at: number, flags: number): number {
  let badness = (flags & FLOW_REFUSED) !== 0 ? 5 : 0;
  if ((flags & FLOW_SYN) !== 0 && (flags & (FLOW_SYN_ACK | FLOW_REFUSED)) === 0) badness += 5;
  for (let direction = 0; direction < 2; direction++) {
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    const count = (counter: number): number => words[block + COUNTERS + counter] as number;
    const stuck = words[block + STUCK_TIMES] as number;
    badness += count(RETRANSMISSIONS) + 3 * count(ZERO_WINDOWS) + count(OUT_OF_ORDER) / 2 + count(WINDOW_FULL) / 4;
    badness += stuck >= 3 ? 10 * stuck : 0;
  }
  return badness;
}

function worded(words: Int32Array, at: number, times: Float64Array, timesAt: number): FlowReport {
  const flags = words[at + FLAGS] as number;
  const ports = words[at + PORTS] as number;
  const six = (words[at + KIND] as number) >> 8 === 6;
  const ends = [ports >>> 16, ports & 0xffff].map(
    (port, end) => `${bracketed(addressText(words, at + ENDS + end * 4, six))}:${port}`,
  );
  const client = (flags & FLOW_SYN) !== 0 ? ((flags & FLOW_CLIENT_1) !== 0 ? 1 : 0) : ports >>> 16 > (ports & 0xffff) ? 0 : 1;
  const handshake = times[timesAt + HANDSHAKE] as number;
  const ended =
    (flags & FLOW_REFUSED) !== 0
      ? "refused"
      : (flags & FLOW_SYN) === 0
        ? "begun before the capture"
        : (flags & FLOW_SYN_ACK) === 0
          ? "unanswered"
          : "established";
  return {
    client: ends[client] ?? "",
    server: ends[1 - client] ?? "",
    fromS: seconds(times[timesAt + BEGAN] as number),
    toS: seconds(times[timesAt + NEWEST] as number),
    ended,
    ...(handshake >= 0 ? { handshakeMs: handshake / 1e6 } : {}),
    sent: sideOf(words, at + DIRECTIONS + client * DIRECTION_WORDS, times),
    received: sideOf(words, at + DIRECTIONS + (1 - client) * DIRECTION_WORDS, times),
  };
}

function sideOf(words: Int32Array, block: number, times: Float64Array): Side {
  const counts = Array.from({ length: COUNTED }, (_, counter) => words[block + COUNTERS + counter] as number);
  const mss = words[block + MSS] as number;
  const stuck = words[block + STUCK_TIMES] as number;
  return {
    packets: counts[PACKETS] ?? 0,
    bytes: times[(block >> 1) + DATA_BYTES] as number,
    retransmissions: counts[RETRANSMISSIONS] ?? 0,
    fastRetransmissions: counts[FAST] ?? 0,
    spuriousRetransmissions: counts[SPURIOUS] ?? 0,
    outOfOrder: counts[OUT_OF_ORDER] ?? 0,
    duplicateAcks: counts[DUPLICATE_ACKS] ?? 0,
    lostSegments: counts[LOST_SEGMENTS] ?? 0,
    zeroWindowMs: (times[(block >> 1) + ZERO_NS] as number) / 1e6,
    zeroWindows: counts[ZERO_WINDOWS] ?? 0,
    windowFull: counts[WINDOW_FULL] ?? 0,
    resets: counts[RESETS] ?? 0,
    ...(mss > 0 ? { mss } : {}),
    ...(stuck >= 3 ? { stuck: { bytes: words[block + STUCK_LENGTH] as number, times: stuck } } : {}),
  };
}

const seconds = (ns: number): number => Math.round(ns / 1e3) / 1e6;
const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** An address of one (IPv4) or four words (IPv6, RFC 5952). */
export function addressText(words: Int32Array, at: number, six: boolean): string {
  const word = (index: number): number => (words[at + index] as number) >>> 0;
  if (!six) return [24, 16, 8, 0].map((shift) => (word(0) >>> shift) & 255).join(".");
  const groups = [0, 1, 2, 3].flatMap((index) => [word(index) >>> 16, word(index) & 0xffff].map((group) => group.toString(16)));
  const text = groups.join(":");
  const zeros = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].toSorted((a, b) => b[0].length - a[0].length)[0];
  if (!zeros) return text;
  return `${text.slice(0, zeros.index)}::${text.slice(zeros.index + zeros[0].length).replace(/^:/, "")}`;
}
