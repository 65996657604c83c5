import type { ReportFile } from "#src/core/report.ts";
import { type Message, section } from "./blocks.ts";
import { bold, code, codeBlock, dayAndClock, safe } from "./mrkdwn.ts";
import type { Withheld, Wording } from "./words.ts";

/** `captures/nc-4f2a/merged.pcapng` → `nc-4f2a-merged.pcapng`. */
export const fileName = ({ key }: ReportFile): string => key.split("/").slice(1).join("-");

export const sizeText = (bytes: number): string =>
  bytes < 100_000 ? `${Math.ceil(bytes / 100) / 10} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** One argument after the other, nothing in them that a shell would read: keys are made of check ids and plain words. */
export const fetchCommand = (file: ReportFile): string =>
  `npm run -s netcheck -- artifact get ${file.key} -o ${fileName(file)}`;

const kindText = ({ payload }: ReportFile, { file }: Wording): string => (payload ? file.payload : file.headers);

/** What it is, without markup: the alternative text of a posted file. */
export const fileTitle = (file: ReportFile, wording: Wording): string =>
  `${wording.file.title[file.holds]}: ${sizeText(file.bytes)}, ${kindText(file, wording)}`;

const factsOf = (name: string, file: ReportFile, wording: Wording): string =>
  [name, sizeText(file.bytes), kindText(file, wording), `sha256 ${code(file.sha256)}`].join(" · ");

/** What stands above a file that is posted. */
export function fileComment(file: ReportFile, wording: Wording): string {
  return `${bold(wording.file.title[file.holds])}\n${factsOf(code(fileName(file)), file, wording)}`;
}

/** A file with an address at which everybody may fetch it until `untilMs`. */
export function drawLink(file: ReportFile, { url, untilMs }: { url: string; untilMs: number }, wording: Wording) {
  const link = `<${safe(url)}|${safe(fileName(file))}>`;
  const lines = [
    bold(wording.file.title[file.holds]),
    factsOf(link, file, wording),
    wording.file.linkUntil(dayAndClock(untilMs)),
  ];
  return { text: fileTitle(file, wording), blocks: [section(lines.join("\n"))] } satisfies Message;
}

/** A file that is only named: why, and how those fetch it who may. */
export function drawWithheld(file: ReportFile, why: Withheld, wording: Wording): Message {
  const lines = [
    bold(wording.file.title[file.holds]),
    factsOf(code(file.key), file, wording),
    `${wording.file.because[why]} ${wording.file.command}`,
    codeBlock(fetchCommand(file)),
  ];
  return { text: fileTitle(file, wording), blocks: [section(lines.join("\n"))] };
}
