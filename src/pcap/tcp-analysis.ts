import { clientOf } from "./flow-ends.ts";
import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import * as packetRegisters from "./packet-registers.ts";
import { Spread } from "./spread.ts";
import {
  ANSWERED_LATE,
  FILLED,
  MISSING,
  OVERTAKEN,
  RESET,
  SEEN_TWICE,
  SENT_AFTER_ACKS,
  SENT_AFTER_TIMEOUT,
  SENT_AGAIN,
  SENT_NEEDLESSLY,
  SILENCE_ENDED,
  SYN_AGAIN,
  type TimeLines,
  WINDOW_CLOSED,
  WINDOW_OPENED,
} from "./time-lines.ts";

const { IP_ID, TRANSPORT, TRANSPORT_LENGTH, TTL } = packetRegisters;
const {
  ACK_AT,
  ACKED,
  AGAIN_AT,
  AGAIN_LENGTH,
  AGAIN_TIMES,
  ANSWER_LONGEST,
  ANSWER_SUM,
  ANSWERS,
  APPLICATION,
  ASKED_AT,
  COPIES,
  COUNTERS,
  DATA_BYTES,
  DATA_PACKETS,
  DIRECTION_WORDS,
  DIRECTIONS,
  DUPLICATE_ACKS,
  DUPLICATES,
  EPOCH,
  FAST,
  FINISHED,
  FLAGS,
  FLOW_CLIENT_1,
  FLOW_CLOSED,
  FLOW_COPY,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FULL_NS,
  FULL_SINCE,
  HANDSHAKE,
  HIGHEST_AT,
  HOLED,
  HOLES,
  HOLES_END,
  HOLES_LOST,
  ID,
  INITIAL,
  KEEP_ALIVE,
  KEEP_ALIVES,
  LARGEST,
  LARGEST_ACKED,
  LARGEST_END,
  LOST_SEGMENTS,
  MSS,
  NEWEST,
  NEWEST_ACK,
  NEXT_SEQUENCE,
  NUMBERED,
  OTHER_TTL,
  OUT_OF_ORDER,
  PROBE,
  RESET_AFTER_FIN,
  RESET_BY_1,
  RESET_IDLE,
  RESET_ODD,
  RESET_OF_SYN,
  RESET_PACKET,
  RESET_STATE,
  RESET_TTL,
  RESET_WENT_ON,
  RESET_WITH_DATA,
  RESETS,
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
  STALL_BEGAN,
  STALL_BY_1,
  STALL_KIND,
  STALL_LONGEST,
  STALL_NO_ACK,
  STALL_NO_ANSWER,
  STALL_PACKET,
  STALLS,
  STAMPED,
  STUCK_LENGTH,
  STUCK_TIMES,
  SYN_AT,
  TIME_LINE,
  TIMEOUTS,
  TSVAL,
  TTLS,
  UNINTERESTING,
  UNSEEN,
  WAITS_SINCE,
  WINDOW,
  WINDOW_FULL,
  ZERO_NS,
  ZERO_SINCE,
  ZERO_WINDOWS,
} = layout;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const FAST_NS = 20e6;
/** Without a handshake to measure it: what counts as "within a round trip". */
const USUAL_RTT_NS = 3e6;
/** Linux waits at least 200 ms before it sends again (TCP_RTO_MIN); other systems wait longer. */
const TIMEOUT_NS = 180e6;
/** Copies of one packet follow each other more closely than that. */
const COPY_NS = 1e6;
/** Ticks of the sender's time stamp clock, 1 ms and longer, by which a packet is late and not doubled. */
const LATE_TICKS = 2;
/** A silence is a stall from here on. */
const STALL_NS = 1e9;
/** Bytes of a TCP header without which nothing can be said: up to the window field. */
const NEEDED = 16;
/** IP IDs and ticks of time stamps by which a reset may differ from the data before it and still be of the same sender. */
const IDS_BACK = 64;
const IDS_AHEAD = 1 << 14;
const TICKS_BACK = 1_000;
const TICKS_AHEAD = 1e7;
/** A full-size segment, where no MSS is known. */
const FULL_SIZE = 1_000;
/** What a capture that begins in mid-flow may have missed: half of the sequence numbers that compare as "before". */
const BEFORE = 1 << 30;

/** Which of two segments left first. */
const UNKNOWN = 0;
const OLDER = -1;
const NEWER = 1;
const SAME = 2;

