import { type Closing, ConnectionStates } from "./connection-states.ts";
import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import { MissingData } from "./missing-data.ts";
import * as packetRegisters from "./packet-registers.ts";
import { PresentSegment } from "./present-segment.ts";
import { SenderMarks } from "./sender-marks.ts";
import { SentAgain } from "./sent-again.ts";
import { Spread } from "./spread.ts";
import { FILLED, type TimeLines } from "./time-lines.ts";
import { STALL_NS, WaitingTimes } from "./waiting-times.ts";

const { TRANSPORT, TRANSPORT_LENGTH, TTL } = packetRegisters;
const {
  ACK_AT,
  ACKED,
  AGAIN_AT,
  AGAIN_TIMES,
  APPLICATION,
  COUNTERS,
  DATA_BYTES,
  DATA_PACKETS,
  DIRECTION_WORDS,
  DIRECTIONS,
  DUPLICATE_ACKS,
  DUPLICATES,
  EPOCH,
  FINISHED,
  FLAGS,
  FLOW_CLOSED,
  FLOW_COPY,
  FLOW_ESTABLISHED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FULL_SINCE,
  HIGHEST_AT,
  HOLED,
  HOLES,
  HOLES_END,
  INITIAL,
  KEEP_ALIVE,
  KEEP_ALIVES,
  LARGEST,
  LARGEST_ACKED,
  LARGEST_END,
  LOST_SEGMENTS,
  NEWEST,
  NEWEST_ACK,
  NEXT_SEQUENCE,
  OTHER_TTL,
  PROBE,
  RESET_BY_1,
  RESET_IDLE,
  RESET_STATE,
  RESET_WITH_DATA,
  RETRANSMISSIONS,
  RING,
  RING_AT,
  RING_ENDS,
  RING_SIZE,
  ROUND_TRIP_SUM,
  ROUND_TRIPS,
  SCALE,
  SCALED,
  SEEN,
  SENT_AT,
  SPURIOUS,
  STALL_NO_ACK,
  STUCK_LENGTH,
  STUCK_TIMES,
  TTLS,
  UNINTERESTING,
  WAITS_SINCE,
  WINDOW,
  WINDOW_FULL,
  ZERO_WINDOWS,
} = layout;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
/** Bytes of a TCP header without which nothing can be said: up to the window field. */
const NEEDED = 16;

/** What is told while packets are read. */
type TcpEvents = {
  /**
   * Data that was not seen before, in the flow that the table found last: `captured` bytes at `at`. Not called for what the
   * word APPLICATION says is uninteresting.
   */
  readonly data: (at: number, captured: number, packet: number) => void;
  readonly closing: Closing;
};

/**
 * Follows sequence numbers and acknowledgements of all flows. The rules are those that Wireshark documents for
 * `tcp.analysis.*`, so that counters can be compared, with one difference: whether a segment below the highest byte was
 * sent again or overtaken on the way is told by what was missing before it came, by its time stamp (RFC 7323) or IP ID, and
 * by time only where all of these are silent.
 *
 * Longer than other files: what every segment goes through, straight or with all the rules, stands in two functions, since
 * parameters that are handed on cost as much as the rules. What happens to few of them has files of its own.
 */
export class TcpAnalysis {
  /** Segments whose header is cut; and those whose header cannot be. */
  cut = 0;
  malformed = 0;
  reusedPorts = 0;
  /** Round trips by an exact ACK, or of a handshake, nanoseconds. */
  readonly roundTrips = new Spread();
  /** From the end of a request to the first byte of its answer, nanoseconds. */
  readonly answers = new Spread();
  readonly #present: PresentSegment;
  readonly #clock: Float64Array;
  readonly #table: FlowTable;
  readonly #events: TcpEvents;
  readonly #marks: SenderMarks;
  readonly #missing: MissingData;
  readonly #again: SentAgain;
  readonly #waiting: WaitingTimes;
  readonly #ends: ConnectionStates;

