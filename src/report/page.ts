import type { Cause, Report } from "#src/core/report.ts";
import type { Language } from "#src/core/sentence.ts";
import { durationText } from "#src/core/units.ts";
import { capturedOf } from "./captured.ts";
import { fetchCommand, fileTitle } from "./files.ts";
import { everyClearedLine, gapLines, unknownLines } from "./groups.ts";
import { askedPath, latencyText, lossText, outcomesText, probesSent } from "./measured.ts";
import { utcClock, utcDay } from "./mrkdwn.ts";
import { partText, thousands } from "./numbers.ts";
import { readablePlace } from "./places.ts";
import { type Wording, wordings } from "./words.ts";

type Options = {
  /** Pictures of the report's charts, in their order: `data:image/png;base64,…` with alternative text. */
  readonly charts?: readonly { readonly dataUri: string; readonly alt: string }[];
  readonly language?: Language;
};

const STYLE = `:root{color-scheme:light dark;--text:#1f2328;--soft:#59636e;--card:#fff;--back:#f6f8fa;--line:#d1d9e0;--good:#1a7f37;--bad:#cf222e;--warn:#9a6700}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--soft:#9da7b1;--card:#1f2328;--back:#14171a;--line:#343b43;--good:#3fb950;--bad:#ff5c5c;--warn:#d29922}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);margin:0;padding:1.5rem}
main{max-width:60rem;margin:auto}h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
section,header{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem;margin-bottom:1rem}
.healthy h1{color:var(--good)}.degraded h1,.partial h1{color:var(--warn)}.broken h1,.failed h1{color:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}dt{color:var(--soft)}dd{margin:0}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-top:1px solid var(--line)}
th{color:var(--soft);font-weight:600}pre{background:var(--back);padding:.6rem;overflow-x:auto;border-radius:6px}img{max-width:100%;border-radius:8px}.soft{color:var(--soft)}`;

/** The report as one page that needs nothing from elsewhere, in light and dark. All text from clusters is escaped. */
export function renderHtml(report: Report, { charts = [], language = "en" }: Options = {}): string {
  const wording = wordings[language];
  const [cause] = report.causes;
  const place =
    cause === undefined ? `${report.from} → ${report.to}` : wording.at(cause.title, readablePlace(cause.where));
  const title = wording.about(wording.status[report.status], place);
  const { startMs, endMs } = report.window;
  return `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${html(`${report.check} ${title}`)}</title><style>${STYLE}</style></head><body><main>
<header class="${report.status}"><h1>${html(title)}</h1><p><strong>${html(report.verdict)}</strong></p>${
    cause?.advice[0] === undefined ? "" : `<p>${html(wording.about(wording.doNext, cause.advice[0]))}</p>`
  }</header>
<section><dl>${facts(report, wording)
    .map(([name, text]) => `<dt>${html(name)}</dt><dd>${html(text)}</dd>`)
    .join("")}</dl></section>
${charts.map(({ dataUri, alt }) => `<p><img src="${html(dataUri)}" alt="${html(alt)}"></p>`).join("\n")}
${report.causes.length === 0 ? "" : `<h2>${html(wording.causes(report.causes.length))}</h2>`}
${report.causes.map((one, index) => causeSection(one, index + 1, wording)).join("\n")}
<h2>${html(wording.checklist({ found: report.causes.length, unknown: report.unknown.length, gaps: report.gaps.length, cleared: report.cleared.length }))}</h2>
${table(
  [wording.checkColumn, wording.resultColumn, wording.detailColumn],
  [
    ...report.causes.map((one) => [
      one.title,
      wording.found,
      wording.about(readablePlace(one.where), one.because[0] ?? ""),
    ]),
    ...unknownLines(report, wording).map(({ name, detail }) => [name, wording.unknown, detail]),
    ...gapLines(report, wording).map(({ name, detail }) => [name, wording.gap, detail]),
    ...everyClearedLine(report, wording).map(({ name, detail }) => [name, wording.clear, detail]),
  ],
)}
${capturedSection(report, wording)}
<h2>${html(wording.measured)}</h2>
${table(
  ["", wording.path, wording.loss, wording.latency],
  report.measurements.map((one) => [
    one.probe,
    `${one.from} → ${one.to}`,
    `${thousands(one.lost)}/${thousands(one.sent)} (${partText(one.lost, one.sent)})`,
    [latencyText(one, wording), one.outcomes === undefined ? "" : outcomesText(one.outcomes, wording)]
      .filter(Boolean)
      .join(" · "),
  ]),
)}
<p class="soft">${html(`${report.check} · ${report.command} · ${utcDay(startMs)} ${wording.fromTo(utcClock(startMs), utcClock(endMs))}`)}</p>
</main></body></html>
`;
}

