import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, glob, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { z } from "zod";
import { reportSchema } from "#src/core/report.ts";
import { type LoadedScenario, loadScenario } from "../cluster/scenario.ts";
import { varied } from "../cluster/vary.ts";
import type { Expectation } from "../judge.ts";
import { keptAs } from "../run.ts";
import { judgedAgain } from "./again.ts";
import { figuresOf } from "./figures.ts";
import { accuracyPage, summaryOf } from "./page.ts";
import { kindOf, namedIn, type Played, playedSchema } from "./played.ts";

const root = new URL("../..", import.meta.url).pathname;
const usage = `Usage: npm run accuracy -- [FILE…] [options]

Plays scenario files (all of lab/scenarios where none is named) several times, each in a cluster of its own making, and writes how often netcheck
was right. What has been played stands in the results and is not played again: a run that was broken off goes on where it was.
  --runs N         plays of each scenario (5)
  --seed N         what the clusters are drawn from (1)
  --as-written     one play of each file, in the cluster that it describes
  --jobs N         plays at the same time (twice the number of CPUs)
  --results FILE   a JSON line per play (.netcheck/accuracy.jsonl); the checks are kept in a folder beside it, for netcheck replay
  --again          play nothing: judge what was measured in the known plays by today's rules, from their kept checks
  --write FILE     the page (docs/accuracy.md)
  --before FILE    results of an earlier version, whose confidence words are shown beside these
  --first FILE     results of files that were new to the rules and played once, as written
Exit code: 0 when all was as expected, 1 when not, 2 when a scenario could not be read or played.
`;

class UsageError extends Error {}

type Asked = {
  readonly files: readonly string[];
  readonly runs: number;
  readonly seed: number;
  readonly jobs: number;
  readonly results: string;
  readonly again: boolean;
  readonly write: string;
  readonly before: string | undefined;
  readonly first: string | undefined;
};

/** The seed of a play that is not varied. */
const AS_WRITTEN = 0;

type Job = { readonly scenario: LoadedScenario; readonly seed: number };

/** The commit that is played; outside of a checkout nobody knows. */
function versionOf(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty", "--exclude=*"], {
      cwd: root,
      encoding: "utf8",
    }).trim();
  } catch {
    return "unknown";
  }
}

const say = (text: string): boolean => process.stderr.write(`${text}\n`);
const version = versionOf();

async function main(argv: readonly string[]): Promise<number> {
  const asked = await read(argv);
  if (!asked) {
    say(usage);
    return 0;
  }
  const scenarios = (await Promise.all(asked.files.map((file) => loadScenario(file)))).filter(
    ({ expect }) => expect.causes !== undefined,
  );
  const names = scenarios.map(({ scenario }) => scenario);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`two files are named "${twice}"; plays are counted by name`);
  await mkdir(dirname(asked.results), { recursive: true });
  const jobs = jobsOf(scenarios, asked);
  if (asked.again) await judgeAgain(jobs, asked);
  const known = await playsIn(asked.results);
  const keyed = new Map(known.map((one) => [keyOf(one.scenario, one.seed), one]));
  const open = jobs.filter(({ scenario, seed }) => !keyed.has(keyOf(scenario.scenario, seed)));
  say(`${jobs.length} plays, ${jobs.length - open.length} of them known; ${asked.jobs} at the same time`);
  const unplayed = await playAll(asked.again ? [] : open, asked, (played) =>
    keyed.set(keyOf(played.scenario, played.seed), played),
  );
  const plays = jobs.flatMap(({ scenario, seed }) => keyed.get(keyOf(scenario.scenario, seed)) ?? []);
  const figures = figuresOf(plays);
  const again = plays.filter(({ judged }) => judged !== undefined);
  const source = {
    day: new Date().toISOString().slice(0, 10),
    versions: [...new Set(plays.map((one) => one.version))],
    judged: { plays: again.length, versions: [...new Set(again.map(({ judged }) => judged ?? ""))] },
    ...{ seed: asked.seed, runs: asked.runs, wanted: scenarios.length, unplayed },
    ...(!asked.again && {
      machine: `${availableParallelism()} CPUs, ${asked.jobs} plays at the same time, load ${(loadavg()[1] ?? 0).toFixed(0)}`,
    }),
  };
  const before = asked.before === undefined ? undefined : figuresOf(await playsIn(asked.before));
  const first = asked.first === undefined ? [] : await playsIn(asked.first);
  await writeFile(asked.write, accuracyPage(figures, source, { before, first }));
  say(`${relative(process.cwd(), asked.write)} is written.`);
  process.stdout.write(`${summaryOf(figures)}\n`);
  if (unplayed.length > 0) return 2;
  return figures.misses.length === 0 ? 0 : 1;
}

/** Undefined when help is wanted. */
async function read(argv: readonly string[]): Promise<Asked | undefined> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      ...{ runs: text, seed: text, jobs: text, results: text, write: text, before: text, first: text },
      "as-written": { type: "boolean" },
      again: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const number = (name: "runs" | "seed" | "jobs", fallback: number, most: number): number => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new UsageError(`--${name} ${values[name]}: a whole number from 1 to ${most} would be right`);
    return value;
  };
  const files =
    positionals.length > 0 ? positionals : await Array.fromAsync(glob(join(root, "lab/scenarios/**/*.yaml")));
  return {
    files: files.toSorted(),
    ...(values["as-written"]
      ? { runs: 1, seed: AS_WRITTEN }
      : { runs: number("runs", 5, 1_000), seed: number("seed", 1, 999) }),
    jobs: number("jobs", 2 * availableParallelism(), 64),
    results: values.results ?? join(root, ".netcheck/accuracy.jsonl"),
    again: values.again,
    write: values.write ?? join(root, "docs/accuracy.md"),
    before: values.before,
    first: values.first,
  };
}

