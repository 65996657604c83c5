import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import type { PresentSegment } from "./present-segment.ts";
import { MISSING } from "./time-lines.ts";

const { HOLED, HOLES, HOLES_END, HOLES_LOST, UNSEEN } = layout;

/** What a capture that begins in mid-flow may have missed: half of the sequence numbers that compare as "before". */
const BEFORE = 1 << 30;

/** Bytes that the capture lacks so far, of up to three places in each direction: on their way, lost, or missed by the recorder. */
export class MissingData {
  readonly #present: PresentSegment;
  readonly #table: FlowTable;

  constructor(present: PresentSegment) {
    this.#present = present;
    this.#table = present.table;
  }

  /** A direction begins in mid-flow: what was sent before may still arrive. */
  begin(own: number, sequence: number): void {
    const { words } = this.#table;
    words[own + HOLES] = (sequence - BEFORE) | 0;
    words[own + HOLES + 1] = sequence;
  }

  /** Remembers that bytes are missing between two sequence numbers; answers the state bit of holes without room. */
  add(own: number, from: number, to: number, direction: number): number {
    const { words } = this.#table;
    this.#present.event(MISSING, direction);
    for (let hole = own + HOLES; hole < own + HOLES_END; hole += 2)
      if (words[hole] === words[hole + 1]) {
        words[hole] = from;
        words[hole + 1] = to;
        return HOLED;
      }
    return HOLED | HOLES_LOST;
  }

  /** True when some of these bytes were missing. They are not any more. */
  fills(own: number, from: number, to: number): boolean {
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

  /** What is acknowledged was not missing at the other side; `all` tells that nothing is outstanding any more. */
  acknowledge(other: number, acknowledged: number, all: boolean): void {
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
      if (((to - from) | 0) !== BEFORE) this.unseen();
      words[hole] = to;
    }
    if (all) words[other] = (words[other] as number) & ~HOLES_LOST;
    if (!holed && ((words[other] as number) & HOLES_LOST) === 0) words[other] = (words[other] as number) & ~HOLED;
  }

  /** Data was acknowledged although the capture lacks it: the recorder missed packets, the network did not. */
  unseen(): void {
    const { words, at } = this.#table;
    words[at + UNSEEN] = (words[at + UNSEEN] as number) + 1;
  }
}
