import { parseArgs } from "node:util";
import { terminalText } from "./check-command.ts";
import { fullText, NetcheckError } from "./core/errors.ts";
import { placeText } from "./core/place.ts";
import type { Report } from "./core/report.ts";
import { inWords } from "./core/sentence.ts";
import { readStored, reportOf } from "./store/stored-check.ts";

const usage = `Usage: npm run -s netcheck -- replay FILE… [--json]

Says what today's rules make of checks that were kept, from what was measured then; nothing is measured. FILE is
check.json.gz of a check in the history, or what \`netcheck check … --save FILE\` has written.
  --json   one JSON document per file on standard output: the report
Exit code: 0 when every report is the same as then, 1 when one is not (what differs is said on standard error), 2 when a
file is no stored check.
`;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/** `netcheck replay`. Answers the exit code. Every file is read, also behind one that is none. */
export async function replayCommand(argv: readonly string[]): Promise<number> {
  let asked: ReturnType<typeof read>;
  try {
    asked = read(argv);
  } catch (error) {
    say(`${(error as Error).message}\n${usage}`);
    return 2;
  }
  const { files, json, help } = asked;
  if (help || files.length === 0) {
    say(usage);
    return help ? 0 : 2;
  }
  let code = 0;
  for (const file of files) code = Math.max(code, await replay(file, json));
  return code;
}

function read(argv: readonly string[]) {
  const { values, positionals: files } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
  });
  return { files, ...values };
}

async function replay(file: string, json: boolean): Promise<0 | 1 | 2> {
  try {
    const { report: then, ...seen } = await readStored(file);
    // As it reads when it was kept: what JSON does not carry is no difference.
    const now: Report = JSON.parse(JSON.stringify(reportOf(seen)));
    process.stdout.write(`${json ? JSON.stringify(now) : terminalText(now, seen.request.language)}\n`);
    const changed = changes(then, now);
    for (const line of changed) say(`${file}: ${line}`);
    if (changed.length === 0) say(`${file}: the same report as then`);
    return changed.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    say(inWords(fullText(error)));
    return 2;
  }
}

/** What is said otherwise than then: first what matters to readers, else the place of the first difference. */
function changes(then: Report, now: Report): readonly string[] {
  const named = ({ causes }: Report): string =>
    causes.map(({ cause, where, confidence }) => `${cause} at ${placeText(where)} (${confidence})`).join(", ") ||
    "no cause";
  const lines: string[] = [];
  if (then.status !== now.status) lines.push(`status ${then.status} then, ${now.status} now`);
  if (named(then) !== named(now)) lines.push(`then ${named(then)}; now ${named(now)}`);
  if (lines.length > 0) return lines;
  const at = firstDifference(then, now, []);
  return at ? [`differs at ${at.join(".")}`] : [];
}

/** Keys that lead to the first value which differs between two JSON documents. */
function firstDifference(a: unknown, b: unknown, path: readonly string[]): readonly string[] | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return path;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = firstDifference((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], [
      ...path,
      key,
    ]);
    if (found) return found;
  }
  return undefined;
}
