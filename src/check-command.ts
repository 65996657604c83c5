import { randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { openChartRenderer } from "./chart/render.ts";
import { connectCluster } from "./cluster/cluster-side.ts";
import { runToEnd } from "./cluster/measure-to-end.ts";
import { parseAsked } from "./commands/capture.ts";
import { toRequest } from "./commands/check.ts";
import { pointerOf } from "./commands/grammar/bad-command.ts";
import { cleanText } from "./commands/grammar/clean.ts";
import { languageIn } from "./commands/grammar/options.ts";
import { splitWords } from "./commands/grammar/words.ts";
import { readLine } from "./commands/index.ts";
import { readWorkerConfig, type WorkerConfig } from "./config.ts";
import { type CheckRequest, limits } from "./core/check.ts";
import { NetcheckError } from "./core/errors.ts";
import type { Progress } from "./core/progress.ts";
import type { Report } from "./core/report.ts";
import { inWords, type Language } from "./core/sentence.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { seenByCheck } from "./queue/seen-by-check.ts";
import { mistakeText } from "./report/answers.ts";
import { chartComment } from "./report/chart-words.ts";
import { renderHtml } from "./report/page.ts";
import { renderText } from "./report/terminal.ts";
import { wordings } from "./report/words.ts";
import { openArtifacts } from "./store/artifacts.ts";
import { mergedArtifacts } from "./store/merged-artifact.ts";
import { packStored, reportOf, type SeenByCheck } from "./store/stored-check.ts";

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/** `netcheck check`: measures from this terminal. Answers the exit code; what the user got wrong is said on stderr. */
export async function checkCommand(argv: readonly string[]): Promise<number> {
  try {
    return await check(argv);
  } catch (error) {
    say(worded(error, argv.join(" ")));
    return 2;
  }
}

async function check(argv: readonly string[]): Promise<number> {
  const { values, positionals: words } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: "boolean" }, html: { type: "string" }, save: { type: "string" } },
  });
  const config = readWorkerConfig();
  const request = requestOf(words.join(" "), config);
  const { language = "en" } = request;
  const seen = await runCheck(request, config);
  const report = reportOf(seen);
  if (values.save !== undefined) await writeFile(values.save, await packStored({ ...seen, report }), { mode: 0o600 });
  if (values.html !== undefined) await writeFile(values.html, await page(report, language));
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${terminalText(report, language)}\n`);
  return report.status === "healthy" ? 0 : 1;
}

/** What somebody typed in a terminal as a check of its own. Throws `bad-command`. */
export function requestOf(line: string, config: Pick<WorkerConfig, "cluster">): CheckRequest {
  const words = readLine(line);
  const parsed = parseAsked(words, { maxDurationMs: limits.maxDurationMs });
  const id = `nc-${randomInt(36 ** 6)
    .toString(36)
    .padStart(6, "0")}`;
  return toRequest(parsed, words, undefined, { id, requestedAtMs: Date.now(), cluster: config.cluster });
}

/** The same engine that a worker drives from its queue, driven in a loop. Ctrl-C ends it with what was measured so far. */
async function runCheck(request: CheckRequest, config: WorkerConfig): Promise<SeenByCheck> {
  const log = createLog({ level: process.stderr.isTTY ? "error" : config.logLevel });
  const worker = `${hostname()}:${process.pid}`;
  await using stack = new AsyncDisposableStack();
  const shelf = openArtifacts(config);
  const writeMerged = mergedArtifacts({ store: shelf, dataDir: config.dataDir });
  const side = stack.adopt(
    connectCluster({
      kube: config.kube,
      cluster: config.cluster,
      worker,
      shelf,
      writeMerged,
      metrics: createMetrics(),
      log,
    }),
    (open) => open.close(),
  );
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  stack.defer(() => void process.off("SIGINT", stop).off("SIGTERM", stop));
  let shown = "";
  const onProgress = (progress: Progress): void => {
    shown = showProgress(progress, shown, request.language ?? "en");
  };
  const { measured } = await runToEnd(side.measurer, request, { onProgress, signal: stopping.signal, nowMs: Date.now });
  const { ended, gaps } = measured;
  const seen = await seenByCheck(request, [measured]);
  if (!seen && ended && ended.code !== "cancelled") throw new NetcheckError("not-found", ended.text);
  return seen ?? { request, gaps, evidence: [] };
}

/** One line per change, on stderr; returns what was shown so that nothing is said twice. */
function showProgress({ steps, firstFinding, trouble }: Progress, shown: string, language: Language): string {
  const now = steps.find(({ status }) => status === "in_progress");
  const step = now && [now.title, ...(now.detail === undefined ? [] : [now.detail])];
  const text = [step, trouble, firstFinding?.text]
    .filter((part) => part !== undefined)
    .map((part) =>
      [part]
        .flat()
        .map((one) => inWords(one, language))
        .join(": "),
    )
    .join("\n");
  if (text !== "" && text !== shown) say(text);
  return text;
}

/** For the terminal that standard output is. */
export function terminalText(report: Report, language: Language = "en"): string {
  const { isTTY, columns } = process.stdout;
  return renderText(report, {
    wording: wordings[language],
    colour: isTTY === true,
    ...(columns === undefined ? {} : { columns }),
  });
}

async function page(report: Report, language: Language): Promise<string> {
  await using renderer = openChartRenderer();
  const charts = await Promise.all(
    report.charts.map(async (chart) => ({
      dataUri: `data:image/png;base64,${(await renderer.render(chart, language)).toString("base64")}`,
      alt: chartComment(chart, wordings[language]),
    })),
  );
  return renderHtml(report, { charts, language });
}

function worded(error: unknown, line: string): string {
  if (!(error instanceof NetcheckError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { text: problem, hint } = error;
  const wording = wordings[languageIn(splitWords(cleanText(line))) ?? "en"];
  return mistakeText(pointerOf(error), { problem, hint, command: "netcheck check", wording });
}
