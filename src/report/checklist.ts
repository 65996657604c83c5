import type { Report } from "#src/core/report.ts";
import { header, type Message, table } from "./blocks.ts";
import { clearedLines, gapLines, type Line, unknownLines } from "./groups.ts";
import { cut, LIMITS } from "./limits.ts";
import { readablePlace } from "./places.ts";
import type { Wording } from "./words.ts";

const MAX_NAME = 90;
/** Longest detail of a row; a layer's row names all of its causes. */
const MAX_DETAIL = 240;
const MAX_LAYER = 600;
/** JSON of all rows together; leaves room for what is around them, and for the row that says how many are left out. */
const MAX_JSON = 9_500;

type Row = readonly [name: string, result: string, detail: string];

/**
 * What was looked at, worst first: found, undecided, not measured, ruled out. What lacks the same or lies in the same
 * layer shares a row. Results stand in words.
 */
export function drawChecklist(report: Report, wording: Wording): Message {
  const { causes, unknown, gaps, cleared } = report;
  const title = wording.checklist({
    found: causes.length,
    unknown: unknown.length,
    gaps: gaps.length,
    cleared: cleared.length,
  });
  const found = causes.map((one) => ({
    name: one.title,
    detail: wording.about(readablePlace(one.where), one.because[0] ?? ""),
    of: 1,
  }));
  const rows = [
    ...fitting(found, wording.found, 3_500, wording),
    ...fitting(unknownLines(report, wording), wording.unknown, 2_500, wording),
    ...fitting(gapLines(report, wording), wording.gap, 2_500, wording),
  ];
  const left = MAX_JSON - size(rows);
  return {
    text: title,
    blocks: [
      header(title),
      table([
        [wording.checkColumn, wording.resultColumn, wording.detailColumn],
        ...rows,
        ...fitting(clearedLines(report, wording), wording.clear, left, wording),
      ]),
    ],
  };
}

/** As many lines as fit into the budget, and a last one with the number of things left out. */
function fitting(lines: readonly Line[], result: string, budget: number, wording: Wording): readonly Row[] {
  const rows: Row[] = [];
  for (const [index, { name, detail, of }] of lines.entries()) {
    const row: Row = [cut(name, MAX_NAME), result, cut(detail, of > 1 ? MAX_LAYER : MAX_DETAIL)];
    if (size([...rows, row]) > budget || rows.length >= LIMITS.tableRows / 5) {
      const left = lines.slice(index).reduce((sum, line) => sum + line.of, 0);
      return [...rows, [wording.more(left), result, ""]];
    }
    rows.push(row);
  }
  return rows;
}

/** What the rows cost in a message: Slack counts the JSON. */
const size = (rows: readonly Row[]): number => JSON.stringify(rows).length + rows.length * CELLS;
const CELLS = 3 * '{"type":"raw_text","text":""},'.length;
