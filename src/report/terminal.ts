import type { Cause, Report } from "#src/core/report.ts";
import { durationText } from "#src/core/units.ts";
import { capturedOf } from "./captured.ts";
import { chartLines } from "./chart-words.ts";
import { fetchCommand, fileTitle } from "./files.ts";
import { everyClearedLine, gapLines, unknownLines } from "./groups.ts";
import { askedPath, latencyText, lossText, type Measurement, outcomesText, probesSent } from "./measured.ts";
import { utcClock, utcDay } from "./mrkdwn.ts";
import { partText, thousands } from "./numbers.ts";
import { readablePlace } from "./places.ts";
import { columns as columnsOf, pad, wrap } from "./width.ts";
import { type Wording, wordings } from "./words.ts";

type Options = {
  /** Width of the terminal in columns. */
  readonly columns?: number;
  /** ANSI colours; the words say the same without them. */
  readonly colour?: boolean;
  readonly wording?: Wording;
};

const STATUS_COLOURS = { healthy: 32, degraded: 33, broken: 31, partial: 33, failed: 31 } as const;
const MAX_MEASUREMENTS = 40;

/** The report for a terminal: what is wrong, where, how sure, what to do; then the numbers and what was ruled out. */
export function renderText(
  report: Report,
  { columns = 96, colour = false, wording = wordings.en }: Options = {},
): string {
  const ansi = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines: string[] = [];
  const heading = (text: string): void => void lines.push("", ansi(1, printable(text)));
  const paragraph = (text: string, indent = "", first = indent): void =>
    void lines.push(...wrap(printable(text), columns, indent, first));
  const row = (name: string, text: string): void => paragraph(text, " ".repeat(14), `  ${pad(name, 12)}`);

  const [cause] = report.causes;
  const place =
    cause === undefined ? `${report.from} → ${report.to}` : wording.at(cause.title, readablePlace(cause.where));
  lines.push(
    ansi(1, ansi(STATUS_COLOURS[report.status], printable(wording.about(wording.status[report.status], place)))),
  );
  paragraph(report.verdict);
  if (cause?.advice[0] !== undefined) paragraph(wording.about(wording.doNext, cause.advice[0]));
  for (const note of report.notes ?? []) paragraph(note);

  lines.push("");
  const main = askedPath(report, "ping") ?? askedPath(report, "tcp");
  const tcp = askedPath(report, "tcp");
  row(wording.path, `${report.from} → ${report.to} (${report.cluster})`);
  row(wording.loss, main === undefined ? wording.notMeasured : lossText(main, wording));
  row(wording.latency, main === undefined ? wording.notMeasured : latencyText(main, wording));
  if (tcp?.outcomes !== undefined) row(wording.tcp, outcomesText(tcp.outcomes, wording));
  const { startMs, endMs } = report.window;
  row(
    wording.window,
    `${utcDay(startMs)} ${wording.fromTo(utcClock(startMs), utcClock(endMs))} (${durationText(endMs - startMs)})`,
  );
  row(wording.coverage, report.coverage.text);
  for (const { text } of report.dataPlanes ?? []) row(wording.dataPlanes, text);

  if (report.causes.length > 0) heading(wording.causes(report.causes.length));
  for (const [index, one] of report.causes.entries()) causeText(one, index + 1, wording, paragraph);

  for (const chart of report.charts) {
    const drawn = chartLines(chart, wording, columns);
    if (drawn.length === 0) continue;
    heading(chart.title);
    lines.push(...drawn.map(printable));
  }

  const lists = [
    [wording.unknown, unknownLines(report, wording), wording.about],
    [wording.gap, gapLines(report, wording), wording.at],
    [wording.clear, everyClearedLine(report, wording), wording.about],
  ] as const;
  for (const [name, all, joined] of lists) {
    if (all.length === 0) continue;
    heading(name);
    for (const { name: about, detail } of all) paragraph(joined(about, detail), "    ", "  - ");
  }
  const captured = capturedOf(report, wording);
  if (captured) {
    heading(captured.title);
    for (const line of captured.ways) paragraph(line, "    ", "  ");
    if (captured.missing.length > 0) paragraph(wording.notWhole, "  ");
    for (const line of captured.missing) paragraph(line, "    ", "  - ");
    for (const file of report.files ?? []) {
      paragraph(fileTitle(file, wording), "    ", "  ");
      paragraph(unbroken(fetchCommand(file)), "      ", "    $ ");
    }
  }
  if (report.measurements.length > 0) {
    heading(wording.measured);
    lines.push(...measurementRows(report.measurements.slice(0, MAX_MEASUREMENTS), wording, columns));
    const more = report.measurements.length - MAX_MEASUREMENTS;
    if (more > 0) paragraph(wording.more(more), "  ");
  }
  lines.push("", `${report.check} · ${wording.probes(thousands(probesSent(report)))}`);
  return `${lines.join("\n")}\n`;
}

/** Commands to copy stay on one line. */
const unbroken = (command: string): string => command.replaceAll(" ", "\u00a0");

type Paragraph = (text: string, indent?: string, first?: string) => void;

function causeText(cause: Cause, rank: number, wording: Wording, paragraph: Paragraph): void {
  const head = `${cause.title} · ${readablePlace(cause.where)} · ${wording.sure(wording.confidence[cause.confidence])}`;
  paragraph(head, "     ", `  ${rank}. `);
  const explains = cause.explains.map((one) =>
    wording.about(wording.at(wording.cause(one.cause), readablePlace(one.where)), one.because[0] ?? ""),
  );
  for (const [name, lines, mark] of [
    [wording.because, cause.because, "- "],
    [wording.against, cause.against, "- "],
    [wording.explains, explains, "- "],
    [wording.doNext, cause.advice, "- "],
    [wording.confirm, cause.confirm, "$ "],
  ] as const) {
    if (lines.length === 0) continue;
    paragraph(wording.about(name, "").trim(), "     ");
    for (const line of lines) paragraph(mark === "$ " ? unbroken(line) : line, "         ", `       ${mark}`);
  }
}

function measurementRows(all: readonly Measurement[], wording: Wording, columns: number): readonly string[] {
  const cells = all.map((one) => [
    one.probe,
    `${one.from} → ${one.to}`,
    `${one.lost}/${one.sent} ${partText(one.lost, one.sent)}`,
    one.outcomes === undefined ? latencyText(one, wording) : outcomesText(one.outcomes, wording),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => columnsOf(row[column] ?? ""))));
  return cells.map((row) =>
    `  ${row.map((cell, column) => pad(printable(cell), widths[column] ?? 0)).join("  ")}`
      .trimEnd()
      .slice(0, Math.max(columns, 80)),
  );
}

/** Text from a cluster must not move the cursor or change colours. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, " ");