/** What is told while packets are read. */
type TcpEvents = {
  /**
   * Data that was not seen before, in the flow that the table found last: `captured` bytes at `at`. Not called for what the
   * word APPLICATION says is uninteresting.
   */
  readonly data: (at: number, captured: number, now: number, packet: number) => void;
  /** The side of the table's direction closes (FIN) or resets the flow that was found last. */
  readonly closing: (reset: boolean, now: number, packet: number) => void;
};

/**
 * Follows sequence numbers and acknowledgements of all flows. The rules are those that Wireshark documents for
 * `tcp.analysis.*`, so that counters can be compared, with one difference: whether a segment below the highest byte was
 * sent again or overtaken on the way is told by what was missing before it came, by its time stamp (RFC 7323) or IP ID, and
 * by time only where all of these are silent.
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
  /** [0]: time of the present packet. */
  readonly #clock: Float64Array;
  readonly #table: FlowTable;
  readonly #events: TcpEvents;
  readonly #lines: TimeLines;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #stampValue = 0;
  /** Time stamp of the segment that was compared last, less that of the newest one before it. */
  #ticks = 0;
  #packet = 0;

  constructor(
    table: FlowTable,
    { lines, clock }: { readonly lines: TimeLines; readonly clock: Float64Array },
    events: TcpEvents,
  ) {
    this.#table = table;
    this.#lines = lines;
    this.#clock = clock;
    this.#events = events;
  }

  buffer(view: DataView): void {
    this.#view = view;
  }

  /**
   * One TCP packet. `end` is the end of what was captured of it. False when its header is cut.
   *
   * What most packets are is followed here and in a straight line: a segment of a connection that is open, with the bytes
   * that are expected next or none, while both windows are open. `#follow` has all the rules; here are those that are left of
   * them. Times are read from the clock by whoever needs them: as parameters they would be put on the heap each time.
   */
  segment(registers: Int32Array, end: number, key: number, packet: number): boolean {
    const view = this.#view;
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
    this.#packet = packet;
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
      words[own] = this.#note(registers, at, header, end, own, registers[TTL] === usual ? state : state | OTHER_TTL);
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
    this.#ask(direction);
    const { words, at: flow } = this.#table;
    const captured = end - at - header;
    if (captured <= 0 || ((words[flow + APPLICATION] as number) & 7) === UNINTERESTING) return;
    this.#events.data(at + header, Math.min(captured, length), this.#clock[0] as number, this.#packet);
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
    const sequence = this.#view.getInt32(at + 4, false);
    const acknowledged = this.#view.getInt32(at + 8, false);
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
        state |= this.#missing(own, next, sequence, direction);
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
            this.#event(FILLED, direction);
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
      state = this.#behind(registers, at, header, length, flags, sequence, end, state);
    else if (data && seen && ahead < 0 && !keepAlive && this.#known(other, otherState, sequence + length)) {
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
        // What was sent before the capture began may still arrive.
        words[own + HOLES] = (sequence - BEFORE) | 0;
        words[own + HOLES + 1] = sequence;
        state |= HOLED;
      }
      state |= SEEN;
      if (taken > 0 && (times[ownTimes + WAITS_SINCE] as number) === 0) times[ownTimes + WAITS_SINCE] = now;
      if (data) {
        if (registers[TTL] !== (((words[flow + TTLS] as number) >> (direction * 8)) & 255)) state |= OTHER_TTL;
        state = this.#note(registers, at, header, end, own, state);
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
      if ((times[otherTimes + FULL_SINCE] as number) !== 0) this.#unfill(own, other, acknowledged, window);
    }
    if ((flags & RST) === 0) {
      const closed = seen && words[own + WINDOW] === 0;
      if (closed !== (window === 0)) this.#window(ownTimes, window, plain, direction);
    }
    words[own + WINDOW] = window;
    words[own] = state;
    if (
      (flags & (SYN | FIN | RST)) !== 0 ||
      ((words[flow + FLAGS] as number) & (FLOW_ESTABLISHED | FLOW_CLOSED)) !== FLOW_ESTABLISHED
    )
      this.#handshake(registers, at, header, flags, end, own, other, acknowledged);
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
      this.#forgetSamples(own);
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
    this.#table.renew(this.#clock[0] as number, this.#packet);
  }

  #event(event: number, direction: number): void {
    const { words, at } = this.#table;
    this.#lines.add(words, at + TIME_LINE, event, direction, this.#clock[0] as number, this.#packet);
  }

  /** True when the other side has acknowledged everything up to `stop`. */
  #known(other: number, otherState: number, stop: number): boolean {
    return (otherState & ACKED) !== 0 && ((stop - (this.#table.words[other + NEWEST_ACK] as number)) | 0) <= 0;
  }

  /** Remembers that bytes are missing between two sequence numbers; answers the state bit of holes without room. */
  #missing(own: number, from: number, to: number, direction: number): number {
    const { words } = this.#table;
    this.#event(MISSING, direction);
    for (let hole = own + HOLES; hole < own + HOLES_END; hole += 2)
      if (words[hole] === words[hole + 1]) {
        words[hole] = from;
        words[hole + 1] = to;
        return HOLED;
      }
    return HOLED | HOLES_LOST;
  }

  /** True when some of these bytes were missing. They are not any more. */
  #fills(own: number, from: number, to: number): boolean {
    const { words } = this.#table;
    let fills = false;
    for (let hole = own + HOLES; hole < own + HOLES_END; hole += 2) {
      const begins = words[hole] as number;
      const ends = words[hole + 1] as number;
      if (begins === ends || ((to - begins) | 0) <= 0 || ((ends - from) | 0) <= 0) continue;
      fills = true;
      if (((from - begins) | 0) > 0 && ((ends - to) | 0) <= 0) words[hole + 1] = from;
      else words[hole] = ((ends - to) | 0) <= 0 ? ends : to;
    }
    return fills;
  }

  /** A segment of which some was behind the highest byte. Answers the state. */
  #behind(
    registers: Int32Array,
    at: number,
    header: number,
    length: number,
    flags: number,
    sequence: number,
    end: number,
    state: number,
  ): number {
    const { words, at: flow, times, timesAt, direction } = this.#table;
    const now = this.#clock[0] as number;
    const own = flow + DIRECTIONS + direction * DIRECTION_WORDS;
    const other = flow + DIRECTIONS + (1 - direction) * DIRECTION_WORDS;
    const ownTimes = own >> 1;
    const count = own + COUNTERS;
    const data = length > 0;
    const next = words[own + NEXT_SEQUENCE] as number;
    const stop = (sequence + length) | 0;
    const evidence = data ? this.#evidence(registers, at, header, end, own, state) : UNKNOWN;
    const filled = data && (state & HOLED) !== 0 && this.#fills(own, sequence, stop);
    const elapsed = now - (times[ownTimes + HIGHEST_AT] as number);
    const known = data && this.#known(other, words[other] as number, stop);
    const surplus = data && (known || (!filled && (state & HOLES_LOST) === 0));
    // Without marks too: nobody sends again so soon what nobody asked for. That holds for SYN and FIN, which carry none.
    const unasked = evidence === UNKNOWN && (!data || (surplus && words[other + DUPLICATES] === 0));
    const copy = elapsed < COPY_NS && (unasked || (surplus && evidence === SAME));
    if (copy || (surplus && evidence === OLDER)) {
      // Not sent again: it left before what was seen last. Late by the sender's own clock, or the same packet twice.
      const late = evidence === OLDER && this.#ticks <= -LATE_TICKS;
      const counter = count + (late ? OUT_OF_ORDER : COPIES);
      words[counter] = (words[counter] as number) + 1;
      this.#event(late ? OVERTAKEN : SEEN_TWICE, direction);
      return state;
    }
    const handshake = times[timesAt + HANDSHAKE] as number;
    // The duplicate ACKs have to reach the sender first, however far from here it is.
    const fast =
      (words[other + DUPLICATES] as number) >= 2 &&
      words[other + NEWEST_ACK] === sequence &&
      now - (times[(other >> 1) + ACK_AT] as number) < FAST_NS + Math.max(0, handshake);
    if (data && !known && (filled || (state & HOLES_LOST) !== 0)) {
      const soon = elapsed < (handshake > 0 ? handshake : USUAL_RTT_NS);
      if (evidence === OLDER || (evidence !== NEWER && !fast && soon && stop !== next)) {
        words[count + OUT_OF_ORDER] = (words[count + OUT_OF_ORDER] as number) + 1;
        this.#event(OVERTAKEN, direction);
        return state;
      }
    }
    words[count + RETRANSMISSIONS] = (words[count + RETRANSMISSIONS] as number) + 1;
    this.#forgetSamples(own);
    if (known) {
      words[count + SPURIOUS] = (words[count + SPURIOUS] as number) + 1;
      this.#event(SENT_NEEDLESSLY, direction);
      return state;
    }
    const silent = now - (times[ownTimes + SENT_AT] as number);
    if ((flags & SYN) !== 0) {
      const place = 16 + direction * 8;
      const before = ((words[flow + TTLS] as number) >>> place) & 255;
      if (before < 255) words[flow + TTLS] = (words[flow + TTLS] as number) + (1 << place);
      this.#event(SYN_AGAIN, direction);
    } else if (fast) {
      words[count + FAST] = (words[count + FAST] as number) + 1;
      this.#event(SENT_AFTER_ACKS, direction);
    } else if (silent >= TIMEOUT_NS && silent > handshake) {
      words[count + TIMEOUTS] = (words[count + TIMEOUTS] as number) + 1;
      this.#event(SENT_AFTER_TIMEOUT, direction);
    } else this.#event(SENT_AGAIN, direction);
    if (!data) return state;
    // What the server still has to get does not keep its program waiting.
    if ((times[timesAt + ASKED_AT] as number) >= 0 && direction === clientOf(words, flow))
      times[timesAt + ASKED_AT] = now;
    if (length < (words[own + LARGEST] as number) && (((words[own + LARGEST_END] as number) - sequence) | 0) > 0) {
      // Cut smaller: an ACK for the end of the large one will not say that a large one arrived.
      words[own + LARGEST] = length;
      words[own + LARGEST_END] = stop;
    }
    this.#stuck(own, other, sequence, length);
    return this.#note(registers, at, header, end, own, state);
  }

  /** Karn's rule: once something is sent again, an ACK does not tell which of the two it answers. */
  #forgetSamples(own: number): void {
    const { times } = this.#table;
    for (let place = 0; place < RING_SIZE; place++) times[(own >> 1) + RING_AT + place] = 0;
  }

  /**
   * The same data again and again without progress: a full-size segment that gets lost each time, while smaller ones were
   * acknowledged and the other side has room, is what a path with a smaller MTU looks like (RFC 2923, 2.1).
   */
  #stuck(own: number, other: number, sequence: number, length: number): void {
    const { words } = this.#table;
    if (words[own + AGAIN_AT] !== sequence || (words[own + AGAIN_TIMES] as number) === 0) {
      words[own + AGAIN_AT] = sequence;
      words[own + AGAIN_LENGTH] = length;
      words[own + AGAIN_TIMES] = 0;
    }
    words[own + AGAIN_TIMES] = (words[own + AGAIN_TIMES] as number) + 1;
    const again = words[own + AGAIN_TIMES] as number;
    const announced = words[other + MSS] as number;
    const full = announced === 0 ? length >= FULL_SIZE : length >= announced * 0.9 && length <= announced;
    const acked = words[own + LARGEST_ACKED] as number;
    if (again < 2 || !full || acked === 0 || acked >= length || words[other + WINDOW] === 0) return;
    words[own + STUCK_LENGTH] = length;
    words[own + STUCK_TIMES] = Math.max(again, words[own + STUCK_TIMES] as number);
  }

  /** Which of this data segment and the newest one left first: by TSval, and by IP ID within one tick of it. */
  #evidence(registers: Int32Array, at: number, header: number, end: number, own: number, state: number): number {
    const { words } = this.#table;
    let same = UNKNOWN;
    this.#ticks = 0;
    if ((state & STAMPED) !== 0 && this.#stamp(at, header, end)) {
      const difference = (this.#stampValue - (words[own + TSVAL] as number)) | 0;
      this.#ticks = difference;
      if (difference !== 0) return difference < 0 ? OLDER : NEWER;
      same = SAME;
    }
    const id = registers[IP_ID] as number;
    if (id <= 0 || (state & NUMBERED) === 0) return same;
    const difference = ((id - (words[own + ID] as number)) << 16) >> 16;
    if (difference === 0) return SAME;
    return difference < 0 ? OLDER : NEWER;
  }

  /** Remembers the marks of the newest data segment; answers the state. */
  #note(registers: Int32Array, at: number, header: number, end: number, own: number, before: number): number {
    const { words } = this.#table;
    let state = before & ~(STAMPED | NUMBERED);
    if (this.#stamp(at, header, end)) {
      words[own + TSVAL] = this.#stampValue;
      state |= STAMPED;
    }
    const id = registers[IP_ID] as number;
    if (id > 0) {
      words[own + ID] = id;
      state |= NUMBERED;
    }
    return state;
  }

  /** Reads TSval; false when there is none or it was not captured. */
  #stamp(at: number, header: number, end: number): boolean {
    const view = this.#view;
    // After the handshake it nearly always stands here: NOP NOP TIMESTAMP.
    if (header >= 32 && end - at >= 28 && view.getInt32(at + 20, false) === 0x0101080a) {
      this.#stampValue = view.getInt32(at + 24, false);
      return true;
    }
    const stop = Math.min(at + header, end);
    for (let place = at + 20; place < stop; ) {
      const kind = view.getUint8(place);
      if (kind === 0) return false;
      if (kind === 1) {
        place++;
        continue;
      }
      if (place + 2 > stop) return false;
      const size = view.getUint8(place + 1);
      if (size < 2) return false;
      if (kind === 8 && size === 10 && place + 6 <= stop) {
        this.#stampValue = view.getInt32(place + 2, false);
        return true;
      }
      place += size;
    }
    return false;
  }

  /** A new ACK for what the other side sent. */
  #acknowledge(other: number, acknowledged: number, direction: number): void {
    const { words, times } = this.#table;
    const now = this.#clock[0] as number;
    const otherTimes = other >> 1;
    for (let place = 0; place < RING_SIZE; place++) {
      if (words[other + RING_ENDS + place] !== acknowledged) continue;
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
    if (beyond > 0 && !(beyond === 1 && ((words[other] as number) & PROBE) !== 0)) this.#unseen();
    if (((words[other] as number) & HOLED) !== 0) this.#acknowledgeHoles(other, acknowledged, beyond >= 0);
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
    if (now - since >= STALL_NS && !opening) this.#stall(STALL_NO_ACK, direction, since);
  }

  /** What is acknowledged was not missing at the other side; `all` tells that nothing is outstanding any more. */
  #acknowledgeHoles(other: number, acknowledged: number, all: boolean): void {
    const { words } = this.#table;
    let holed = false;
    for (let hole = other + HOLES; hole < other + HOLES_END; hole += 2) {
      const from = words[hole] as number;
      const to = words[hole + 1] as number;
      if (from === to) continue;
      if (((acknowledged - to) | 0) < 0) {
        holed = true;
        continue;
      }
      if (((to - from) | 0) !== BEFORE) this.#unseen();
      words[hole] = to;
    }
    if (all) words[other] = (words[other] as number) & ~HOLES_LOST;
    if (!holed && ((words[other] as number) & HOLES_LOST) === 0) words[other] = (words[other] as number) & ~HOLED;
  }

  /** Data was acknowledged although the capture lacks it: the recorder missed packets, the network did not. */
  #unseen(): void {
    const { words, at } = this.#table;
    words[at + UNSEEN] = (words[at + UNSEEN] as number) + 1;
  }

  /** Silence of one side while the other waits for it. */
  #stall(kind: number, silent: number, since: number): void {
    const { words, at, times, timesAt } = this.#table;
    const now = this.#clock[0] as number;
    words[at + STALLS] = (words[at + STALLS] as number) + 1;
    this.#event(kind === STALL_NO_ACK ? SILENCE_ENDED : ANSWERED_LATE, silent);
    if (now - since <= (times[timesAt + STALL_LONGEST] as number)) return;
    times[timesAt + STALL_LONGEST] = now - since;
    times[timesAt + STALL_BEGAN] = since;
    words[at + STALL_PACKET] = this.#packet;
    words[at + STALL_KIND] = kind | (silent === 1 ? STALL_BY_1 : 0);
  }

  /** Times what the server needs: from the newest data of the client to the first of the server. */
  #ask(direction: number): void {
    const { words, at, times, timesAt } = this.#table;
    const now = this.#clock[0] as number;
    if (direction === clientOf(words, at)) {
      times[timesAt + ASKED_AT] = now;
      return;
    }
    const asked = times[timesAt + ASKED_AT] as number;
    if (asked < 0) return;
    times[timesAt + ASKED_AT] = -1;
    const took = now - asked;
    if (took < 0) return;
    words[at + ANSWERS] = (words[at + ANSWERS] as number) + 1;
    times[timesAt + ANSWER_SUM] = (times[timesAt + ANSWER_SUM] as number) + took;
    if (took > (times[timesAt + ANSWER_LONGEST] as number)) times[timesAt + ANSWER_LONGEST] = took;
    if (((words[at + FLAGS] as number) & FLOW_COPY) === 0) this.answers.add(took);
    if (took >= STALL_NS) this.#stall(STALL_NO_ANSWER, direction, asked);
  }

  /** Ends the time for which a window was full, once its right edge has moved. */
  #unfill(own: number, other: number, acknowledged: number, window: number): void {
    const { words, times } = this.#table;
    const now = this.#clock[0] as number;
    const edge = acknowledged + (window << (words[own + SCALE] as number));
    if (((edge - (words[other + NEXT_SEQUENCE] as number)) | 0) <= 0) return;
    const since = times[(other >> 1) + FULL_SINCE] as number;
    times[(other >> 1) + FULL_SINCE] = 0;
    times[(other >> 1) + FULL_NS] = (times[(other >> 1) + FULL_NS] as number) + Math.max(0, now - since);
  }

  /** Counts the time for which a window is closed. */
  #window(ownTimes: number, window: number, plain: boolean, direction: number): void {
    const { times } = this.#table;
    const now = this.#clock[0] as number;
    if (window === 0) {
      if (!plain) return;
      times[ownTimes + ZERO_SINCE] = now;
      this.#event(WINDOW_CLOSED, direction);
      return;
    }
    const since = times[ownTimes + ZERO_SINCE] as number;
    if (since === 0) return;
    times[ownTimes + ZERO_NS] = (times[ownTimes + ZERO_NS] as number) + Math.max(0, now - since);
    times[ownTimes + ZERO_SINCE] = 0;
    this.#event(WINDOW_OPENED, direction);
  }

  /** Beginning and end of connections. */
  #handshake(
    registers: Int32Array,
    at: number,
    header: number,
    flags: number,
    end: number,
    own: number,
    other: number,
    acknowledged: number,
  ): void {
    const { words, at: flow, times, timesAt, direction } = this.#table;
    const now = this.#clock[0] as number;
    let state = words[flow + FLAGS] as number;
    if ((flags & SYN) !== 0) {
      // A side that does not scale its windows is not scaled for either (RFC 7323, 2.2).
      if (!this.#synOptions(at, header, end, own) && (flags & ACK) !== 0) words[other + SCALE] = 0;
      words[own + INITIAL] = this.#view.getInt32(at + 4, false);
      if ((flags & ACK) === 0) {
        // The newest one: the answer to it is what comes within a round trip.
        times[timesAt + SYN_AT] = now;
        state = (state & ~FLOW_CLIENT_1) | FLOW_SYN | (direction === 1 ? FLOW_CLIENT_1 : 0);
      } else {
        state |= FLOW_SYN_ACK;
        // Who answers is the server, also where its question was not seen.
        if ((state & FLOW_SYN) === 0) state |= direction === 0 ? FLOW_CLIENT_1 : 0;
      }
    } else if ((flags & RST) !== 0) state = this.#reset(registers, at, header, end, state, own, other);
    else if (
      (flags & ACK) !== 0 &&
      (state & (FLOW_SYN | FLOW_SYN_ACK | FLOW_ESTABLISHED)) === (FLOW_SYN | FLOW_SYN_ACK) &&
      direction === ((state & FLOW_CLIENT_1) !== 0 ? 1 : 0) &&
      ((acknowledged - (words[other + INITIAL] as number)) | 0) > 0
    ) {
      state |= FLOW_ESTABLISHED;
      const took = now - (times[timesAt + SYN_AT] as number);
      times[timesAt + HANDSHAKE] = took;
      if (took > 0 && (state & FLOW_COPY) === 0) this.roundTrips.add(took);
    } else if ((state & FLOW_CLOSED) !== 0) this.#afterReset(direction);
    if ((flags & FIN) !== 0) {
      words[own] = (words[own] as number) | FINISHED;
      if (((words[other] as number) & FINISHED) !== 0) state |= FLOW_CLOSED;
      this.#events.closing(false, now, this.#packet);
    }
    words[flow + FLAGS] = state;
  }

  /** A reset: by whom, and what was going on. Answers the flow's flags. */
  #reset(
    registers: Int32Array,
    at: number,
    header: number,
    end: number,
    before: number,
    own: number,
    other: number,
  ): number {
    const { words, at: flow, times, direction } = this.#table;
    words[own + COUNTERS + RESETS] = (words[own + COUNTERS + RESETS] as number) + 1;
    let state = before;
    const client = (state & FLOW_CLIENT_1) !== 0 ? 1 : 0;
    if ((state & (FLOW_SYN | FLOW_SYN_ACK | FLOW_REFUSED)) === FLOW_SYN && direction !== client) state |= FLOW_REFUSED;
    if (words[flow + RESET_STATE] === 0) {
      const finished = ((words[own] as number) | (words[other] as number)) & FINISHED;
      const waits = (times[(own >> 1) + WAITS_SINCE] as number) + (times[(other >> 1) + WAITS_SINCE] as number) > 0;
      const found =
        (state & FLOW_SYN) !== 0 && (state & FLOW_ESTABLISHED) === 0
          ? RESET_OF_SYN
          : finished !== 0
            ? RESET_AFTER_FIN
            : waits
              ? RESET_WITH_DATA
              : RESET_IDLE;
      words[flow + RESET_STATE] = found | (direction === 1 ? RESET_BY_1 : 0);
      words[flow + RESET_PACKET] = this.#packet;
      words[flow + RESET_TTL] =
        (registers[TTL] as number) | (this.#isOdd(registers, at, header, end, own) ? RESET_ODD : 0);
      this.#event(RESET, direction);
    }
    this.#events.closing(true, this.#clock[0] as number, this.#packet);
    return state | FLOW_CLOSED;
  }

  /**
   * True when a reset carries an IP ID or time stamp that its side, by its data, would not. Without them it is not odd:
   * kernels send resets for connections that they have forgotten with neither.
   */
  #isOdd(registers: Int32Array, at: number, header: number, end: number, own: number): boolean {
    const { words } = this.#table;
    const state = words[own] as number;
    const id = registers[IP_ID] as number;
    if (id > 0 && (state & NUMBERED) !== 0) {
      const ahead = ((id - (words[own + ID] as number)) << 16) >> 16;
      if (ahead < -IDS_BACK || ahead > IDS_AHEAD) return true;
    }
    if ((state & STAMPED) === 0 || !this.#stamp(at, header, end)) return false;
    const ticks = (this.#stampValue - (words[own + TSVAL] as number)) | 0;
    return ticks < -TICKS_BACK || ticks > TICKS_AHEAD;
  }

  /** A side that goes on behind its own reset, later than what the reset may have overtaken, did not send it. */
  #afterReset(direction: number): void {
    const { words, at, times, timesAt } = this.#table;
    const reset = words[at + RESET_STATE] as number;
    if (reset === 0 || direction !== ((reset & RESET_BY_1) !== 0 ? 1 : 0)) return;
    if (((words[at + RESET_TTL] as number) & RESET_WENT_ON) !== 0) return;
    const sent = this.#lines.of(words, at + TIME_LINE).findLast(({ event }) => event === RESET);
    if (sent && (this.#clock[0] as number) - sent.atNs > Math.max(FAST_NS, times[timesAt + HANDSHAKE] as number))
      words[at + RESET_TTL] = (words[at + RESET_TTL] as number) | RESET_WENT_ON;
  }

  /** Reads MSS and window scale; false when all options are there and none is a window scale. */
  #synOptions(at: number, header: number, end: number, own: number): boolean {
    const { words } = this.#table;
    const view = this.#view;
    const stop = at + header;
    // Cut options leave the scale unknown; no option at all means none.
    if (stop > end) return true;
    let scaled = false;
    words[own + SCALE] = 0;
    for (let place = at + 20; place < stop; ) {
      const kind = view.getUint8(place);
      if (kind === 0) break;
      if (kind === 1) {
        place++;
        continue;
      }
      if (place + 2 > stop) break;
      const size = view.getUint8(place + 1);
      if (size < 2 || place + size > stop) break;
      if (kind === 2 && size === 4) words[own + MSS] = view.getUint16(place + 2, false);
      if (kind === 3 && size === 3) {
        words[own + SCALE] = Math.min(14, view.getUint8(place + 2));
        scaled = true;
      }
      place += size;
    }
    words[own] = (words[own] as number) | SCALED;
    return scaled;
  }
}
