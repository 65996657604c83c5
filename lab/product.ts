import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type Entry = "all" | "bot" | "worker";

export type ProductOptions = {
  /** Entry point below `workers/`. */
  readonly entry: Entry;
  /** Its file when it is not the product's own: the same process with other dependencies. */
  readonly program?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Its log is appended to `<folder>/<entry>.log`. */
  readonly folder: string;
};

/** A netcheck process as an operator would run it; it dies with us. */
export type Product = AsyncDisposable & {
  readonly entry: Entry;
  readonly logFile: string;
  /** Of the process that runs now. */
  readonly pid: () => number | undefined;
  /** Resolves when it logs "ready"; rejects with its last lines when it ends before that. */
  readonly ready: () => Promise<void>;
  /** `kill -9`, then starts it again as an orchestrator would. Resolves once the new process runs, ready or not. */
  readonly crash: () => Promise<void>;
};

type Running = { readonly child: ChildProcess; readonly ready: Promise<void> };

/**
 * What node and the C library are told wherever netcheck runs: in deploy/Containerfile and setup.mjs too. Without it they take
 * memory by the size of the machine, and give it back late: ADR 113.
 */
export const nodeFlags: readonly string[] = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=4",
  "--max-old-space-size=512",
];
export const allocatorEnv = { MALLOC_ARENA_MAX: "2" } as const;

const root = new URL("..", import.meta.url);
const compileCache = process.env["NODE_COMPILE_CACHE"] ?? new URL("node_modules/.cache/netcheck", root).pathname;

const TAIL_LINES = 10;
const TERM_GRACE_MS = 10_000;

/** Starts netcheck itself, with nothing but documented environment variables. The lab is an ordinary cluster to it. */
export function startProduct(options: ProductOptions): Product {
  const { entry, folder } = options;
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${entry}.log`);
  const log = createWriteStream(logFile, { flags: "a" });
  let running = launch(options, log);
  return {
    entry,
    logFile,
    pid: () => running.child.pid,
    ready: () => running.ready,
    async crash() {
      await end(running.child, "SIGKILL");
      running = launch(options, log);
    },
    async [Symbol.asyncDispose]() {
      await end(running.child, "SIGTERM");
      log.end();
    },
  };
}

function launch({ entry, program = join("workers", `${entry}.ts`), env }: ProductOptions, log: WriteStream): Running {
  // The parent-death signal is tied to the spawning thread: it must be the main one, and it is.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, ...nodeFlags, program], {
    // Compiled code is kept where `npm run netcheck` keeps it: half of the CPU of a start.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    cwd: root,
  });
  const tail: string[] = [];
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log.write(`${line}\n`);
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      if (line.includes('"msg":"ready"')) resolve();
    });
  }
  child.once("error", (error) => reject(new Error(`netcheck could not be started: ${error.message}`)));
  child.once("exit", (code, signal) =>
    reject(new Error(`netcheck ended (${signal ?? code}) before it was ready:\n${tail.join("\n")}`)),
  );
  ready.catch(() => {}); // nobody may be waiting
  return { child, ready };
}

async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const killer = setTimeout(() => child.kill("SIGKILL"), TERM_GRACE_MS);
  await exited;
  clearTimeout(killer);
}