/** Run by run, so that a run that is broken off has as much of every scenario as can be. */
function jobsOf(scenarios: readonly LoadedScenario[], { runs, seed }: Asked): readonly Job[] {
  return Array.from({ length: runs }, (_, run) =>
    scenarios.map((scenario) => ({ scenario, seed: seedOf(seed, scenario.scenario, run) })),
  ).flat();
}

/** Of the scenario's own, so that a scenario more or less changes no other. At most nine digits. */
function seedOf(seed: number, scenario: string, run: number): number {
  if (seed === AS_WRITTEN) return AS_WRITTEN;
  const hash = createHash("sha256").update(`${scenario} ${run}`).digest().readUInt32LE();
  return seed * 1_000_000 + (hash % 1_000_000);
}

const keyOf = (scenario: string, seed: number): string => `${scenario} ${seed}`;

async function playsIn(path: string): Promise<readonly Played[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  // The last line may be cut where a run was killed.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.filter((line) => line !== "").map((line) => playedSchema.parse(JSON.parse(line)));
}

const checksOf = (results: string): string => `${results.replace(/\.jsonl$/, "")}-checks`;

const expectedIn = (scenario: LoadedScenario, seed: number): Expectation =>
  (seed === AS_WRITTEN ? scenario : varied(scenario, seed)).expect;

/** Writes the results anew. A play whose check was not kept stays as it was. */
async function judgeAgain(jobs: readonly Job[], { results }: Asked): Promise<void> {
  const byKey = new Map(jobs.map((job) => [keyOf(job.scenario.scenario, job.seed), job.scenario]));
  const lines: Played[] = [];
  let judged = 0;
  for (const played of await playsIn(results)) {
    const scenario = byKey.get(keyOf(played.scenario, played.seed));
    const check = join(checksOf(results), keptAs(played.scenario, played.seed));
    const again =
      scenario && (await judgedAgain(played, { check, expected: expectedIn(scenario, played.seed), version }));
    if (again) judged++;
    if (again && again.pass !== played.pass)
      say(`${played.scenario} ${played.seed}  ${again.pass ? "right now" : `WRONG now: ${again.wrong.join("; ")}`}`);
    lines.push(again ?? played);
  }
  await writeFile(`${results}.new`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await rename(`${results}.new`, results);
  const left = lines.length - judged;
  say(`${judged} plays judged again${left > 0 ? `; ${left} were not asked for, or their checks not kept` : ""}`);
}

/** Plays until all are done or somebody stops it. Answers what could not be played, with its reason. */
async function playAll(
  open: readonly Job[],
  { jobs, results }: Asked,
  onPlayed: (played: Played) => void,
): Promise<readonly string[]> {
  const unplayed: string[] = [];
  const running = new Set<ChildProcess>();
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    for (const child of running) child.kill("SIGTERM");
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  const waiting = [...open];
  let done = 0;
  async function worker(): Promise<void> {
    for (let job = waiting.shift(); job && !stopped; job = waiting.shift()) {
      const played = await play(job, results, running);
      if (stopped) return;
      done++;
      const name = `${done}/${open.length}  ${job.scenario.scenario} ${job.seed}`;
      if (typeof played === "string") {
        unplayed.push(`\`${job.scenario.scenario}\`, seed ${job.seed}: ${played}`);
        say(`${name}  not played: ${played}`);
        continue;
      }
      await appendFile(results, `${JSON.stringify(played)}\n`);
      onPlayed(played);
      say(`${name}  ${played.pass ? "right" : `WRONG: ${played.wrong.join("; ")}`}`);
    }
  }
  await Promise.all(Array.from({ length: jobs }, worker));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  if (stopped) say("Stopped; the same command goes on from here.");
  return unplayed;
}

const lineSchema = z.object({
  /** Of the varied scenario: its places have other names than in the file. */
  expected: z.object({ causes: playedSchema.shape.expected.default([]) }),
  pass: z.boolean(),
  wrong: z.array(z.string()),
  report: reportSchema.optional(),
  timings: z.object({ firstFindingMs: z.number().optional(), reportMs: z.number() }).optional(),
});

/** One play in a process of its own: whatever happens to it, the others go on. A text says why there was none. */
async function play({ scenario, seed }: Job, results: string, running: Set<ChildProcess>): Promise<Played | string> {
  const vary = seed === AS_WRITTEN ? [] : ["--vary", `${seed}`];
  const child = spawn(
    process.execPath,
    [join(root, "lab/cli.ts"), "run", scenario.file, ...vary, "--keep", checksOf(results)],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let line: z.infer<typeof lineSchema> | undefined;
  // Only the first play counts: a scenario that repeats itself does so for its own file.
  for await (const text of createInterface({ input: child.stdout })) line ??= lineSchema.parse(JSON.parse(text));
  await ended;
  running.delete(child);
  const { report, timings } = line ?? {};
  if (!line || !report || !timings) return line?.wrong.join("; ") ?? "the lab ended without a word";
  const { faults, noise } = scenario;
  const expected = line.expected.causes;
  const windowMs = report.window.endMs - report.window.startMs;
  return {
    scenario: scenario.scenario,
    seed,
    version,
    kind: kindOf(faults.length, noise !== undefined, expected.length),
    expected,
    named: namedIn(report, expected),
    ...{ pass: line.pass, wrong: line.wrong, verdict: report.verdict },
    ...(timings.firstFindingMs === undefined ? {} : { firstFindingS: timings.firstFindingMs / 1_000 }),
    reportS: (timings.reportMs - windowMs) / 1_000,
  };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (error instanceof UsageError) say(`${error.message}\n${usage}`);
    else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 2;
  },
);
