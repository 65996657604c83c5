import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
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
  /** Where the stored check lies, for `netcheck replay`, when the answer was not as expected. */
  readonly stored?: string;
};

/**
 * Plays scenario files one after the other, each on a cluster, a Slack and a netcheck of its own.
 * Every file is read before the first is played, so that a typing mistake in the last does not cost an hour. With a seed,
 * each is played in a cluster of its own making (vary.ts): the n-th run with seed + n.
 * Returns 0 when all went as expected, 1 otherwise.
 */
export async function runScenarios(files: readonly string[], seed?: number): Promise<0 | 1> {
  const scenarios = await Promise.all(files.map((file) => loadScenario(file)));
  let passed = 0;
  let played = 0;
  for (const scenario of scenarios) {
    for (let run = 0; run < scenario.repeat; run++) {
      const line = await playScenario(seed === undefined ? scenario : varied(scenario, seed + played));
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

export async function playScenario(scenario: LoadedScenario): Promise<Line> {
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
    // Logs and evidence of a run are of use only when the answer was wrong.
    if (judgement.pass) after.defer(() => rmSync(session.folder, { recursive: true, force: true }));
    return {
      ...base,
      got: report.causes.map(({ cause, where, confidence }) => ({ cause, where: placeText(where), confidence })),
      ...judgement,
      seconds: seconds(),
      ...{ report, timings },
      ...(stored === undefined || judgement.pass ? {} : { stored }),
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