function facts(report: Report, wording: Wording): readonly (readonly [string, string])[] {
  const ping = askedPath(report, "ping");
  const tcp = askedPath(report, "tcp");
  const main = ping ?? tcp;
  const { startMs, endMs } = report.window;
  return [
    [wording.path, `${report.from} → ${report.to} (${report.cluster})`],
    [wording.loss, main === undefined ? wording.notMeasured : lossText(main, wording)],
    [wording.latency, main === undefined ? wording.notMeasured : latencyText(main, wording)],
    [wording.tcp, tcp?.outcomes === undefined ? wording.notMeasured : outcomesText(tcp.outcomes, wording)],
    [wording.window, `${durationText(endMs - startMs)}, ${wording.probes(thousands(probesSent(report)))}`],
    [wording.coverage, report.coverage.text],
    ...(report.dataPlanes ?? []).map(({ text }) => [wording.dataPlanes, text] as const),
  ];
}

function causeSection(cause: Cause, rank: number, wording: Wording): string {
  const explains = cause.explains.map((one) =>
    wording.about(wording.at(wording.cause(one.cause), readablePlace(one.where)), one.because[0] ?? ""),
  );
  const list = (name: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : `<p>${html(name)}</p><ul>${lines.map((line) => `<li>${html(line)}</li>`).join("")}</ul>`;
  const confirm =
    cause.confirm.length === 0 ? "" : `<p>${html(wording.confirm)}</p><pre>${html(cause.confirm.join("\n"))}</pre>`;
  const sure = wording.sure(wording.confidence[cause.confidence]);
  return `<section><h3>${rank}. ${html(cause.title)}</h3><p class="soft">${html(`${readablePlace(cause.where)} · ${sure}`)}</p>${list(wording.because, cause.because)}${list(wording.against, cause.against)}${list(wording.explains, explains)}${list(wording.doNext, cause.advice)}${confirm}</section>`;
}

function capturedSection(report: Report, wording: Wording): string {
  const captured = capturedOf(report, wording);
  if (!captured) return "";
  const { title, ways, missing } = captured;
  const items = (lines: readonly string[]): string => lines.map((line) => `<li>${html(line)}</li>`).join("");
  const rest = missing.length === 0 ? "" : `<p>${html(wording.notWhole)}</p><ul>${items(missing)}</ul>`;
  const files = (report.files ?? []).map(
    (file) => `<p>${html(fileTitle(file, wording))}</p><pre>${html(fetchCommand(file))}</pre>`,
  );
  return `<h2>${html(title)}</h2>\n<section><ul>${items(ways)}</ul>${rest}${files.join("")}</section>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: "th" | "td", row: readonly string[]): string =>
    row.map((text) => `<${tag}>${html(text)}</${tag}>`).join("");
  return `<section class="wide"><table><thead><tr>${cells("th", head)}</tr></thead><tbody>${rows
    .map((row) => `<tr>${cells("td", row)}</tr>`)
    .join("")}</tbody></table></section>`;
}

function html(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