  constructor(
    table: FlowTable,
    { lines, clock }: { readonly lines: TimeLines; readonly clock: Float64Array },
    events: TcpEvents,
  ) {
    const present = new PresentSegment(table, lines, clock);
    this.#present = present;
    this.#table = table;
    this.#clock = clock;
    this.#events = events;
    this.#marks = new SenderMarks(present);
    this.#missing = new MissingData(present);
    this.#again = new SentAgain(present, this.#marks, this.#missing);
    this.#waiting = new WaitingTimes(present, this.answers);
    this.#ends = new ConnectionStates(present, this.#marks, {
      roundTrips: this.roundTrips,
      closing: events.closing,
    });
  }

  buffer(view: DataView): void {
    this.#present.view = view;
  }

  /**
   * One TCP packet. `end` is the end of what was captured of it. False when its header is cut.
   *
   * What most packets are is followed here and in a straight line: a segment of a connection that is open, with the bytes
   * that are expected next or none, while both windows are open. `#follow` has all the rules; here are those that are left of
   * them. Times are read from the clock by whoever needs them: as parameters they would be put on the heap each time.
   */
  segment(registers: Int32Array, end: number, key: number, packet: number): boolean {
    const view = this.#present.view;
    const at = registers[TRANSPORT] as number;
    if (end - at < NEEDED) {
      this.cut++;
      return false;
    }
    // Length of the header in words: 4 bits; 4 reserved; flags: 8; window: 16.
    const about = view.getInt32(at + 12, false);
    const header = (about >>> 28) << 2;
    const length = (registers[TRANSPORT_LENGTH] as number) - header;
    if (header < 20 || length < 0) {
      this.malformed++;
      return true;
    }
    const table = this.#table;
    this.#present.packet = packet;
    const fresh = table.find(registers, view.getInt32(at, false), key, this.#clock, packet);
    const sequence = view.getInt32(at + 4, false);
    const acknowledged = view.getInt32(at + 8, false);
    const window = about & 0xffff;
    const { words, times, at: flow, direction } = table;
    const own = flow + DIRECTIONS + direction * DIRECTION_WORDS;
    const other = flow + DIRECTIONS + DIRECTION_WORDS - direction * DIRECTION_WORDS;
    const state = words[own] as number;
    const otherState = words[other] as number;
    const otherWindow = words[other + WINDOW] as number;
    if (
      (about & ((SYN | FIN | RST | ACK) << 16)) !== ACK << 16 ||
      words[own + NEXT_SEQUENCE] !== sequence ||
      (state & (SEEN | ACKED | KEEP_ALIVE | PROBE)) !== (SEEN | ACKED) ||
      (otherState & (SEEN | KEEP_ALIVE | PROBE)) !== SEEN ||
      ((words[flow + FLAGS] as number) & (FLOW_SYN | FLOW_SYN_ACK | FLOW_ESTABLISHED)) === (FLOW_SYN | FLOW_SYN_ACK) ||
      words[flow + EPOCH] !== table.epoch ||
      words[flow + RESET_STATE] !== 0 ||
      window === 0 ||
      words[own + WINDOW] === 0 ||
      otherWindow === 0 ||
      times[(other >> 1) + FULL_SINCE] !== 0 ||
      // It fills the window.
      (length > 0 &&
        (otherState & (SCALED | ACKED)) === (SCALED | ACKED) &&
        ((sequence + length - (words[other + NEWEST_ACK] as number)) | 0) ===
          otherWindow << (words[other + SCALE] as number))
    ) {
      this.#follow(registers, at, header, length, about >> 16, window, end, fresh);
      return true;
    }

    const now = this.#clock[0] as number;
    const ownTimes = own >> 1;
    const count = own + COUNTERS;
    const sameAck = acknowledged === words[own + NEWEST_ACK];
    words[count] = (words[count] as number) + 1;
    times[(flow >> 1) + NEWEST] = now;
    times[ownTimes + ACK_AT] = now;
    if (length > 0) {
      const stop = (sequence + length) | 0;
      const place = words[own + RING] as number;
      words[own + NEXT_SEQUENCE] = stop;
      words[own + RING_ENDS + place] = stop;
      words[own + RING] = (place + 1) & (RING_SIZE - 1);
      const usual = ((words[flow + TTLS] as number) >> (direction * 8)) & 255;
      words[own] = this.#marks.note(
        registers,
        at,
        header,
        end,
        own,
        registers[TTL] === usual ? state : state | OTHER_TTL,
      );
      words[count + DATA_PACKETS] = (words[count + DATA_PACKETS] as number) + 1;
      if (length > (words[own + LARGEST] as number)) {
        words[own + LARGEST] = length;
        words[own + LARGEST_END] = stop;
      }
      times[ownTimes + HIGHEST_AT] = now;
      times[ownTimes + SENT_AT] = now;
      times[ownTimes + RING_AT + place] = now;
      times[ownTimes + DATA_BYTES] = (times[ownTimes + DATA_BYTES] as number) + length;
      if ((times[ownTimes + WAITS_SINCE] as number) === 0) times[ownTimes + WAITS_SINCE] = now;
    } else if (sameAck && words[own + WINDOW] === window) {
      words[own + DUPLICATES] = (words[own + DUPLICATES] as number) + 1;
      words[count + DUPLICATE_ACKS] = (words[count + DUPLICATE_ACKS] as number) + 1;
    }
    words[own + WINDOW] = window;
    if (!sameAck) {
      words[own + DUPLICATES] = 0;
      this.#acknowledge(other, acknowledged, direction);
      words[own + NEWEST_ACK] = acknowledged;
    }
    if (length > 0) this.#carry(at, header, length, end, direction);
    return true;
  }

  /** Data that was not seen before. */
  #carry(at: number, header: number, length: number, end: number, direction: number): void {
    this.#waiting.ask(direction);
    const { words, at: flow } = this.#table;
    const captured = end - at - header;
    if (captured <= 0 || ((words[flow + APPLICATION] as number) & 7) === UNINTERESTING) return;
    this.#events.data(at + header, Math.min(captured, length), this.#present.packet);
  }

  /** A segment of any kind. */
  #follow(
    registers: Int32Array,
    at: number,
    header: number,
    length: number,
    flags: number,
    window: number,
    end: number,
    fresh: boolean,
  ): void {
    const table = this.#table;
    const { words, times, at: flow, direction } = table;
    const sequence = this.#present.view.getInt32(at + 4, false);
    const acknowledged = this.#present.view.getInt32(at + 8, false);
    if (fresh) {
      if (((words[flow + FLAGS] as number) & FLOW_COPY) !== 0) words[flow + APPLICATION] = UNINTERESTING;
    } else {
      if (words[flow + EPOCH] !== table.epoch) this.#disconnect();
      if ((flags & SYN) !== 0) this.#reuse(flags, sequence);
    }
    const now = this.#clock[0] as number;
    const own = flow + DIRECTIONS + direction * DIRECTION_WORDS;
    const other = flow + DIRECTIONS + (1 - direction) * DIRECTION_WORDS;
    const ownTimes = own >> 1;
    const otherTimes = other >> 1;
    const count = own + COUNTERS;
    let state = words[own] as number;
    const otherState = words[other] as number;
    const hasAck = (flags & ACK) !== 0;
    const plain = (flags & (SYN | FIN | RST)) === 0;
    const next = words[own + NEXT_SEQUENCE] as number;
    const seen = (state & SEEN) !== 0;
    const ahead = seen ? (sequence - next) | 0 : 0;
    const sameAck = (state & ACKED) !== 0 && acknowledged === words[own + NEWEST_ACK];
    const sameWindow = seen && window === words[own + WINDOW];
    words[count] = (words[count] as number) + 1;
    times[(flow >> 1) + NEWEST] = now;
    state &= ~(KEEP_ALIVE | PROBE);

    // What the segment says about windows and acknowledgements.
    const probe =
      length === 1 && seen && ahead === 0 && (otherState & SEEN) !== 0 && words[other + WINDOW] === 0 && plain;
    let keepAlive = false;
    if (probe) state |= PROBE;
    else {
      if (window === 0 && plain) words[count + ZERO_WINDOWS] = (words[count + ZERO_WINDOWS] as number) + 1;
      if (seen && ahead > 0 && (flags & RST) === 0) {
        words[count + LOST_SEGMENTS] = (words[count + LOST_SEGMENTS] as number) + 1;
        state |= this.#missing.add(own, next, sequence, direction);
      }
      keepAlive = length <= 1 && seen && ahead === -1 && plain;
      if (keepAlive) {
        state |= KEEP_ALIVE;
        words[count + KEEP_ALIVES] = (words[count + KEEP_ALIVES] as number) + 1;
      }
      if (length > 0 && plain && (otherState & (SCALED | ACKED)) === (SCALED | ACKED)) {
        const room = (words[other + WINDOW] as number) << (words[other + SCALE] as number);
        if (((sequence + length - (words[other + NEWEST_ACK] as number)) | 0) === room && room > 0) {
          words[count + WINDOW_FULL] = (words[count + WINDOW_FULL] as number) + 1;
          if (times[ownTimes + FULL_SINCE] === 0) {
            times[ownTimes + FULL_SINCE] = now;
            this.#present.event(FILLED, direction);
          }
        }
      }
      if (
        length === 0 &&
        plain &&
        ahead === 0 &&
        sameAck &&
        sameWindow &&
        window !== 0 &&
        (otherState & (KEEP_ALIVE | PROBE)) === 0
      ) {
        words[own + DUPLICATES] = (words[own + DUPLICATES] as number) + 1;
        words[count + DUPLICATE_ACKS] = (words[count + DUPLICATE_ACKS] as number) + 1;
      }
    }
    if (!sameAck) words[own + DUPLICATES] = 0;

    // Sent again, overtaken, seen twice, or new.
    const data = length > 0;
    if (
      (data || (flags & (SYN | FIN)) !== 0) &&
      !keepAlive &&
      !probe &&
      seen &&
      ahead < 0 &&
      !(length > 1 && ahead === -1)
    )
      state = this.#again.judge(registers, at, header, length, flags, sequence, end, state);
    else if (data && seen && ahead < 0 && !keepAlive && this.#again.known(other, otherState, sequence + length)) {
      // Data that begins one byte before what is expected, and all of it is acknowledged.
      words[count + RETRANSMISSIONS] = (words[count + RETRANSMISSIONS] as number) + 1;
      words[count + SPURIOUS] = (words[count + SPURIOUS] as number) + 1;
    }

    // New state of this direction.
    const taken = length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
    const stop = (sequence + taken) | 0;
    const advances = !seen || (((stop - next) | 0) > 0 && !probe && (flags & RST) === 0);
    if (advances) {
      words[own + NEXT_SEQUENCE] = stop;
      times[ownTimes + HIGHEST_AT] = now;
      if (!seen) words[flow + TTLS] = (words[flow + TTLS] as number) | ((registers[TTL] as number) << (direction * 8));
      if (!seen && (flags & SYN) === 0) {
        this.#missing.begin(own, sequence);
        state |= HOLED;
      }
      state |= SEEN;
      if (taken > 0 && (times[ownTimes + WAITS_SINCE] as number) === 0) times[ownTimes + WAITS_SINCE] = now;
      if (data) {
        if (registers[TTL] !== (((words[flow + TTLS] as number) >> (direction * 8)) & 255)) state |= OTHER_TTL;
        state = this.#marks.note(registers, at, header, end, own, state);
        const place = words[own + RING] as number;
        words[own + RING_ENDS + place] = stop;
        times[ownTimes + RING_AT + place] = now;
        words[own + RING] = (place + 1) & (RING_SIZE - 1);
        if (length > (words[own + LARGEST] as number)) {
          words[own + LARGEST] = length;
          words[own + LARGEST_END] = stop;
        }
      }
    }
    if (data) {
      words[count + DATA_PACKETS] = (words[count + DATA_PACKETS] as number) + 1;
      times[ownTimes + DATA_BYTES] = (times[ownTimes + DATA_BYTES] as number) + length;
      times[ownTimes + SENT_AT] = now;
      // The reset came before everything had arrived.
      if (words[flow + RESET_STATE] === (RESET_IDLE | (direction === 0 ? RESET_BY_1 : 0)))
        words[flow + RESET_STATE] = RESET_WITH_DATA | (direction === 0 ? RESET_BY_1 : 0);
    }
    if (hasAck) {
      if (!sameAck && (otherState & SEEN) !== 0) this.#acknowledge(other, acknowledged, direction);
      words[own + NEWEST_ACK] = acknowledged;
      times[ownTimes + ACK_AT] = now;
      state |= ACKED;
      if ((times[otherTimes + FULL_SINCE] as number) !== 0) this.#waiting.unfill(own, other, acknowledged, window);
    }
    if ((flags & RST) === 0) {
      const closed = seen && words[own + WINDOW] === 0;
      if (closed !== (window === 0)) this.#waiting.window(ownTimes, window, plain, direction);
    }
    words[own + WINDOW] = window;
    words[own] = state;
    if (
      (flags & (SYN | FIN | RST)) !== 0 ||
      ((words[flow + FLAGS] as number) & (FLOW_ESTABLISHED | FLOW_CLOSED)) !== FLOW_ESTABLISHED
    )
      this.#ends.follow(registers, at, header, flags, end, own, other, acknowledged);
    if (data && advances) this.#carry(at, header, length, end, direction);
  }

  /** Behind a damaged place of the file nothing is expected any more. */
  #disconnect(): void {
    const { words, at, times, epoch } = this.#table;
    words[at + EPOCH] = epoch;
    for (let direction = 0; direction < 2; direction++) {
      const own = at + DIRECTIONS + direction * DIRECTION_WORDS;
      words[own] = (words[own] as number) & (SCALED | FINISHED);
      words[own + DUPLICATES] = 0;
      words.fill(0, own + HOLES, own + HOLES_END);
      times[(own >> 1) + WAITS_SINCE] = 0;
      this.#again.forgetSamples(own);
    }
  }

  /** A SYN with another initial sequence number on a known pair of ports begins another connection. */
  #reuse(flags: number, sequence: number): void {
    const { words, at, direction } = this.#table;
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    if (((words[block] as number) & SEEN) === 0 || (flags & ACK) !== 0) return;
    const known = (words[at + FLAGS] as number) & FLOW_SYN;
    if (known && words[block + INITIAL] === sequence) return;
    this.reusedPorts++;
    this.#table.renew(this.#clock, this.#present.packet);
  }

  /** A new ACK for what the other side sent. */
  #acknowledge(other: number, acknowledged: number, direction: number): void {
    const { words, times } = this.#table;
    const now = this.#clock[0] as number;
    const otherTimes = other >> 1;
    // Which of the samples it is cannot be foreseen: without branches, a bit for each that ends there.
    const ring = other + RING_ENDS;
    let found =
      isZero((words[ring] as number) ^ acknowledged) |
      (isZero((words[ring + 1] as number) ^ acknowledged) << 1) |
      (isZero((words[ring + 2] as number) ^ acknowledged) << 2) |
      (isZero((words[ring + 3] as number) ^ acknowledged) << 3);
    for (; found !== 0; found &= found - 1) {
      const place = 31 - Math.clz32(found & -found);
      const sent = times[otherTimes + RING_AT + place] as number;
      if (sent <= 0) continue;
      times[otherTimes + RING_AT + place] = 0;
      const took = now - sent;
      if (took <= 0) continue;
      times[otherTimes + ROUND_TRIP_SUM] = (times[otherTimes + ROUND_TRIP_SUM] as number) + took;
      words[other + COUNTERS + ROUND_TRIPS] = (words[other + COUNTERS + ROUND_TRIPS] as number) + 1;
      if (((words[this.#table.at + FLAGS] as number) & FLOW_COPY) === 0) this.roundTrips.add(took);
    }
    const next = words[other + NEXT_SEQUENCE] as number;
    const beyond = (acknowledged - next) | 0;
    if (beyond > 0 && !(beyond === 1 && ((words[other] as number) & PROBE) !== 0)) this.#missing.unseen();
    if (((words[other] as number) & HOLED) !== 0) this.#missing.acknowledge(other, acknowledged, beyond >= 0);
    if (((acknowledged - (words[other + AGAIN_AT] as number)) | 0) > 0) words[other + AGAIN_TIMES] = 0;
    const largest = words[other + LARGEST] as number;
    if (largest > 0 && ((acknowledged - (words[other + LARGEST_END] as number)) | 0) >= 0) {
      if (largest > (words[other + LARGEST_ACKED] as number)) words[other + LARGEST_ACKED] = largest;
      words[other + LARGEST] = 0;
      if (words[other + STUCK_TIMES] !== 0 && largest >= (words[other + STUCK_LENGTH] as number))
        words[other + STUCK_TIMES] = 0;
    }
    const since = times[otherTimes + WAITS_SINCE] as number;
    if (since === 0) return;
    times[otherTimes + WAITS_SINCE] = beyond >= 0 ? 0 : now;
    // That a SYN or its answer waited is told of how the connection opened.
    const opening = ((words[this.#table.at + FLAGS] as number) & (FLOW_SYN | FLOW_ESTABLISHED)) === FLOW_SYN;
    if (now - since >= STALL_NS && !opening) this.#waiting.stall(STALL_NO_ACK, direction, since);
  }
}

/** 1 for 0, and 0 for all other 32-bit integers, without a branch. */
function isZero(word: number): number {
  return ((word | -word) >>> 31) ^ 1;
}
