import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type ProductOptions = {
  /** Entry point below `workers/`: "all", "bot" or "worker". */
  readonly entry: "all" | "bot" | "worker";
  readonly env: Readonly<Record<string, string>>;
  /** Its log is appended to `<folder>/<entry>.log`. */
  readonly folder: string;
};

/** A netcheck process as an operator would start it; it dies with us. */
export type Product = AsyncDisposable & {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when it logs "ready"; rejects with its last lines when it ends before that. */
  readonly ready: Promise<void>;
};

const TAIL_LINES = 10;
const TERM_GRACE_MS = 10_000;

/** Starts netcheck itself, with nothing but documented environment variables. The lab is an ordinary cluster to it. */
export function startProduct({ entry, env, folder }: ProductOptions): Product {
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${entry}.log`);
  const file = createWriteStream(logFile, { flags: "a" });
  // The parent-death signal is tied to the spawning thread: it must be the main one, and it is.
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", process.execPath, "--disable-warning=ExperimentalWarning", join("workers", `${entry}.ts`)],
    {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
      cwd: new URL("..", import.meta.url),
    },
  );
  if (child.pid === undefined) throw new Error("netcheck could not be started: is setpriv installed?");
  const tail: string[] = [];
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      file.write(`${line}\n`);
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      if (line.includes('"msg":"ready"')) resolve();
    });
  }
  child.once("exit", (code, signal) => {
    file.end();
    reject(new Error(`netcheck ended (${signal ?? code}) before it was ready:\n${tail.join("\n")}`));
  });
  ready.catch(() => {});
  return {
    process: child,
    pid: child.pid,
    logFile,
    ready,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const killer = setTimeout(() => child.kill("SIGKILL"), TERM_GRACE_MS);
      await exited;
      clearTimeout(killer);
    },
  };
}
