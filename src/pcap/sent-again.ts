import { clientOf } from "./flow-ends.ts";
import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import type { MissingData } from "./missing-data.ts";
import type { PresentSegment } from "./present-segment.ts";
import { NEWER, OLDER, SAME, type SenderMarks, UNKNOWN } from "./sender-marks.ts";
import {
  OVERTAKEN,
  SEEN_TWICE,
  SENT_AFTER_ACKS,
  SENT_AFTER_TIMEOUT,
  SENT_AGAIN,
  SENT_NEEDLESSLY,
  SYN_AGAIN,
} from "./time-lines.ts";

const {
  ACK_AT,
  ACKED,
  AGAIN_AT,
  AGAIN_LENGTH,
  AGAIN_TIMES,
  ASKED_AT,
  COPIES,
  COUNTERS,
  DIRECTION_WORDS,
  DIRECTIONS,
  DUPLICATES,
  FAST,
  HANDSHAKE,
  HIGHEST_AT,
  HOLED,
  HOLES_LOST,
  LARGEST,
  LARGEST_ACKED,
  LARGEST_END,
  MSS,
  NEWEST_ACK,
  NEXT_SEQUENCE,
  OUT_OF_ORDER,
  RETRANSMISSIONS,
  RING_AT,
  RING_SIZE,
  SENT_AT,
  SPURIOUS,
  STUCK_LENGTH,
  STUCK_TIMES,
  TIMEOUTS,
  TTLS,
  WINDOW,
} = layout;

const SYN = 2;

/** What is sent within so long, and a round trip, of the duplicate ACKs that ask for it was sent because of them. */
const FAST_NS = 20e6;
/** Without a handshake to measure it: what counts as "within a round trip". */
const USUAL_RTT_NS = 3e6;
/** Linux waits at least 200 ms before it sends again (TCP_RTO_MIN); other systems wait longer. */
const TIMEOUT_NS = 180e6;
/** Copies of one packet follow each other more closely than that. */
const COPY_NS = 1e6;
/** Ticks of the sender's time stamp clock, 1 ms and longer, by which a packet is late and not doubled. */
const LATE_TICKS = 2;
/** A full-size segment, where no MSS is known. */
const FULL_SIZE = 1_000;

/**
 * Tells what segments are that begin behind the highest byte: sent again and why, overtaken, or the same packet twice. By
 * what was missing before they came and by their sender's marks, and by time only where all of these are silent.
 */
export class SentAgain {
  readonly #present: PresentSegment;
  readonly #table: FlowTable;
  readonly #clock: Float64Array;
  readonly #marks: SenderMarks;
  readonly #missing: MissingData;

  constructor(present: PresentSegment, marks: SenderMarks, missing: MissingData) {
    this.#present = present;
    this.#table = present.table;
    this.#clock = present.clock;
    this.#marks = marks;
    this.#missing = missing;
  }

  /** A segment of which some was behind the highest byte. Answers the state. */
  judge(
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
    const evidence = data ? this.#marks.order(registers, at, header, end, own, state) : UNKNOWN;
    const filled = data && (state & HOLED) !== 0 && this.#missing.fills(own, sequence, stop);
    const elapsed = now - (times[ownTimes + HIGHEST_AT] as number);
    const known = data && this.known(other, words[other] as number, stop);
    const surplus = data && (known || (!filled && (state & HOLES_LOST) === 0));
    // Without marks too: nobody sends again so soon what nobody asked for. That holds for SYN and FIN, which carry none.
    const unasked = evidence === UNKNOWN && (!data || (surplus && words[other + DUPLICATES] === 0));
    const copy = elapsed < COPY_NS && (unasked || (surplus && evidence === SAME));
    if (copy || (surplus && evidence === OLDER)) {
      // Not sent again: it left before what was seen last. Late by the sender's own clock, or the same packet twice.
      const late = evidence === OLDER && this.#marks.ticks <= -LATE_TICKS;
      const counter = count + (late ? OUT_OF_ORDER : COPIES);
      words[counter] = (words[counter] as number) + 1;
      this.#present.event(late ? OVERTAKEN : SEEN_TWICE, direction);
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
        this.#present.event(OVERTAKEN, direction);
        return state;
      }
    }
    words[count + RETRANSMISSIONS] = (words[count + RETRANSMISSIONS] as number) + 1;
    this.forgetSamples(own);
    if (known) {
      words[count + SPURIOUS] = (words[count + SPURIOUS] as number) + 1;
      this.#present.event(SENT_NEEDLESSLY, direction);
      return state;
    }
    const silent = now - (times[ownTimes + SENT_AT] as number);
    if ((flags & SYN) !== 0) {
      const place = 16 + direction * 8;
      const before = ((words[flow + TTLS] as number) >>> place) & 255;
      if (before < 255) words[flow + TTLS] = (words[flow + TTLS] as number) + (1 << place);
      this.#present.event(SYN_AGAIN, direction);
    } else if (fast) {
      words[count + FAST] = (words[count + FAST] as number) + 1;
      this.#present.event(SENT_AFTER_ACKS, direction);
    } else if (silent >= TIMEOUT_NS && silent > handshake) {
      words[count + TIMEOUTS] = (words[count + TIMEOUTS] as number) + 1;
      this.#present.event(SENT_AFTER_TIMEOUT, direction);
    } else this.#present.event(SENT_AGAIN, direction);
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
    return this.#marks.note(registers, at, header, end, own, state);
  }

  /** True when the other side has acknowledged everything up to `stop`. */
  known(other: number, otherState: number, stop: number): boolean {
    return (otherState & ACKED) !== 0 && ((stop - (this.#table.words[other + NEWEST_ACK] as number)) | 0) <= 0;
  }

  /** Karn's rule: once something is sent again, an ACK does not tell which of the two it answers. */
  forgetSamples(own: number): void {
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
}
