import { IP_ID, TRANSPORT, TRANSPORT_LENGTH } from "./decode.ts";
import {
  DATA_AT,
  DIRECTION_WORDS,
  DIRECTIONS,
  FLAGS,
  FLOW_CLIENT_1,
  FLOW_CLOSED,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  type FlowTable,
  HANDSHAKE,
  NEWEST,
  SYN_AT,
} from "./flow-table.ts";

/**
 * One direction of a flow: 48 words from DIRECTIONS + 48 × direction.
 *
 *   word  what                                          double (of the block)  what
 *   0     state bits (SEEN …)                           14  when its newest ACK came
 *   1     next expected sequence number                 15  when its highest byte was sent
 *   2     its newest ACK number                         16  since when its window is zero
 *   3     its window field                              17  how long it was zero in all, ns
 *   4     window scale                                  18  data bytes, sent again or not
 *   5     duplicate ACKs in a row                       19  when the segment of words 9-11 was sent first
 *   6     MSS that it announced                         20-23 when the segments of words 24-27 were sent
 *   7, 8  newest TSval and IP ID of a data segment
 *   9-11  a segment that is sent again and again: sequence number, length, how often
 *   12-22 counters (COUNTERS)
 *   23    place in the ring of round-trip samples; 24-27 its ends of segments
 */
const NEXT_SEQUENCE = 1;
const NEWEST_ACK = 2;
const WINDOW = 3;
const SCALE = 4;
const DUPLICATES = 5;
export const MSS = 6;
const TSVAL = 7;
const ID = 8;
export const STUCK_AT = 9;
export const STUCK_LENGTH = 10;
export const STUCK_TIMES = 11;
export const COUNTERS = 12;
const RING = 23;
const RING_ENDS = 24;
const RING_SIZE = 4;
const ACK_AT = 14;
const HIGHEST_AT = 15;
const ZERO_SINCE = 16;
export const ZERO_NS = 17;
export const DATA_BYTES = 18;
export const STUCK_SINCE = 19;
const RING_AT = 20;

/** Counters of a direction, in the order of their words from COUNTERS. */
export const PACKETS = 0;
export const RETRANSMISSIONS = 1;
export const FAST = 2;
export const SPURIOUS = 3;
export const OUT_OF_ORDER = 4;
export const DUPLICATE_ACKS = 5;
export const LOST_SEGMENTS = 6;
export const ZERO_WINDOWS = 7;
export const WINDOW_FULL = 8;
export const KEEP_ALIVES = 9;
export const RESETS = 10;
export const COUNTED = 11;

/** State bits. */
const SEEN = 1;
const ACKED = 2;
/** The window scale is known: the SYN was seen. */
const SCALED = 4;
const FINISHED = 8;
const STAMPED = 16;
const NUMBERED = 32;
/** Its newest segment was a keep-alive, or a probe of a zero window. */
const KEEP_ALIVE = 64;
const PROBE = 128;
/** Data of this direction was acknowledged: the path carries something. */
const PROGRESS = 256;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const FAST_NS = 20e6;
/** Without a handshake to measure it: what counts as "within a round trip". */
const USUAL_RTT_NS = 3e6;
/** Bytes of a TCP header without which nothing can be said: up to the urgent pointer's end is not needed. */
const NEEDED = 16;

/** What a segment turned out to be; SENT_AGAIN_… and REORDERED exclude each other. */
export type TcpEvents = {
  /** A round trip by an exact ACK, or of a handshake, nanoseconds. */
  readonly roundTrip: (ns: number) => void;
};

/**
 * Follows sequence numbers and acknowledgements of all flows. The rules are those that Wireshark documents for
 * `tcp.analysis.*`, so that counters can be compared, with one difference: whether a segment below the highest byte was
 * sent again or overtaken on the way is told by its time stamp (RFC 7323) or IP ID, and by time only where both are silent.
 */
export class TcpAnalysis {
  /** Sums over all flows, by counter. */
  readonly totals = new Float64Array(COUNTED);
  handshakes = 0;
  refused = 0;
  reusedPorts = 0;
  /** Segments whose header is cut or cannot be. */
  cut = 0;
  readonly #table: FlowTable;
  readonly #events: TcpEvents;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #option = new Int32Array(3);

