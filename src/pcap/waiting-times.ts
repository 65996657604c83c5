import { clientOf } from "./flow-ends.ts";
import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import type { PresentSegment } from "./present-segment.ts";
import type { Spread } from "./spread.ts";
import { ANSWERED_LATE, SILENCE_ENDED, WINDOW_CLOSED, WINDOW_OPENED } from "./time-lines.ts";

const {
  ANSWER_LONGEST,
  ANSWER_SUM,
  ANSWERS,
  ASKED_AT,
  FLAGS,
  FLOW_COPY,
  FULL_NS,
  FULL_SINCE,
  NEXT_SEQUENCE,
  SCALE,
  STALL_BEGAN,
  STALL_BY_1,
  STALL_KIND,
  STALL_LONGEST,
  STALL_NO_ACK,
  STALL_NO_ANSWER,
  STALL_PACKET,
  STALLS,
  ZERO_NS,
  ZERO_SINCE,
} = layout;

/** A silence is a stall from here on. */
export const STALL_NS = 1e9;

/** How long one side waits for the other: for an acknowledgement, an answer, or room in its window. */
export class WaitingTimes {
  readonly #present: PresentSegment;
  readonly #table: FlowTable;
  readonly #clock: Float64Array;
  readonly #answers: Spread;

  constructor(present: PresentSegment, answers: Spread) {
    this.#present = present;
    this.#table = present.table;
    this.#clock = present.clock;
    this.#answers = answers;
  }

  /** Silence of one side while the other waits for it. */
  stall(kind: number, silent: number, since: number): void {
    const { words, at, times, timesAt } = this.#table;
    const now = this.#clock[0] as number;
    words[at + STALLS] = (words[at + STALLS] as number) + 1;
    this.#present.event(kind === STALL_NO_ACK ? SILENCE_ENDED : ANSWERED_LATE, silent);
    if (now - since <= (times[timesAt + STALL_LONGEST] as number)) return;
    times[timesAt + STALL_LONGEST] = now - since;
    times[timesAt + STALL_BEGAN] = since;
    words[at + STALL_PACKET] = this.#present.packet;
    words[at + STALL_KIND] = kind | (silent === 1 ? STALL_BY_1 : 0);
  }

  /** Times what the server needs: from the newest data of the client to the first of the server. */
  ask(direction: number): void {
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
    if (((words[at + FLAGS] as number) & FLOW_COPY) === 0) this.#answers.add(took);
    if (took >= STALL_NS) this.stall(STALL_NO_ANSWER, direction, asked);
  }

  /** Ends the time for which a window was full, once its right edge has moved. */
  unfill(own: number, other: number, acknowledged: number, window: number): void {
    const { words, times } = this.#table;
    const now = this.#clock[0] as number;
    const edge = acknowledged + (window << (words[own + SCALE] as number));
    if (((edge - (words[other + NEXT_SEQUENCE] as number)) | 0) <= 0) return;
    const since = times[(other >> 1) + FULL_SINCE] as number;
    times[(other >> 1) + FULL_SINCE] = 0;
    times[(other >> 1) + FULL_NS] = (times[(other >> 1) + FULL_NS] as number) + Math.max(0, now - since);
  }

  /** Counts the time for which a window is closed. */
  window(ownTimes: number, window: number, plain: boolean, direction: number): void {
    const { times } = this.#table;
    const now = this.#clock[0] as number;
    if (window === 0) {
      if (!plain) return;
      times[ownTimes + ZERO_SINCE] = now;
      this.#present.event(WINDOW_CLOSED, direction);
      return;
    }
    const since = times[ownTimes + ZERO_SINCE] as number;
    if (since === 0) return;
    times[ownTimes + ZERO_NS] = (times[ownTimes + ZERO_NS] as number) + Math.max(0, now - since);
    times[ownTimes + ZERO_SINCE] = 0;
    this.#present.event(WINDOW_OPENED, direction);
  }
}
