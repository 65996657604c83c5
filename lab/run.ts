import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { placeText } from "#src/core/place.ts";
import type { Report } from "#src/core/report.ts";
import { readStored, reportOf } from "#src/store/stored-check.ts";
import { type LoadedScenario, loadScenario } from "./cluster/scenario.ts";
import { varied } from "./cluster/vary.ts";
import { judge } from "./judge.ts";
import { type Played, playCommand } from "./play.ts";
import { startSession } from "./session.ts";

/** One line of `lab run` (DESIGN §8); `where` in the short notation of scenario files. */
type Line = {
  readonly scenario: string;
  readonly expected: LoadedScenario["expect"];
  readonly got: readonly { readonly cause: string; readonly where: string; readonly confidence: string }[];
  readonly pass: boolean;
  readonly wrong: readonly string[];
  readonly seconds: number;
  readonly report?: Report;
  readonly timings?: Played["timings"];
  /** Where the stored check lies, for `netcheck replay`: when it was to be kept, or the answer was not as expected. */
  readonly stored?: string;
};

export type RunOptions = {
  /** Each play is in a cluster of its own making (vary.ts): the n-th run with seed + n. */
  readonly seed?: number | undefined;
  /** The folder where every stored check is kept, as `keptAs` names it. */
  readonly keep?: string | undefined;
};

/** The name of the kept check of a play; `number` is its seed, and counts from 0 where nothing is varied. */
export const keptAs = (scenario: string, number: number): string => `${scenario}-${number}.json.gz`;

/**
 * Plays scenario files one after the other, each on a cluster, a Slack and a netcheck of its own.
 * Every file is read before the first is played, so that a typing mistake in the last does not cost an hour.
 * Returns 0 when all went as expected, 1 otherwise.
 */
export async function runScenarios(files: readonly string[], { seed, keep }: RunOptions = {}): Promise<0 | 1> {
  const scenarios = await Promise.all(files.map((file) => loadScenario(file)));
  let passed = 0;
  let played = 0;
  for (const scenario of scenarios) {
    for (let run = 0; run < scenario.repeat; run++) {
      const kept = keep === undefined ? undefined : join(keep, keptAs(scenario.scenario, (seed ?? 0) + played));
      const line = await playScenario(seed === undefined ? scenario : varied(scenario, seed + played), kept);
      played++;
      if (line.pass) passed++;
      process.stdout.write(`${JSON.stringify(line)}\n`);
      const named = line.got.map((one) => `${one.cause} at ${one.where} (${one.confidence})`).join(", ") || "no cause";
      process.stderr.write(
        `${line.pass ? "pass" : "FAIL"}  ${line.scenario}  ${line.seconds.toFixed(0)} s  ${named}` +
          `${line.wrong.length > 0 ? `  [${line.wrong.join("; ")}]` : ""}\n`,
      );
    }
  }
  process.stderr.write(`${passed} of ${played} as expected\n`);
  return passed === played ? 0 : 1;
}

/** Counts the runs of this process, because several may be played at once. */
let runs = 0;

/** `kept`: where a copy of the stored check is put. */
export async function playScenario(scenario: LoadedScenario, kept?: string): Promise<Line> {
  const started = performance.now();
  const base = { scenario: scenario.scenario, expected: scenario.expect };
  const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
  try {
    await using after = new AsyncDisposableStack();
    await using session = await startSession({ name: `run-${process.pid}-${++runs}`, topology: scenario.topology });
    const { cluster } = session.lab;
    await using around = new AsyncDisposableStack();
    for (const traffic of scenario.traffic) around.use(await cluster.startTraffic(traffic));
    if (scenario.noise !== undefined) around.use(await cluster.startNoise(scenario.noise));
    around.use(await cluster.fault.schedule(scenario.faults));
    const { check, report, timings } = await playCommand(session, scenario.command, { timeoutMs: scenario.timeoutMs });
    const path = join(session.folder, "history", check, "check.json.gz");
    const stored = existsSync(path) ? path : undefined;
    const judgement = judge(scenario.expect, report, await replayed(stored));
    if (stored !== undefined && kept !== undefined) {
      mkdirSync(dirname(kept), { recursive: true });
      copyFileSync(stored, kept);
    }
    const lies = kept ?? (judgement.pass ? undefined : stored);
    // Logs and evidence of a run are of use only when the answer was wrong.
    if (judgement.pass) after.defer(() => rmSync(session.folder, { recursive: true, force: true }));
    return {
      ...base,
      got: report.causes.map(({ cause, where, confidence }) => ({ cause, where: placeText(where), confidence })),
      ...judgement,
      seconds: seconds(),
      ...{ report, timings },
      ...(stored === undefined || lies === undefined ? {} : { stored: lies }),
    };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ...base, got: [], pass: false, wrong: [`could not be played: ${text}`], seconds: seconds() };
  }
}

/** What the stored check says when it is replayed; undefined when nothing was measured. */
async function replayed(stored: string | undefined): Promise<Report | undefined> {
  return stored === undefined ? undefined : JSON.parse(JSON.stringify(reportOf(await readStored(stored))));
}
