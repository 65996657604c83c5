import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import * as packetRegisters from "./packet-registers.ts";
import type { PresentSegment } from "./present-segment.ts";
import type { SenderMarks } from "./sender-marks.ts";
import type { Spread } from "./spread.ts";
import { RESET } from "./time-lines.ts";

const { TTL } = packetRegisters;
const {
  COUNTERS,
  FINISHED,
  FLAGS,
  FLOW_CLIENT_1,
  FLOW_CLOSED,
  FLOW_COPY,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  HANDSHAKE,
  INITIAL,
  MSS,
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
  SCALE,
  SCALED,
  SYN_AT,
  TIME_LINE,
  WAITS_SINCE,
} = layout;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** So soon after a reset may come what it has overtaken, where no round trip is known that is longer. */
const OVERTAKEN_NS = 20e6;

/** The side of the table's direction closes (FIN) or resets the flow that was found last. */
export type Closing = (reset: boolean, packet: number) => void;

/** Follows how connections open, close and are reset: by whom, and in what state. */
export class ConnectionStates {
  readonly #present: PresentSegment;
  readonly #table: FlowTable;
  readonly #clock: Float64Array;
  readonly #marks: SenderMarks;
  readonly #roundTrips: Spread;
  readonly #closing: Closing;

  constructor(
    present: PresentSegment,
    marks: SenderMarks,
    { roundTrips, closing }: { readonly roundTrips: Spread; readonly closing: Closing },
  ) {
    this.#present = present;
    this.#table = present.table;
    this.#clock = present.clock;
    this.#marks = marks;
    this.#roundTrips = roundTrips;
    this.#closing = closing;
  }

  /** A segment with SYN, FIN or RST, or of a connection that is not open yet or not any more. */
  follow(
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
    const before = words[flow + FLAGS] as number;
    let state = before;
    if ((flags & SYN) !== 0) {
      // A side that does not scale its windows is not scaled for either (RFC 7323, 2.2).
      if (!this.#synOptions(at, header, end, own) && (flags & ACK) !== 0) words[other + SCALE] = 0;
      words[own + INITIAL] = this.#present.view.getInt32(at + 4, false);
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
      if (took > 0 && (state & FLOW_COPY) === 0) this.#roundTrips.add(took);
    } else if ((state & FLOW_CLOSED) !== 0) this.#afterReset(direction);
    if ((flags & FIN) !== 0) {
      words[own] = (words[own] as number) | FINISHED;
      if (((words[other] as number) & FINISHED) !== 0) state |= FLOW_CLOSED;
      this.#closing(false, this.#present.packet);
    }
    words[flow + FLAGS] = state;
    if ((state & ~before & FLOW_CLOSED) !== 0) this.#table.closed();
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
      words[flow + RESET_PACKET] = this.#present.packet;
      words[flow + RESET_TTL] =
        (registers[TTL] as number) | (this.#marks.isOdd(registers, at, header, end, own) ? RESET_ODD : 0);
      this.#present.event(RESET, direction);
    }
    this.#closing(true, this.#present.packet);
    return state | FLOW_CLOSED;
  }

  /** A side that goes on behind its own reset, later than what the reset may have overtaken, did not send it. */
  #afterReset(direction: number): void {
    const { words, at, times, timesAt } = this.#table;
    const reset = words[at + RESET_STATE] as number;
    if (reset === 0 || direction !== ((reset & RESET_BY_1) !== 0 ? 1 : 0)) return;
    if (((words[at + RESET_TTL] as number) & RESET_WENT_ON) !== 0) return;
    const sent = this.#present.lines.of(words, at + TIME_LINE).findLast(({ event }) => event === RESET);
    if (sent && (this.#clock[0] as number) - sent.atNs > Math.max(OVERTAKEN_NS, times[timesAt + HANDSHAKE] as number))
      words[at + RESET_TTL] = (words[at + RESET_TTL] as number) | RESET_WENT_ON;
  }

  /** Reads MSS and window scale; false when all options are there and none is a window scale. */
  #synOptions(at: number, header: number, end: number, own: number): boolean {
    const { words } = this.#table;
    const view = this.#present.view;
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
