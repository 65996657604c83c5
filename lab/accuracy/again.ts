import { existsSync } from "node:fs";
import type { Report } from "#src/core/report.ts";
import { readStored, reportOf } from "#src/store/stored-check.ts";
import { type Expectation, judge } from "../judge.ts";
import { namedIn, type Played } from "./played.ts";

/**
 * A play as today's rules see what was measured in it, which `check` keeps; undefined when it was not kept. What was
 * expected stays, and so do the times. Throws a `NetcheckError` when the file is no stored check.
 */
export async function judgedAgain(
  played: Played,
  { check, expected, version }: { readonly check: string; readonly expected: Expectation; readonly version: string },
): Promise<Played | undefined> {
  if (!existsSync(check)) return undefined;
  const report: Report = reportOf(await readStored(check));
  const { pass, wrong } = judge({ ...expected, causes: played.expected }, report);
  return {
    ...played,
    judged: version,
    named: namedIn(report, played.expected),
    ...{ pass, wrong: [...wrong], verdict: report.verdict },
  };
}
