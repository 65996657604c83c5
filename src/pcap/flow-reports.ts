import { clientOf, type FlowEnds, flowEnds } from "./flow-ends.ts";
import {
  ANSWER_LONGEST,
  ANSWERS,
  BEGAN,
  COUNTERS,
  DATA_BYTES,
  DIRECTION_WORDS,
  DIRECTIONS,
  DUPLICATE_ACKS,
  FAST,
  FLAGS,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_REUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FLOW_TOO_BIG,
  FLOW_UNREACHABLE,
  FULL_NS,
  HANDSHAKE,
  INTERFACE,
  LOST_SEGMENTS,
  MSS,
  NEWEST,
  OUT_OF_ORDER,
  PACKETS,
  RESET_AFTER_FIN,
  RESET_BY_1,
  RESET_IDLE,
  RESET_OF_SYN,
  RESET_PACKET,
  RESET_STATE,
  RESET_WITH_DATA,
  RETRANSMISSIONS,
  ROUND_TRIP_SUM,
  ROUND_TRIPS,
  type Slot,
  SPURIOUS,
  STALL_LONGEST,
  STUCK_LENGTH,
  STUCK_TIMES,
  TIME_LINE,
  TIMEOUTS,
  WINDOW_FULL,
  ZERO_NS,
  ZERO_WINDOWS,
} from "./flow-layout.ts";
import { EVENT_NAMES, type TimeLines } from "./time-lines.ts";
import { WorstList } from "./worst-list.ts";

/** What one side of a connection sent. Counters as in the summary; durations in milliseconds. */
export type SideReport = {
  readonly packets: number;
  readonly bytes: number;
  readonly retransmissions: number;
  readonly timeouts: number;
  readonly fastRetransmissions: number;
  readonly spuriousRetransmissions: number;
  readonly outOfOrder: number;
  readonly duplicateAcks: number;
  readonly lostSegments: number;
  /** How often, and how long in all, it announced that it had no room. */
  readonly zeroWindows: number;
  readonly zeroWindowMs: number;
  /** How often, and how long in all, it had filled the room that the other side announced. */
  readonly windowFull: number;
  readonly receiverLimitedMs: number;
  readonly mss?: number;
  /** Mean time from its data to the ACK of it. */
  readonly rttMs?: number;
  /** A full-size segment that was sent again and again and never arrived. */
  readonly stuck?: { readonly bytes: number; readonly times: number };
};

/** One connection. */
export type FlowReport = FlowEnds & {
  /** Seconds after the first packet of the capture. */
  readonly fromS: number;
  readonly toS: number;
  readonly state: "refused" | "unanswered" | "half-open" | "established" | "begun before the capture";
  readonly handshakeMs?: number;
  readonly answers: number;
  readonly longestAnswerMs: number;
  readonly longestStallMs: number;
  readonly reset?: {
    readonly by: "client" | "server";
    readonly state: "handshake" | "idle" | "data in flight" | "after FIN";
    readonly packet: number;
  };
  readonly portsReused: boolean;
  /** ICMP said of one of its packets that it is too big, or that it cannot be delivered. */
  readonly tooBig: boolean;
  readonly unreachable: boolean;
  /** Interface that the counts are from, and those that saw the same connection; numbers of the capture. */
  readonly interface: number;
  readonly alsoAt: readonly number[];
  readonly sent: SideReport;
  readonly received: SideReport;
  /** The first 32 notable events. */
  readonly timeLine: readonly {
    readonly atS: number;
    readonly by: "client" | "server";
    readonly what: string;
    readonly packet: number;
  }[];
};

const RESET_STATES: Readonly<Record<number, NonNullable<FlowReport["reset"]>["state"]>> = {
  [RESET_OF_SYN]: "handshake",
  [RESET_IDLE]: "idle",
  [RESET_WITH_DATA]: "data in flight",
  [RESET_AFTER_FIN]: "after FIN",
};

/** Keeps the worst connections whole, with their time lines. A connection is told when its slot is needed or the capture ends. */
export class FlowReports {
  readonly #worst: WorstList<FlowReport>;
  readonly #lines: TimeLines;
  flows = 0;

  constructor(most: number, lines: TimeLines) {
    this.#worst = new WorstList(most);
    this.#lines = lines;
  }

  take(slot: Slot, copies: readonly number[]): void {
    this.flows++;
    const badness = badnessOf(slot);
    if (badness > 0) this.#offer(badness, slot, copies);
  }

