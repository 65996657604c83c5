import { areas, outcomeOf, type Step } from "./step.ts";

const marks = { ok: "ok", failed: "FAILED", skipped: "-" } as const;
const colours = { ok: 32, failed: 31, skipped: 2 } as const;
const WIDEST_STEP = 40;

/** The steps as a table, by area; of a failed one also what was done and expected, and what to do. Last, how many there are. */
export function stepsText(steps: readonly Step[], { colour }: { readonly colour: boolean }): string {
  const paint = (text: string, code: number) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const wide = Math.min(WIDEST_STEP, Math.max(0, ...steps.map(({ step }) => step.length)));
  const line = ({ step, status, did, expected, seen, remedy }: Step): string => {
    const first = `  ${paint(marks[status].padEnd(6), colours[status])}  ${inOneLine(step).padEnd(wide)}  ${inOneLine(seen)}`;
    if (status !== "failed") return first;
    const more = [`did: ${did}; expected: ${expected}`, ...(remedy === undefined ? [] : [`→ ${remedy}`])];
    return [first, ...more.map((text) => `          ${inOneLine(text)}`)].join("\n");
  };
  const parts = areas.flatMap((area) => {
    const here = steps.filter((step) => step.area === area);
    return here.length === 0 ? [] : [`${area}\n${here.map(line).join("\n")}`];
  });
  const count = (wanted: Step["status"]): number => steps.filter(({ status }) => status === wanted).length;
  const passed = outcomeOf(steps) === "passed";
  const end = `${passed ? "Passed" : "Failed"}: ${count("ok")} ok, ${count("failed")} failed, ${count("skipped")} not tried.`;
  return `${parts.join("\n")}\n${paint(end, passed ? colours.ok : colours.failed)}\n`;
}

/** Servers' words may have line breaks and control characters. */
const inOneLine = (text: string): string => text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
