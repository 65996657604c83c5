import { areas, type Finding } from "./finding.ts";

const marks = { well: "ok", mend: "MEND", note: "note", unseen: "-" } as const;
const colours = { well: 32, mend: 31, note: 33, unseen: 2 } as const;

/** The findings by area, each on a line of its own and its remedy on the next; at the end how many are to be mended. */
export function findingsText(findings: readonly Finding[], { colour }: { readonly colour: boolean }): string {
  const paint = (text: string, code: number) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = ({ look, status, found, remedy }: Finding): string => {
    const mark = paint(marks[status].padEnd(4), colours[status]);
    const first = `  ${mark}  ${look}: ${inOneLine(found)}`;
    return remedy === undefined ? first : `${first}\n        → ${inOneLine(remedy)}`;
  };
  const parts = areas.flatMap((area) => {
    const here = findings.filter((finding) => finding.area === area);
    return here.length === 0 ? [] : [`${area}\n${here.map(line).join("\n")}`];
  });
  const wrong = findings.filter(({ status }) => status === "mend").length;
  const end = wrong === 0 ? "Nothing to mend." : `To mend: ${wrong}.`;
  return `${parts.join("\n")}\n${paint(end, wrong === 0 ? colours.well : colours.mend)}\n`;
}

/** Servers' words may have line breaks and control characters. */
const inOneLine = (text: string): string => text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