  constructor(table: FlowTable, events: TcpEvents) {
    this.#table = table;
    this.#events = events;
  }

  buffer(view: DataView): void {
    this.#view = view;
  }

  /** One TCP packet. `end` is the end of what was captured of it. */
  segment(registers: Int32Array, end: number, key: number, clock: Float64Array): void {
    const view = this.#view;
    const at = registers[TRANSPORT] as number;
    if (end - at < NEEDED) {
      this.cut++;
      return;
    }
    const now = clock[0] as number;
    const flags = view.getUint8(at + 13);
    const header = (view.getUint8(at + 12) >> 4) << 2;
    const length = (registers[TRANSPORT_LENGTH] as number) - header;
    if (header < 20 || length < 0) {
      this.cut++;
      return;
    }
    const table = this.#table;
    const sourcePort = view.getUint16(at, false);
    const fresh = table.find(registers, sourcePort, view.getUint16(at + 2, false), key, now);
    const sequence = view.getInt32(at + 4, false);
    if ((flags & SYN) !== 0 && !fresh) this.#reuse(flags, sequence, now);
    this.#follow(registers, at, header, length, flags, sequence, end, now);
  }

  /** A SYN with another initial sequence number on a known pair of ports begins another connection. */
  #reuse(flags: number, sequence: number, now: number): void {
    const { words, at, direction } = this.#table;
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    if (((words[block] as number) & SEEN) === 0) return;
    if ((flags & ACK) !== 0) return;
    // The highest byte after a SYN alone is its number + 1; a SYN that is sent again has the same.
    const known = (words[at + FLAGS] as number) & FLOW_SYN;
    const initial = words[block + RING_ENDS] as number;
    if (known && initial === sequence) return;
    this.reusedPorts++;
    this.#table.renew(now);
  }

  #follow(
    registers: Int32Array,
    at: number,
    header: number,
    length: number,
    flags: number,
    sequence: number,
    end: number,
    now: number,
  ): void {
    const { words, at: flow, times, timesAt, direction } = this.#table;
    const view = this.#view;
    const own = flow + DIRECTIONS + direction * DIRECTION_WORDS;
    const other = flow + DIRECTIONS + (1 - direction) * DIRECTION_WORDS;
    const ownTimes = own >> 1;
    const otherTimes = other >> 1;
    const count = own + COUNTERS;
    const totals = this.totals;
    let state = words[own] as number;
    const otherState = words[other] as number;
    const window = view.getUint16(at + 14, false);
    const acknowledged = view.getInt32(at + 8, false);
    const hasAck = (flags & ACK) !== 0;
    const plain = (flags & (SYN | FIN | RST)) === 0;
    const next = words[own + NEXT_SEQUENCE] as number;
    const seen = (state & SEEN) !== 0;
    const ahead = seen ? (sequence - next) | 0 : 0;
    const sameAck = (state & ACKED) !== 0 && acknowledged === words[own + NEWEST_ACK];
    const sameWindow = seen && window === words[own + WINDOW];
    const lastKeepAlive = (otherState & KEEP_ALIVE) !== 0;
    const lastProbe = (otherState & PROBE) !== 0;
    words[count] = (words[count] as number) + 1;
    times[timesAt + NEWEST] = now;
    state &= ~(KEEP_ALIVE | PROBE);

    // What the segment says about windows and acknowledgements.
    const probe = length === 1 && seen && ahead === 0 && (otherState & SEEN) !== 0 && words[other + WINDOW] === 0;
    let keepAlive = false;
    if (probe) state |= PROBE;
    else {
      if (window === 0 && plain) {
        totals[ZERO_WINDOWS] = (totals[ZERO_WINDOWS] as number) + 1;
        words[count + ZERO_WINDOWS] = (words[count + ZERO_WINDOWS] as number) + 1;
      }
      if (seen && ahead > 0 && (flags & RST) === 0) {
        totals[LOST_SEGMENTS] = (totals[LOST_SEGMENTS] as number) + 1;
        words[count + LOST_SEGMENTS] = (words[count + LOST_SEGMENTS] as number) + 1;
      }
      keepAlive = length <= 1 && seen && ahead === -1 && plain;
      if (keepAlive) {
        state |= KEEP_ALIVE;
        totals[KEEP_ALIVES] = (totals[KEEP_ALIVES] as number) + 1;
        words[count + KEEP_ALIVES] = (words[count + KEEP_ALIVES] as number) + 1;
      }
      if (length > 0 && plain && (otherState & (SCALED | ACKED)) === (SCALED | ACKED)) {
        const room = (words[other + WINDOW] as number) << (words[other + SCALE] as number);
        if (((sequence + length - (words[other + NEWEST_ACK] as number)) | 0) === room && room > 0) {
          totals[WINDOW_FULL] = (totals[WINDOW_FULL] as number) + 1;
          words[count + WINDOW_FULL] = (words[count + WINDOW_FULL] as number) + 1;
        }
      }
      if (length === 0 && plain && seen && ahead === 0 && sameAck && sameWindow && !(lastKeepAlive && window !== 0) && !lastProbe)
        if (window !== 0) {
          words[own + DUPLICATES] = (words[own + DUPLICATES] as number) + 1;
          totals[DUPLICATE_ACKS] = (totals[DUPLICATE_ACKS] as number) + 1;
          words[count + DUPLICATE_ACKS] = (words[count + DUPLICATE_ACKS] as number) + 1;
        }
    }
    if (!sameAck) words[own + DUPLICATES] = 0;

    // Sent again, overtaken, or new.
    const data = length > 0;
    const counts = data || (flags & (SYN | FIN)) !== 0;
    if (counts && !keepAlive && !probe && seen) {
      const behind = ahead < 0 && !(length > 1 && ahead === -1);
      const done = (otherState & ACKED) !== 0 && ((sequence + length - (words[other + NEWEST_ACK] as number)) | 0) <= 0;
      if (data && done && (behind || ahead <= 0)) {
        this.#again(count, SPURIOUS, RETRANSMISSIONS);
        this.#forgetSamples(own);
      } else if (behind) {
        const verdict = data ? this.#evidence(registers, at, header, end, own, state) : 0;
        const handshake = times[timesAt + HANDSHAKE] as number;
        const soon = now - (times[ownTimes + HIGHEST_AT] as number) < (handshake > 0 ? handshake : USUAL_RTT_NS);
        const fast =
          (words[other + DUPLICATES] as number) >= 2 &&
          words[other + NEWEST_ACK] === sequence &&
          now - (times[otherTimes + ACK_AT] as number) < FAST_NS;
        const reordered =
          verdict < 0 || (verdict === 0 && !fast && soon && ((sequence + length - next) | 0) !== 0 && data);
        if (reordered) {
          totals[OUT_OF_ORDER] = (totals[OUT_OF_ORDER] as number) + 1;
          words[count + OUT_OF_ORDER] = (words[count + OUT_OF_ORDER] as number) + 1;
        } else {
          this.#again(count, fast ? FAST : RETRANSMISSIONS, RETRANSMISSIONS);
          this.#forgetSamples(own);
          if (data) this.#stuck(own, ownTimes, sequence, length, now);
        }
      }
    }

    // New state of this direction.
    const taken = length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
    const stop = (sequence + taken) | 0;
    if (!seen || (((stop - next) | 0) > 0 && !probe && (flags & RST) === 0)) {
      words[own + NEXT_SEQUENCE] = stop;
      times[ownTimes + HIGHEST_AT] = now;
      state |= SEEN;
      if (data) {
        this.#note(registers, at, header, end, own);
        state = (state & ~(STAMPED | NUMBERED)) | ((words[own] as number) & (STAMPED | NUMBERED));
        const place = words[own + RING] as number;
        words[own + RING_ENDS + place] = stop;
        times[ownTimes + RING_AT + place] = now;
        words[own + RING] = (place + 1) % RING_SIZE;
      }
    }
    if (data) {
      times[ownTimes + DATA_BYTES] = (times[ownTimes + DATA_BYTES] as number) + length;
      times[timesAt + DATA_AT] = now;
    }
    if (hasAck) {
      if (!sameAck && (otherState & SEEN) !== 0) this.#acknowledge(other, acknowledged, now);
      words[own + NEWEST_ACK] = acknowledged;
      times[ownTimes + ACK_AT] = now;
      state |= ACKED;
    }
    if (plain || (flags & RST) === 0) this.#window(own, ownTimes, window, plain, seen, now);
    words[own + WINDOW] = window;
    words[own] = state;
    if ((flags & (SYN | FIN | RST)) !== 0 || ((words[flow + FLAGS] as number) & FLOW_ESTABLISHED) === 0)
      this.#handshake(at, header, flags, end, own, count, acknowledged, now);
  }

  #again(count: number, kind: number, all: number): void {
    const { words } = this.#table;
    this.totals[all] = (this.totals[all] as number) + 1;
    words[count + all] = (words[count + all] as number) + 1;
    if (kind === all) return;
    this.totals[kind] = (this.totals[kind] as number) + 1;
    words[count + kind] = (words[count + kind] as number) + 1;
  }

  /** Karn's rule: once something is sent again, an ACK does not tell which of the two it answers. */
  #forgetSamples(own: number): void {
    const { times } = this.#table;
    for (let place = 0; place < RING_SIZE; place++) times[(own >> 1) + RING_AT + place] = -1;
  }

  /** The same data again and again, and nothing acknowledged in between: how often, since when. */
  #stuck(own: number, ownTimes: number, sequence: number, length: number, now: number): void {
    const { words, times } = this.#table;
    if (words[own + STUCK_AT] === sequence && (words[own + STUCK_TIMES] as number) > 0) {
      words[own + STUCK_TIMES] = (words[own + STUCK_TIMES] as number) + 1;
      return;
    }
    words[own + STUCK_AT] = sequence;
    words[own + STUCK_LENGTH] = length;
    words[own + STUCK_TIMES] = 1;
    times[ownTimes + STUCK_SINCE] = now;
  }

  /**
   * Which of this data segment and the newest one left first: -1 = this one, so it was overtaken; 1 = the other, so this
   * was sent again; 0 = nothing tells. By TSval, and by IP ID within one tick of it.
   */
  #evidence(registers: Int32Array, at: number, header: number, end: number, own: number, state: number): number {
    const { words } = this.#table;
    const stamp = this.#stamp(at, header, end);
    if (stamp && (state & STAMPED) !== 0) {
      const difference = ((this.#option[0] as number) - (words[own + TSVAL] as number)) | 0;
      if (difference !== 0) return difference < 0 ? -1 : 1;
    }
    const id = registers[IP_ID] as number;
    if (id <= 0 || (state & NUMBERED) === 0) return 0;
    const difference = ((id - (words[own + ID] as number)) << 16) >> 16;
    return difference < 0 ? -1 : difference > 0 ? 1 : 0;
  }

  /** Remembers the marks of a data segment that was sent for the first time. */
  #note(registers: Int32Array, at: number, header: number, end: number, own: number): void {
    const { words } = this.#table;
    let state = (words[own] as number) & ~(STAMPED | NUMBERED);
    if (this.#stamp(at, header, end)) {
      words[own + TSVAL] = this.#option[0] as number;
      state |= STAMPED;
    }
    const id = registers[IP_ID] as number;
    if (id > 0) {
      words[own + ID] = id;
      state |= NUMBERED;
    }
    words[own] = state;
  }

  /** Puts TSval into #option[0]; false when there is none or it was not captured. */
  #stamp(at: number, header: number, end: number): boolean {
    const view = this.#view;
    // After the handshake it nearly always stands here: NOP NOP TIMESTAMP.
    if (header >= 32 && end - at >= 28 && view.getInt32(at + 20, false) === 0x0101080a) {
      this.#option[0] = view.getInt32(at + 24, false);
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
        this.#option[0] = view.getInt32(place + 2, false);
        return true;
      }
      place += size;
    }
    return false;
  }

  /** An ACK for what the other side sent: a round trip when it is exactly the end of a segment. */
  #acknowledge(other: number, acknowledged: number, now: number): void {
    const { words, times } = this.#table;
    const otherTimes = other >> 1;
    for (let place = 0; place < RING_SIZE; place++) {
      const sent = times[otherTimes + RING_AT + place] as number;
      if (sent <= 0 || words[other + RING_ENDS + place] !== acknowledged) continue;
      this.#events.roundTrip(now - sent);
      times[otherTimes + RING_AT + place] = -1;
    }
    if ((times[otherTimes + DATA_BYTES] as number) > 0) words[other] = (words[other] as number) | PROGRESS;
    if (((acknowledged - (words[other + STUCK_AT] as number)) | 0) > 0) words[other + STUCK_TIMES] = 0;
  }

  /** Counts the time for which a window is closed. */
  #window(own: number, ownTimes: number, window: number, plain: boolean, seen: boolean, now: number): void {
    const { words, times } = this.#table;
    const closed = seen && words[own + WINDOW] === 0;
    if (closed && window !== 0) {
      const since = times[ownTimes + ZERO_SINCE] as number;
      if (since > 0) times[ownTimes + ZERO_NS] = (times[ownTimes + ZERO_NS] as number) + Math.max(0, now - since);
      times[ownTimes + ZERO_SINCE] = 0;
    } else if (!closed && window === 0 && plain) times[ownTimes + ZERO_SINCE] = now;
  }

  /** Beginning and end of connections. */
  #handshake(
    at: number,
    header: number,
    flags: number,
    end: number,
    own: number,
    count: number,
    acknowledged: number,
    now: number,
  ): void {
    const { words, at: flow, times, timesAt, direction } = this.#table;
    let state = words[flow + FLAGS] as number;
    if ((flags & SYN) !== 0) {
      this.#synOptions(at, header, end, own);
      if ((flags & ACK) === 0) {
        if ((state & FLOW_SYN) === 0) times[timesAt + SYN_AT] = now;
        state |= FLOW_SYN | (direction === 1 ? FLOW_CLIENT_1 : 0);
        // Kept until data is sent: tells a SYN that is sent again from a new connection.
        words[own + RING_ENDS] = this.#view.getInt32(at + 4, false);
      } else state |= FLOW_SYN_ACK;
    } else if ((flags & RST) !== 0) {
      this.totals[RESETS] = (this.totals[RESETS] as number) + 1;
      words[count + RESETS] = (words[count + RESETS] as number) + 1;
      const client = (state & FLOW_CLIENT_1) !== 0 ? 1 : 0;
      if ((state & (FLOW_SYN | FLOW_SYN_ACK | FLOW_REFUSED)) === FLOW_SYN && direction !== client) {
        state |= FLOW_REFUSED;
        this.refused++;
      }
      state |= FLOW_CLOSED;
    } else if ((flags & ACK) !== 0 && (state & (FLOW_SYN | FLOW_SYN_ACK | FLOW_ESTABLISHED)) === (FLOW_SYN | FLOW_SYN_ACK)) {
      const client = (state & FLOW_CLIENT_1) !== 0 ? 1 : 0;
      const server = flow + DIRECTIONS + (1 - client) * DIRECTION_WORDS;
      if (direction === client && acknowledged === words[server + NEXT_SEQUENCE]) {
        state |= FLOW_ESTABLISHED;
        this.handshakes++;
        const took = now - (times[timesAt + SYN_AT] as number);
        times[timesAt + HANDSHAKE] = took;
        this.#events.roundTrip(took);
      }
    }
    if ((flags & FIN) !== 0) {
      words[own] = (words[own] as number) | FINISHED;
      const other = flow + DIRECTIONS + (1 - direction) * DIRECTION_WORDS;
      if (((words[other] as number) & FINISHED) !== 0) state |= FLOW_CLOSED;
    }
    words[flow + FLAGS] = state;
  }

  #synOptions(at: number, header: number, end: number, own: number): void {
    const { words } = this.#table;
    const view = this.#view;
    const stop = at + header;
    // Cut options leave the scale unknown; no option at all means none.
    if (stop > end) return;
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
      if (kind === 3 && size === 3) words[own + SCALE] = Math.min(14, view.getUint8(place + 2));
      place += size;
    }
    words[own] = (words[own] as number) | SCALED;
  }
}
