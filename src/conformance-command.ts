import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { environment, readWorkerConfig, type WorkerConfig } from "./config.ts";
import { runConformance } from "./conformance/run.ts";
import { areas, outcomeOf, type Step } from "./conformance/step.ts";
import { stepsText } from "./conformance/text.ts";
import { NetcheckError } from "./core/errors.ts";

const usage = `Usage: npm run -s conformance -- [--kubeconfig FILE] [--context C] [--image IMAGE] [--only AREAS] [--json]

Tries everything that netcheck does on a cluster, with pods of its own in a namespace of its own: every probe and fact, capture points,
what is expected of exec, and a few faults that it makes itself. Needs agents, and the rights to make a namespace; deletes it at the end,
also after Ctrl-C. See docs/conformance.md.
  --kubeconfig, --context  which cluster; as KUBECONFIG says when left out
  --image IMAGE            of the pods, with perl and tini; that of the agents when left out
  --only AREAS             some of ${areas.join(",")}, or steps of checks and faults: "checks/pod to Service"
  --json                   one JSON document on standard output instead of the table
Exit code: 0 everything as expected; 1 something failed; 2 the command line or the kubeconfig cannot be used.
`;

const SECONDS = 10;
const READY_MS = 120_000;
const GONE_MS = 120_000;
/** Connections that were given up must not keep the process. */
const LINGER_MS = 500;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/** `netcheck conformance`. Answers the exit code. */
export async function conformanceCommand(argv: readonly string[]): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), "netcheck-conformance-"));
  try {
    const asked = read(argv);
    if (typeof asked === "number") return asked;
    const steps = await run(asked, configOf(asked, dataDir));
    const document = { status: outcomeOf(steps), steps };
    const text = asked.json
      ? `${JSON.stringify(document)}\n`
      : stepsText(steps, { colour: process.stdout.isTTY === true });
    await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
    const code = document.status === "passed" ? 0 : 1;
    setTimeout(() => process.exit(code), LINGER_MS).unref();
    return code;
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    say(error.message);
    return 2;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

type AskedRun = {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly image: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly json: boolean;
};

/** A number is the exit code of a command line that asks for nothing else. */
function read(argv: readonly string[]): AskedRun | number {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        kubeconfig: { type: "string" },
        context: { type: "string" },
        image: { type: "string" },
        only: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const { help, json = false, only, ...rest } = values;
    if (!help)
      return { kubeconfig: undefined, context: undefined, image: undefined, ...rest, json, only: areasIn(only) };
    process.stderr.write(usage);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
}

function areasIn(text: string | undefined): readonly string[] | undefined {
  const words = text?.split(",");
  const strange = words?.find((word) => !areas.some((area) => area === word.split("/", 1)[0]));
  if (strange !== undefined) throw new Error(`"${strange}" is none of ${areas.join(", ")}`);
  return words;
}

/** The worker's own configuration, but what is recorded goes to a folder of this run, and nowhere else. */
function configOf({ kubeconfig, context }: AskedRun, dataDir: string): WorkerConfig {
  const { KUBECONFIG, NETCHECK_KUBE_CONTEXT, NETCHECK_AGENT_NAMESPACE } = environment();
  return readWorkerConfig({
    NETCHECK_DATA_DIR: dataDir,
    KUBECONFIG: kubeconfig ?? KUBECONFIG,
    NETCHECK_KUBE_CONTEXT: context ?? NETCHECK_KUBE_CONTEXT,
    NETCHECK_AGENT_NAMESPACE,
  });
}

/** Ctrl-C ends it with what was tried so far; the namespace is deleted all the same. */
async function run({ image, only }: AskedRun, config: WorkerConfig): Promise<Step[]> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  try {
    return await runConformance({
      ...{ config, image, only, seconds: SECONDS, secondTry: true, readyMs: READY_MS, goneMs: GONE_MS },
      id: randomInt(36 ** 6)
        .toString(36)
        .padStart(6, "0"),
      signal: stopping.signal,
      onStep: ({ area, step, status, seen }) => say(`${area}: ${step}: ${status}: ${seen}`),
    });
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
