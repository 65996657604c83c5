import type { Cause, Report } from "#src/core/report.ts";
import { durationText } from "#src/core/units.ts";
import { askedPath, latencyText, lossText, type Measurement, outcomesText, probesSent } from "./measured.ts";
import { utcClock, utcDay } from "./mrkdwn.ts";
import { partText, thousands } from "./numbers.ts";
import { readablePlace, readableSubject } from "./places.ts";
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
  const place = cause === undefined ? `${report.from} → ${report.to}` : `${cause.title}, ${readablePlace(cause.where)}`;
  lines.push(ansi(1, ansi(STATUS_COLOURS[report.status], printable(`${wording.status[report.status]}: ${place}`))));
  paragraph(report.verdict);
  if (cause?.advice[0] !== undefined) paragraph(`${wording.doNext}: ${cause.advice[0]}`);

  lines.push("");
  const main = askedPath(report, "ping") ?? askedPath(report, "tcp");
  const tcp = askedPath(report, "tcp");
  row(wording.path, `${report.from} → ${report.to} (${report.cluster})`);
  row(wording.loss, main === undefined ? wording.notMeasured : lossText(main, wording));
  row(wording.latency, main === undefined ? wording.notMeasured : latencyText(main, wording));
  if (tcp?.outcomes !== undefined) row(wording.tcp, outcomesText(tcp.outcomes));
  const { startMs, endMs } = report.window;
  row(
    wording.window,
    `${utcDay(startMs)} ${wording.fromTo(utcClock(startMs), utcClock(endMs))} (${durationText(endMs - startMs)})`,
  );
  row(wording.coverage, report.coverage.text);

  if (report.causes.length > 0) heading(wording.causes(report.causes.length));
  for (const [index, one] of report.causes.entries()) causeText(one, index + 1, wording, paragraph);

  const lists = [
    [wording.unknown, report.unknown.map((one) => `${wording.cause(one.cause)}: ${one.because}`)],
    [wording.gap, report.gaps.map((one) => `${one.probe}, ${readableSubject(one.subject)}: ${one.reason}`)],
    [wording.clear, report.cleared.map((one) => `${wording.cause(one.cause)}: ${one.because}`)],
  ] as const;
  for (const [name, all] of lists) {
    if (all.length === 0) continue;
    heading(name);
    for (const line of all) paragraph(line, "    ", "  - ");
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

type Paragraph = (text: string, indent?: string, first?: string) => void;

function causeText(cause: Cause, rank: number, wording: Wording, paragraph: Paragraph): void {
  const head = `${cause.title} · ${readablePlace(cause.where)} · ${wording.sure(wording.confidence[cause.confidence])}`;
  paragraph(head, "     ", `  ${rank}. `);
  const explains = cause.explains.map(
    (one) => `${wording.cause(one.cause)}, ${readablePlace(one.where)}: ${one.because[0] ?? ""}`,
  );
  for (const [name, lines, mark] of [
    [wording.because, cause.because, "- "],
    [wording.against, cause.against, "- "],
    [wording.explains, explains, "- "],
    [wording.doNext, cause.advice, "- "],
    [wording.confirm, cause.confirm, "$ "],
  ] as const) {
    if (lines.length === 0) continue;
    paragraph(`${name}:`, "     ");
    // Commands to copy stay on one line.
    for (const line of lines)
      paragraph(mark === "$ " ? line.replaceAll(" ", "\u00a0") : line, "         ", `       ${mark}`);
  }
}

function measurementRows(all: readonly Measurement[], wording: Wording, columns: number): readonly string[] {
  const cells = all.map((one) => [
    one.probe,
    `${one.from} → ${one.to}`,
    `${one.lost}/${one.sent} ${partText(one.lost, one.sent)}`,
    one.outcomes === undefined ? latencyText(one, wording) : outcomesText(one.outcomes),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => [...(row[column] ?? "")].length)));
  return cells.map((row) =>
    `  ${row.map((cell, column) => pad(printable(cell), widths[column] ?? 0)).join("  ")}`
      .trimEnd()
      .slice(0, Math.max(columns, 80)),
  );
}

/** Breaks at spaces; a word that is longer than a line stays whole. Non-breaking spaces become plain ones. */
function wrap(text: string, columns: number, indent: string, first: string): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else {
      line += empty ? word : ` ${word}`;
    }
    empty = false;
  }
  return [...lines, line].map((one) => one.replaceAll("\u00a0", " ").trimEnd());
}

const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - [...text].length));

/** Text from a cluster must not move the cursor or change colours. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, " ");
