import type { Report } from "#src/core/report.ts";
import { header, type Message, table } from "./blocks.ts";
import { cut, LIMITS } from "./limits.ts";
import { readablePlace, readableSubject } from "./places.ts";
import type { Wording } from "./words.ts";

/** Longest detail of a row. */
const MAX_DETAIL = 200;
/** Characters of all cells together; leaves room for the JSON around them. */
const MAX_TEXT = 6_000;

/** What was looked at, worst first: found, undecided, not measured, ruled out. Results stand in words. */
export function drawChecklist(report: Report, wording: Wording): Message {
  const { causes, unknown, gaps, cleared } = report;
  const title = wording.checklist({
    found: causes.length,
    unknown: unknown.length,
    gaps: gaps.length,
    cleared: cleared.length,
  });
  const rows: string[][] = [
    ...causes.map((one) => [one.title, wording.found, `${readablePlace(one.where)}: ${one.because[0] ?? ""}`]),
    ...unknown.map((one) => [wording.cause(one.cause), wording.unknown, one.because]),
    ...gaps.map((one) => [one.probe, wording.gap, `${readableSubject(one.subject)}: ${one.reason}`]),
    ...cleared.map((one) => [wording.cause(one.cause), wording.clear, one.because]),
  ].map(([name = "", result = "", detail = ""]) => [cut(name, 60), result, cut(detail, MAX_DETAIL)]);
  const shown: string[][] = [];
  let characters = 0;
  for (const row of rows) {
    // Each cell costs about 40 characters of JSON besides its text.
    characters += row.join("").length + 120;
    if (characters > MAX_TEXT + 120 * 20 || shown.length >= LIMITS.tableRows - 2) break;
    shown.push(row);
  }
  if (shown.length < rows.length) shown.push([wording.more(rows.length - shown.length), "", ""]);
  return {
    text: title,
    blocks: [header(title), table([[wording.checkColumn, wording.resultColumn, wording.detailColumn], ...shown])],
  };
}
