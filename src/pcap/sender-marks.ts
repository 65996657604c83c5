import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import * as packetRegisters from "./packet-registers.ts";
import type { PresentSegment } from "./present-segment.ts";
import { stampOf } from "./tcp-options.ts";

const { IP_ID } = packetRegisters;
const { ID, NUMBERED, STAMPED, TSVAL } = layout;

/** IP IDs and ticks of time stamps by which a reset may differ from the data before it and still be of the same sender. */
const IDS_BACK = 64;
const IDS_AHEAD = 1 << 14;
const TICKS_BACK = 1_000;
const TICKS_AHEAD = 1e7;

/** So near to the ID before it, a zero is the count that has come round; a sender that does not count sends nothing else. */
const IDS_ROUND = 1_024;

/** Which of two segments left first. */
export const UNKNOWN = 0;
export const OLDER = -1;
export const NEWER = 1;
export const SAME = 2;

/**
 * What a sender puts on its segments that says in which order they left: time stamps (RFC 7323) and IP IDs, of which the
 * slot keeps those of the newest data.
 */
export class SenderMarks {
  readonly #present: PresentSegment;
  readonly #table: FlowTable;
  /** Time stamp of the segment that was compared last, less that of the newest one before it. */
  ticks = 0;

  constructor(present: PresentSegment) {
    this.#present = present;
    this.#table = present.table;
  }

  /** Which of this data segment and the newest one left first: by TSval, and by IP ID within one tick of it. */
  order(registers: Int32Array, at: number, header: number, end: number, own: number, state: number): number {
    const { words } = this.#table;
    let same = UNKNOWN;
    this.ticks = 0;
    const stamp = (state & STAMPED) === 0 ? 0 : stampOf(this.#present.view, at, header, end);
    if (stamp !== 0) {
      const difference = (stamp - (words[own + TSVAL] as number)) | 0;
      this.ticks = difference;
      if (difference !== 0) return difference < 0 ? OLDER : NEWER;
      same = SAME;
    }
    const id = registers[IP_ID] as number;
    if (!isNumber(id, words[own + ID] as number, state)) return same;
    const difference = idsAfter(id, words[own + ID] as number);
    if (difference === 0) return SAME;
    return difference < 0 ? OLDER : NEWER;
  }

  /** Remembers the marks of the newest data segment; answers the state. */
  note(registers: Int32Array, at: number, header: number, end: number, own: number, before: number): number {
    const { words } = this.#table;
    let state = before & ~(STAMPED | NUMBERED);
    const stamp = stampOf(this.#present.view, at, header, end);
    if (stamp !== 0) {
      words[own + TSVAL] = stamp;
      state |= STAMPED;
    }
    const id = registers[IP_ID] as number;
    if (id > 0 || isNumber(id, words[own + ID] as number, before)) {
      words[own + ID] = id;
      state |= NUMBERED;
    }
    return state;
  }

  /**
   * True when a reset carries an IP ID or time stamp that its side, by its data, would not. Without them it is not odd:
   * kernels send resets for connections that they have forgotten with neither.
   */
  isOdd(registers: Int32Array, at: number, header: number, end: number, own: number): boolean {
    const { words } = this.#table;
    const state = words[own] as number;
    const id = registers[IP_ID] as number;
    if (id > 0 && (state & NUMBERED) !== 0) {
      const ahead = idsAfter(id, words[own + ID] as number);
      if (ahead < -IDS_BACK || ahead > IDS_AHEAD) return true;
    }
    const stamp = (state & STAMPED) === 0 ? 0 : stampOf(this.#present.view, at, header, end);
    if (stamp === 0) return false;
    const ticks = (stamp - (words[own + TSVAL] as number)) | 0;
    return ticks < -TICKS_BACK || ticks > TICKS_AHEAD;
  }
}

/** How many IDs after `before`, on a circle of 65,536. */
function idsAfter(id: number, before: number): number {
  return ((id - before) << 16) >> 16;
}

/** True when the ID can be compared with the one before it; IPv6 has none (-1). */
function isNumber(id: number, before: number, state: number): boolean {
  if ((state & NUMBERED) === 0) return false;
  return id > 0 || (id === 0 && Math.abs(idsAfter(0, before)) <= IDS_ROUND);
}