  // Of its own: what a function inside needs is put on the heap, here for each of all connections.
  #offer(badness: number, slot: Slot, copies: readonly number[]): void {
    this.#worst.offer(badness, () => this.#report(slot, copies));
  }

  worst(): readonly FlowReport[] {
    return this.#worst.list();
  }

  #report({ words, at, times, timesAt }: Slot, copies: readonly number[]): FlowReport {
    const flags = words[at + FLAGS] as number;
    const client = clientOf(words, at);
    const side = (direction: number): "client" | "server" => (direction === client ? "client" : "server");
    const handshake = times[timesAt + HANDSHAKE] as number;
    const reset = words[at + RESET_STATE] as number;
    const resetState = RESET_STATES[reset & ~RESET_BY_1];
    return {
      ...flowEnds(words, at),
      fromS: seconds(times[timesAt + BEGAN] as number),
      toS: seconds(times[timesAt + NEWEST] as number),
      state: stateOf(flags),
      ...(handshake >= 0 ? { handshakeMs: milliseconds(handshake) } : {}),
      answers: words[at + ANSWERS] as number,
      longestAnswerMs: milliseconds(times[timesAt + ANSWER_LONGEST] as number),
      longestStallMs: milliseconds(times[timesAt + STALL_LONGEST] as number),
      ...(resetState
        ? {
            reset: {
              by: side((reset & RESET_BY_1) !== 0 ? 1 : 0),
              state: resetState,
              packet: words[at + RESET_PACKET] as number,
            },
          }
        : {}),
      portsReused: (flags & FLOW_REUSED) !== 0,
      tooBig: (flags & FLOW_TOO_BIG) !== 0,
      unreachable: (flags & FLOW_UNREACHABLE) !== 0,
      interface: words[at + INTERFACE] as number,
      alsoAt: copies,
      sent: sideOf(words, at + DIRECTIONS + client * DIRECTION_WORDS, times),
      received: sideOf(words, at + DIRECTIONS + (1 - client) * DIRECTION_WORDS, times),
      timeLine: this.#lines.of(words, at + TIME_LINE).map(({ event, direction, atNs, packet }) => ({
        atS: seconds(atNs),
        by: side(direction),
        what: EVENT_NAMES[event] ?? "",
        packet,
      })),
    };
  }
}

function stateOf(flags: number): FlowReport["state"] {
  const opening = flags & (FLOW_SYN | FLOW_SYN_ACK | FLOW_ESTABLISHED);
  if ((flags & FLOW_REFUSED) !== 0 || (opening === FLOW_SYN && (flags & FLOW_UNREACHABLE) !== 0)) return "refused";
  if ((flags & FLOW_SYN) === 0) return "begun before the capture";
  if ((flags & FLOW_ESTABLISHED) !== 0) return "established";
  return (flags & FLOW_SYN_ACK) === 0 ? "unanswered" : "half-open";
}

/** How much is wrong with a connection: what was sent again, how long nothing came back, how it ended. */
function badnessOf({ words, at, times, timesAt }: Slot): number {
  const flags = words[at + FLAGS] as number;
  let badness = (flags & FLOW_REFUSED) !== 0 ? 5 : 0;
  if ((flags & (FLOW_SYN | FLOW_SYN_ACK | FLOW_REFUSED | FLOW_ESTABLISHED)) === FLOW_SYN) badness += 5;
  if (((words[at + RESET_STATE] as number) & ~RESET_BY_1) === RESET_WITH_DATA) badness += 5;
  badness += (5 * (times[timesAt + STALL_LONGEST] as number)) / 1e9;
  for (let direction = 0; direction < 2; direction++) {
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    const from = block + COUNTERS;
    badness += (words[from + RETRANSMISSIONS] as number) + 2 * (words[from + TIMEOUTS] as number);
    badness += 3 * (words[from + ZERO_WINDOWS] as number) + (words[from + OUT_OF_ORDER] as number) / 2;
    badness += (words[from + WINDOW_FULL] as number) / 4 + 10 * (words[block + STUCK_TIMES] as number);
  }
  return badness;
}

function sideOf(words: Int32Array, block: number, times: Float64Array): SideReport {
  const count = (counter: number): number => words[block + COUNTERS + counter] as number;
  const time = (place: number): number => milliseconds(times[(block >> 1) + place] as number);
  const mss = words[block + MSS] as number;
  const stuck = words[block + STUCK_TIMES] as number;
  return {
    packets: count(PACKETS),
    bytes: times[(block >> 1) + DATA_BYTES] as number,
    retransmissions: count(RETRANSMISSIONS),
    timeouts: count(TIMEOUTS),
    fastRetransmissions: count(FAST),
    spuriousRetransmissions: count(SPURIOUS),
    outOfOrder: count(OUT_OF_ORDER),
    duplicateAcks: count(DUPLICATE_ACKS),
    lostSegments: count(LOST_SEGMENTS),
    zeroWindows: count(ZERO_WINDOWS),
    zeroWindowMs: time(ZERO_NS),
    windowFull: count(WINDOW_FULL),
    receiverLimitedMs: time(FULL_NS),
    ...(mss > 0 ? { mss } : {}),
    ...(count(ROUND_TRIPS) > 0 ? { rttMs: time(ROUND_TRIP_SUM) / count(ROUND_TRIPS) } : {}),
    ...(stuck >= 2 ? { stuck: { bytes: words[block + STUCK_LENGTH] as number, times: stuck + 1 } } : {}),
  };
}

const seconds = (ns: number): number => Math.round(ns / 1e3) / 1e6;
const milliseconds = (ns: number): number => Math.round(ns / 1e3) / 1e3;
