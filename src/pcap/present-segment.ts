import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import type { TimeLines } from "./time-lines.ts";

const { TIME_LINE } = layout;

/** The segment that is being followed, for all that have rules about it: its number, its bytes, its time and its flow. */
export class PresentSegment {
  /** Where the flow of the segment was found last. */
  readonly table: FlowTable;
  readonly lines: TimeLines;
  /** [0]: its time. Read by whoever needs it: as a parameter it would be put on the heap each time. */
  readonly clock: Float64Array;
  view: DataView = new DataView(new ArrayBuffer(0));
  packet = 0;

  constructor(table: FlowTable, lines: TimeLines, clock: Float64Array) {
    this.table = table;
    this.lines = lines;
    this.clock = clock;
  }

  /** Adds an event to the time line of the flow. */
  event(event: number, direction: number): void {
    const { words, at } = this.table;
    this.lines.add(words, at + TIME_LINE, event, direction, this.clock[0] as number, this.packet);
  }
}
